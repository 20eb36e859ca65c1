"""What a broker promises while its disk is full, read-only or broken, and after it was damaged.

Real brokers, watched from outside only. What is acknowledged is stored; what cannot be stored is
refused, everything else goes on, and when the disk is well again so is the broker.
"""

import os
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

import disk_shim
from broker_process import BrokerFailed, BrokerProcess
from small_disk import mount, small_disk
from wire import (
    Closed,
    Packet,
    Pingresp,
    Puback,
    Publish,
    WireClient,
    code,
    encode,
    lasting_properties,
    unique_id,
)

DEADLINE = 30.0
LARGE = 4_000
MANY = 1_000
OTHER = 1_000_000
SETTINGS = {
    "storage.adapter": "rocksdb",
    "storage.settings.write_buffer": "1MB",
    "mqtt.max_queued_messages": "0",
    "mqtt.max_inflight": "65535",
    "mqtt.sys_interval": "0",
}

pytestmark = pytest.mark.timeout(150)


def payload(number: int) -> bytes:
    """Large enough to fill a disk, and small later, when many are refused."""
    return b"%d " % number + random.Random(number).randbytes(LARGE if number < MANY else 10)


@dataclass
class Trouble:
    """A broker whose disk can be made to fail, and to work again."""

    broker: BrokerProcess
    begin: Callable[[], None]
    end: Callable[[], None]
    clients: ExitStack

    def client(self, level: int = code.V5, client_id: str | None = None) -> WireClient:
        """A connected client; with an id, one whose session is kept."""
        client = self.clients.enter_context(WireClient(self.broker.address, level))
        if client_id is None:
            client.connect()
        else:
            client.connect(client_id, clean=False, properties=lasting_properties(level))
        return client


@pytest.fixture
def shim(tmp_path: Path) -> Path:
    if not disk_shim.AVAILABLE:
        assert os.environ.get("CI") != "true", disk_shim.NEEDS
        pytest.skip(disk_shim.NEEDS)
    return disk_shim.compile_shim(tmp_path)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Trouble]:
    with small_disk(tmp_path / "disk", 48) as disk:
        ballast = disk / "ballast"

        def fill() -> None:
            free = os.statvfs(disk)
            ballast.write_bytes(bytes(free.f_bavail * free.f_bsize - 2**20))

        settings = {**SETTINGS, "storage.durability": "os"}
        with BrokerProcess(disk / "data", settings) as broker, ExitStack() as clients:
            yield Trouble(broker, fill, ballast.unlink, clients)


def shimmed(tmp_path: Path, shim: Path, variable: str, durability: str) -> Iterator[Trouble]:
    flag = tmp_path / "trouble"
    environment = {"LD_PRELOAD": str(shim), variable: str(flag)}
    settings = {**SETTINGS, "storage.durability": durability}
    broker = BrokerProcess(tmp_path / "data", settings, environment=environment)
    with broker, ExitStack() as clients:
        yield Trouble(broker, flag.touch, flag.unlink, clients)


@pytest.fixture
def read_only_disk(tmp_path: Path, shim: Path) -> Iterator[Trouble]:
    yield from shimmed(tmp_path, shim, "READ_ONLY_DISK", "os")


@pytest.fixture
def broken_sync(tmp_path: Path, shim: Path) -> Iterator[Trouble]:
    yield from shimmed(tmp_path, shim, "BROKEN_DISK", "fsync")


@pytest.fixture(params=["full_disk", "read_only_disk", "broken_sync"])
def trouble(request: pytest.FixtureRequest) -> Trouble:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Trouble)
    return found


