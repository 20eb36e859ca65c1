"""Long queues are in storage, not in memory; what is done with goes; nothing is sent too early."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from memory_loop import run_to_end
from robustmq_common.errors import StorageError
from robustmq_common.spi.storage import Bounds
from robustmq_mqtt.session_log import MEMORY_RECORDS, PACKET_IDS, SessionLog
from wire import Puback, Publish, Pubrec, Pubrel, code, prop

pytest_plugins = ("memory_fixtures",)

QOS = pytest.mark.parametrize("qos", [1, 2])


def log_of(broker: MemoryBroker, name: str = "s") -> SessionLog:
    log = broker.context.sessions[name].log
    assert log is not None
    return log


def bounds(broker: MemoryBroker, name: str = "s") -> Bounds:
    broker.run_until_idle()
    found: Bounds = run_to_end(broker.adapter.bounds(f"mqtt/session/{name}"))
    return found


def durable(broker: MemoryBroker, qos: int = 2) -> MemoryClient:
    client = join(broker, "s", expiry=1_000)
    client.subscribe(("a", qos))
    return client


@QOS
def test_nothing_is_sent_before_it_is_stored(broker: MemoryBroker, qos: int) -> None:
    """A broker that forgot it might give its packet identifier to another message."""
    client = durable(broker)
    publisher = join(broker, "p")
    publisher.send_publish("a", b"0", qos, packet_id=1)
    if qos == 2:
        publisher.packet(Pubrec)
        broker.adapter.slow = True
        publisher.ack(code.PUBREL, 1)
    broker.run_until_idle()
    if qos == 1:
        client.take()
        broker.adapter.slow = True
        publisher.packets()
        publisher.send_publish("a", b"1", 1, packet_id=2)
        broker.run_until_idle()
    assert client.publishes() == []
    broker.adapter.slow = False
    broker.adapter.release()
    assert len(client.publishes()) == 1


def test_an_absent_client_takes_no_memory(make_broker: MakeBroker) -> None:
    broker = make_broker(max_queued_messages=0, max_inflight=10)
    durable(broker).disconnect()
    publisher = join(broker, "p")
    for number in range(3_000):
        publisher.send_publish("a", b"%d" % number, 1)
    publisher.packets()
    log = log_of(broker)
    assert (log.order.size(), log.size, log.next, log.end) == (0, 0, 0, 3_000)
    client = join(broker, "s", expiry=1_000)
    got: list[bytes] = []
    while found := client.publishes():
        got += [one.payload for one in found]
        assert log.order.size() < 1_100
        for one in found:
            client.ack(code.PUBACK, one.packet_id)
    assert got == [b"%d" % number for number in range(3_000)]
    assert bounds(broker) == Bounds(3_000, 3_000)
    assert log.size == 0


def test_a_slow_client_leaves_most_in_storage(make_broker: MakeBroker) -> None:
    broker = make_broker(max_queued_messages=0, max_inflight=1)
    client = durable(broker)
    publisher = join(broker, "p")
    for number in range(MEMORY_RECORDS + 2_000):
        publisher.send_publish("a", b"%d" % number, 1)
    publisher.packets()
    log = log_of(broker)
    assert log.order.size() <= MEMORY_RECORDS + 1
    for number in range(MEMORY_RECORDS + 2_000):
        (message,) = client.publishes()
        assert (message.payload, message.dup) == (b"%d" % number, False)
        client.ack(code.PUBACK, message.packet_id)
    assert bounds(broker).start == MEMORY_RECORDS + 2_000


def test_large_messages_stay_in_storage(make_broker: MakeBroker) -> None:
    broker = make_broker(max_queued_messages=0, max_inflight=1)
    client = durable(broker)
    publisher = join(broker, "p")
    for _ in range(20):
        publisher.publish("a", bytes(200_000), 1)
    assert log_of(broker).order.size() <= 8
    assert len(client.take()) == 20


def test_acknowledged_out_of_order(broker: MemoryBroker) -> None:
    client = durable(broker)
    publisher = join(broker, "p")
    for number in range(4):
        publisher.publish("a", b"%d" % number, 1)
    found = client.publishes()
    for at in (1, 3):
        client.ack(code.PUBACK, found[at].packet_id)
    broker.run_until_idle()
    assert bounds(broker) == Bounds(0, 4)
    broker.restart(crash=True)
    client = join(broker, "s", expiry=1_000)
    found = client.publishes()
    assert [(one.payload, one.dup) for one in found] == [(b"0", True), (b"2", True)]
    for one in found:
        client.ack(code.PUBACK, one.packet_id)
    broker.run_until_idle()
    assert bounds(broker) == Bounds(4, 4)
    assert [key for key in broker.stored()["mqtt/session/s"] if key[:1] == b"a"] == []


def test_a_message_keeps_its_packet_identifier(broker: MemoryBroker) -> None:
    client = durable(broker)
    publisher = join(broker, "p")
    for number in range(3):
        publisher.publish("a", b"%d" % number, 2)
    found = client.publishes()
    client.ack(code.PUBREC, found[1].packet_id)
    assert client.packet(Pubrel).packet_id == found[1].packet_id
    broker.restart(crash=True)
    client = join(broker, "s", expiry=1_000)
    again = client.packets()
    assert [(type(one), one.packet_id) for one in again if isinstance(one, Publish | Pubrel)] == [
        (Publish, found[0].packet_id),
        (Pubrel, found[1].packet_id),
        (Publish, found[2].packet_id),
    ]


def test_an_identifier_that_is_taken(broker: MemoryBroker) -> None:
    """A client that leaves one message unacknowledged for 65,535 others."""
    durable(broker)
    log = log_of_after_one(broker)
    taken = next(iter(broker.context.sessions["s"].inflight.values()))
    later = type(taken)(taken.message, 2, False, None, "")
    later.offset = taken.offset + PACKET_IDS
    assert log.packet_id(later) == 0
    later.qos = 1
    assert log.packet_id(later) not in (0, taken.packet_id)
    later.offset += 1
    assert log.packet_id(later) == taken.packet_id + 1


def log_of_after_one(broker: MemoryBroker) -> SessionLog:
    join(broker, "p").publish("a", b"x", 2)
    return log_of(broker)


def test_what_could_not_be_stored_goes_nowhere(broker: MemoryBroker) -> None:
    client = durable(broker)
    publisher = join(broker, "p")
    broker.adapter.slow = True
    publisher.send_publish("a", b"lost", 1, packet_id=1)
    broker.run_until_idle()
    broker.adapter.release(StorageError("disk full"))
    assert publisher.packet(Puback).reason == code.QUOTA_EXCEEDED
    assert client.publishes() == []
    assert broker.metric("delivery.dropped.not_stored") == 1
    broker.log.entries.clear()
    broker.adapter.slow = False
    publisher.publish("a", b"kept", 1)
    assert [one.payload for one in client.take()] == [b"kept"]
    assert log_of(broker).pending == 0


def test_a_page_that_cannot_be_read_is_read_later(
    make_broker: MakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = make_broker(max_queued_messages=0)
    durable(broker).disconnect()
    join(broker, "p").publish("a", b"x", 1)
    read = broker.adapter.read

    async def fail(*_arguments: object) -> list[object]:
        raise StorageError("no such disk")

    monkeypatch.setattr(broker.adapter, "read", fail)
    client = join(broker, "s", expiry=1_000)
    assert client.publishes() == []
    assert broker.log.events("error") == ["queued messages cannot be read; trying again"]
    broker.log.entries.clear()
    monkeypatch.setattr(broker.adapter, "read", read)
    broker.advance(2)
    assert [one.payload for one in client.take()] == [b"x"]


def test_expired_in_storage(make_broker: MakeBroker) -> None:
    broker = make_broker()
    durable(broker).disconnect()
    publisher = join(broker, "p")
    for interval in (10, 1_000, 10):
        publisher.publish("a", b"x", 1, properties=[(prop.MESSAGE_EXPIRY_INTERVAL, interval)])
    broker.advance(11)
    client = join(broker, "s", expiry=1_000)
    assert len(client.take()) == 1
    assert broker.metric("delivery.dropped.expired") == 2
    broker.run_until_idle()
    assert bounds(broker) == Bounds(3, 3)
