"""A broker whose files were damaged while it was down starts, says what it lost, and has the rest.

The damage is that of power losses and of disks that forget: the end of the write-ahead log cut off,
flipped or followed by garbage, and a table with wrong bytes in it.
"""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from broker_process import BrokerProcess
from wire import Publish, WireClient, code, lasting_properties, unique_id

SETTINGS = {
    "storage.adapter": "rocksdb",
    "storage.durability": "os",
    "mqtt.max_queued_messages": "0",
    "mqtt.max_inflight": "65535",
    "mqtt.sys_interval": "0",
}
MESSAGES = 300
RETAINED = 50

Damage = Callable[[Path, random.Random], None]


def cut(log: Path, chance: random.Random) -> None:
    data = log.read_bytes()
    log.write_bytes(data[: -chance.randint(1, 2_000)])


def flip(log: Path, chance: random.Random) -> None:
    data = bytearray(log.read_bytes())
    at = len(data) - chance.randint(1, 2_000)
    data[at] ^= 1 << chance.randrange(8)
    log.write_bytes(data)


def garbage(log: Path, chance: random.Random) -> None:
    with log.open("ab") as file:
        file.write(chance.randbytes(500))


def zeros(log: Path, chance: random.Random) -> None:
    """Blocks that were allotted and never written."""
    data = log.read_bytes()
    lost = chance.randint(1, 2_000)
    log.write_bytes(data[:-lost] + bytes(lost))


def client(broker: BrokerProcess, client_id: str) -> WireClient:
    made = WireClient(broker.address, code.V5)
    made.connect(client_id, clean=False, properties=lasting_properties(code.V5))
    return made


def published(broker: BrokerProcess, client_id: str) -> None:
    """MESSAGES numbered ones wait for a session, all acknowledged."""
    with client(broker, client_id) as subscriber:
        subscriber.subscribe(("log/#", 1))
        subscriber.disconnect()
    with WireClient(broker.address, code.V5) as publisher:
        publisher.connect()
        for number in range(MESSAGES):
            assert publisher.publish("log/a", b"%d" % number, 1) == code.SUCCESS


def received(broker: BrokerProcess, client_id: str) -> list[int]:
    """What waits for a session, and then what is published to it now: that has to come."""
    with client(broker, client_id) as subscriber, WireClient(broker.address, code.V5) as publisher:
        publisher.connect()
        # The end of the log may have held the subscription too, if it was damaged far enough.
        subscriber.subscribe(("log/#", 1))
        assert publisher.publish("log/a", b"last", 1) == code.SUCCESS
        found: list[int] = []
        while (message := subscriber.receive()).payload != b"last":
            found.append(int(message.payload))
        return found


def losses(broker: BrokerProcess) -> list[str]:
    return [str(one["lost"]) for one in broker.records if one.get("event") == "storage was damaged"]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("damage", [cut, flip, garbage, zeros])
def test_a_damaged_end_of_the_log_costs_only_the_end(
    tmp_path: Path, damage: Damage, seed: int
) -> None:
    client_id = unique_id()
    broker = BrokerProcess(tmp_path, SETTINGS)
    with broker:
        published(broker, client_id)
        broker.kill()
        log = max(tmp_path.rglob("*.log"), key=lambda path: path.stat().st_size)
        damage(log, random.Random(seed))
        broker.start()
        found = received(broker, client_id)
        assert found == list(range(len(found)))
        if damage is garbage:
            assert len(found) == MESSAGES
        else:
            # Nobody cuts off more than was damaged; a record here has less than 400 bytes.
            assert MESSAGES - 200 < len(found) <= MESSAGES
        # The end of a record that was cut looks like what a crash leaves in the middle of a write.
        if damage not in {cut, zeros}:
            assert any(log.name in loss for loss in losses(broker)), broker.log


def retain(broker: BrokerProcess, prefix: str) -> None:
    with WireClient(broker.address, code.V5) as publisher:
        publisher.connect()
        for number in range(RETAINED):
            topic = f"{prefix}/{number}"
            reason = publisher.publish(topic, random.randbytes(2_000), 1, retain=True)
            assert reason < 0x80, reason


def retained(broker: BrokerProcess, prefix: str) -> int:
    """How many are there; counted once the server has nothing more for the subscriber."""
    with WireClient(broker.address, code.V5) as subscriber:
        subscriber.connect()
        subscriber.subscribe((f"{prefix}/#", 0))
        before = -1
        while len(subscriber.pending) > before:
            before = len(subscriber.pending)
            subscriber.settle()
        return sum(isinstance(packet, Publish) for packet in subscriber.pending)


def tables(folder: Path) -> set[Path]:
    return set(folder.rglob("*.sst"))


def test_a_damaged_table_is_set_aside_and_the_rest_is_there(tmp_path: Path) -> None:
    client_id = unique_id()
    broker = BrokerProcess(tmp_path, SETTINGS)
    with broker:
        retain(broker, "old")
    first = tables(tmp_path)
    assert first, "a stop writes tables"
    with broker:
        retain(broker, "new")
        published(broker, client_id)
    damaged = max(first & tables(tmp_path), key=lambda path: path.stat().st_size)
    data = bytearray(damaged.read_bytes())
    for at in range(0, len(data), 100):
        data[at] ^= 0xFF
    damaged.write_bytes(data)

    since = len(broker.records)
    with broker:
        assert retained(broker, "new") == RETAINED
        assert received(broker, client_id) == list(range(MESSAGES))
        assert retained(broker, "old") < RETAINED
        told = [one for one in broker.records[since:] if one["event"] == "storage was damaged"]
        assert len(told) == 1, broker.log
        assert damaged.name in str(told[0]["lost"])
        assert damaged.with_name(f"{damaged.name}.corrupt").exists()
        assert not damaged.exists()
        # It is told once, not with every start.
        broker.stop()
        since = len(broker.records)
        broker.start()
        assert retained(broker, "new") == RETAINED
        assert "storage was damaged" not in {one["event"] for one in broker.records[since:]}