class Numbers:
    """Publishes numbered messages of QoS 1; `taken` are those that were acknowledged."""

    def __init__(self, trouble: Trouble, topic: str) -> None:
        self.client = trouble.client()
        self.topic = topic
        self.last = -1
        self.taken: list[int] = []

    def publish(self) -> int:
        """Publish the next one; returns the reason code."""
        self.last += 1
        reason = self.client.publish(self.topic, payload(self.last), 1)
        if reason < 0x80:
            self.taken.append(self.last)
        return reason

    def until(self, condition: Callable[[int], bool], what: str) -> int:
        """Publish until the reason code is as wanted."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            reason = self.publish()
            if condition(reason):
                return reason
        raise AssertionError(f"{what} did not come after {self.last} messages")


def leave_subscription(trouble: Trouble, topic: str) -> str:
    """The client id of a durable session that waits for a topic, its client away."""
    client_id = unique_id()
    with trouble.client(client_id=client_id) as subscriber:
        subscriber.subscribe((topic, 1))
        subscriber.disconnect()
    return client_id


def waiting(trouble: Trouble, client_id: str, expected: Iterable[int]) -> list[int]:
    """The numbers of all messages that wait for a session, which stay there.

    Those that are expected have to come before a deadline.
    """
    missing = set(expected)
    found: list[int] = []
    with trouble.client(client_id=client_id) as subscriber:
        while missing:
            packet = subscriber.receive_packet()
            assert isinstance(packet, Publish), packet
            found.append(number_of(packet))
            missing.discard(found[-1])
        subscriber.settle()
        found += [number_of(packet) for packet in subscriber.pending]
    return found


def number_of(packet: Packet) -> int:
    assert isinstance(packet, Publish), packet
    number = int(packet.payload.split()[0])
    assert packet.payload == payload(number)
    return number


def refused_v311(trouble: Trouble, topic: str) -> bool:
    """Whether a 3.1.1 publisher gets no acknowledgement: no answer, or the connection's end."""
    with trouble.client(code.V311) as publisher:
        publisher.send_publish(topic, payload(OTHER), 1, packet_id=7)
        publisher.send(encode.PINGREQ)
        try:
            while True:
                packet = publisher.receive_packet()
                if isinstance(packet, Puback):
                    return False
                if isinstance(packet, Pingresp):
                    return True
        except Closed:
            return True


def errors(broker: BrokerProcess) -> list[str]:
    found = [one for one in broker.records if one.get("level") in {"error", "critical"}]
    return [str(one["event"]) for one in found]


def test_what_cannot_be_stored_is_refused_and_everything_else_goes_on(trouble: Trouble) -> None:
    client_id = leave_subscription(trouble, "kept/#")
    numbers = Numbers(trouble, "kept/a")
    for _ in range(20):
        assert numbers.publish() == code.SUCCESS
    listener = trouble.client()
    listener.subscribe("live")

    trouble.begin()
    assert numbers.until(lambda reason: reason >= 0x80, "a refusal") == code.QUOTA_EXCEEDED
    assert refused_v311(trouble, "kept/b")
    # QoS 0, connecting, reading what is stored: all of that goes on.
    with trouble.client() as speaker:
        speaker.publish("live", b"still here")
    listener.receive("live", b"still here")
    assert set(waiting(trouble, client_id, numbers.taken)) >= set(numbers.taken)
    # Nobody waits for it, so nothing has to be stored.
    assert numbers.client.publish("nobody", b"", 1) < 0x80

    trouble.end()
    numbers.until(lambda reason: reason == code.SUCCESS, "an acknowledgement")
    for _ in range(10):
        assert numbers.publish() == code.SUCCESS
    found = waiting(trouble, client_id, numbers.taken)
    assert [number for number in found if number in set(numbers.taken)] == numbers.taken

    # What is in memory is on the disk, and nothing else is.
    trouble.broker.kill()
    trouble.broker.check_log()
    trouble.broker.start()
    assert waiting(trouble, client_id, found) == found
    numbers = Numbers(trouble, "kept/c")
    assert numbers.publish() == code.SUCCESS


def test_trouble_is_told_once_and_so_is_its_end(trouble: Trouble) -> None:
    leave_subscription(trouble, "kept/#")
    numbers = Numbers(trouble, "kept/a")
    trouble.begin()
    numbers.until(lambda reason: reason >= 0x80, "a refusal")
    for _ in range(30):
        numbers.publish()
    begun = errors(trouble.broker)
    trouble.end()
    numbers.until(lambda reason: reason == code.SUCCESS, "an acknowledgement")
    trouble.broker.wait_for_log("storage can write again")
    assert len(begun) == 1, begun
    assert errors(trouble.broker) == begun


def test_a_start_on_a_read_only_disk_says_what_to_do(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 16) as disk:
        broker = BrokerProcess(disk / "data", {**SETTINGS, "storage.durability": "os"})
        with broker:
            pass
        mount("-o", "remount,ro", str(disk))
        with pytest.raises(BrokerFailed, match="ended"):
            broker.start()
        assert "read-only file system; choose another" in broker.lines[-1], broker.log
        broker.check_log()
