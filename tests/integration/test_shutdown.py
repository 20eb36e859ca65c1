"""SIGTERM: nothing new is accepted, clients are told, what was acknowledged arrives, exit 0."""

import os
import signal
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from broker_process import STOP_DEADLINE, BrokerProcess
from wire import Closed, Disconnect, Puback, Publish, WireClient, code, unique_topic

WINDOW = 50
WARM = 300
"""Acknowledgements each publisher has before the broker is stopped."""

LEAD = 1500
"""Messages by which publishers may be ahead: more than may be in flight to a receiver, so that some
wait in the broker when it is stopped, and fewer than it would drop."""

SHUTTING_DOWN = 0x8B


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    """A broker of this test alone, which the test stops."""
    broker = BrokerProcess(tmp_path)
    broker.start()
    yield broker
    broker.kill()


class Pace:
    """Keeps publishers from running ahead of the slowest receiver by more than `LEAD`."""

    def __init__(self, receivers: int) -> None:
        self._changed = threading.Condition()
        self._sent = 0
        self._received = [0] * receivers
        self._over = False

    def before_sending(self) -> None:
        with self._changed:
            self._changed.wait_for(self._may_send, 20)
            self._sent += 1

    def _may_send(self) -> bool:
        return self._over or self._sent - min(self._received) < LEAD

    def received(self, receiver: int) -> None:
        with self._changed:
            self._received[receiver] += 1
            self._changed.notify_all()

    def over(self) -> None:
        """A receiver's connection has ended: nobody is waited for any longer."""
        with self._changed:
            self._over = True
            self._changed.notify_all()


class ClientThread(threading.Thread, ABC):
    """A connected client that works in a thread until the server ends the connection."""

    def __init__(self, address: tuple[str, int], level: int) -> None:
        super().__init__(daemon=True)
        self.address = address
        self.client = WireClient(address, level)
        self.client.connect()
        self.reason: int | None = None
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self.work()
        except Closed:
            pass
        except BaseException as error:
            self.failure = error
        finally:
            self.client.close()

    @abstractmethod
    def work(self) -> None:
        """Go on until `Closed` is raised; keep the reason of a DISCONNECT in `reason`."""


class Publisher(ClientThread):
    """Publishes at QoS 1 and keeps what was acknowledged."""

    def __init__(
        self, address: tuple[str, int], level: int, topic: str, number: int, pace: Pace
    ) -> None:
        super().__init__(address, level)
        self.topic = topic
        self.number = number
        self.pace = pace
        self.acknowledged: list[bytes] = []
        self.warm = threading.Event()

    def work(self) -> None:
        sent: dict[int, bytes] = {}
        count = 0
        while True:
            while len(sent) < WINDOW:
                self.pace.before_sending()
                payload = b"%d:%d" % (self.number, count)
                sent[self.client.send_publish(self.topic, payload, 1)] = payload
                count += 1
            packet = self.client.packet()
            if isinstance(packet, Disconnect):
                self.reason = packet.reason
                continue
            assert isinstance(packet, Puback)
            self.acknowledged.append(sent.pop(packet.packet_id))
            if len(self.acknowledged) == WARM:
                self.warm.set()


class Receiver(ClientThread):
    """Subscribes, acknowledges and collects."""

    def __init__(
        self, address: tuple[str, int], level: int, topic: str, number: int, pace: Pace
    ) -> None:
        super().__init__(address, level)
        self.client.subscribe((topic, 1))
        self.number = number
        self.pace = pace
        self.received: list[bytes] = []
        self.accepted_after = False

    def work(self) -> None:
        try:
            self._receive()
        finally:
            self.pace.over()

    def _receive(self) -> None:
        while True:
            packet = self.client.packet()
            if isinstance(packet, Disconnect):
                self.reason = packet.reason
                self.accepted_after = accepts(self.address)
                continue
            assert isinstance(packet, Publish)
            self.received.append(packet.payload)
            self.client.ack(code.PUBACK, packet.packet_id)
            self.pace.received(self.number)


def accepts(address: tuple[str, int]) -> bool:
    """Whether a new connection comes about."""
    try:
        socket.create_connection(address, 5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_what_is_acknowledged_under_traffic_arrives(broker: BrokerProcess) -> None:
    topic = unique_topic()
    levels = (code.V5, code.V311, code.V31)
    pace = Pace(len(levels))
    receivers = [
        Receiver(broker.address, level, topic, number, pace) for number, level in enumerate(levels)
    ]
    publishers = [
        Publisher(broker.address, level, topic, number, pace)
        for number, level in enumerate((code.V5, code.V5, code.V311, code.V31))
    ]
    threads: list[ClientThread] = [*receivers, *publishers]
    for thread in threads:
        thread.start()
    for publisher in publishers:
        assert publisher.warm.wait(30)
    start = time.monotonic()
    broker.stop()
    assert time.monotonic() - start < STOP_DEADLINE
    for thread in threads:
        thread.join(10)
        assert thread.failure is None
    # 5.0 is told why; before, the connection just closes.
    assert [publisher.reason for publisher in publishers] == [SHUTTING_DOWN] * 2 + [None] * 2
    assert [receiver.reason for receiver in receivers] == [SHUTTING_DOWN, None, None]
    assert not receivers[0].accepted_after
    assert not accepts(broker.address)
    for receiver in receivers:
        for publisher in publishers:
            start_with = b"%d:" % publisher.number
            got = [one for one in receiver.received if one.startswith(start_with)]
            acknowledged = publisher.acknowledged
            assert got[: len(acknowledged)] == acknowledged


def test_clients_in_every_state_are_let_go(broker: BrokerProcess) -> None:
    half_open = WireClient(broker.address, code.V5)
    truncated = WireClient(broker.address, code.V5)
    truncated.send(b"\x10\x20\x00\x04MQ")
    idle = [WireClient(broker.address, level) for level in (code.V31, code.V311, code.V5)]
    for client in idle:
        client.connect()
    with ThreadPoolExecutor(1) as pool:
        stopped = pool.submit(broker.stop)
        half_open.expect_closed()
        truncated.expect_closed()
        for client in idle[:2]:
            client.expect_closed()
        idle[2].expect_disconnect(SHUTTING_DOWN)
        stopped.result()
    for client in (half_open, truncated, *idle):
        client.close()


def test_a_client_that_does_not_read_is_not_waited_for(broker: BrokerProcess) -> None:
    topic = unique_topic()
    with (
        WireClient(broker.address, code.V311) as deaf,
        WireClient(broker.address, code.V5) as publisher,
    ):
        deaf.connect()
        deaf.subscribe(topic)
        publisher.connect()
        for _ in range(20):
            publisher.send_publish(topic, b"x" * 900_000)
        publisher.settle()
        start = time.monotonic()
        broker.stop()
        assert time.monotonic() - start < STOP_DEADLINE
        publisher.expect_disconnect(SHUTTING_DOWN)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_does_no_harm(broker: BrokerProcess, number: signal.Signals) -> None:
    with WireClient(broker.address, code.V5) as client:
        client.connect()
        os.kill(broker.pid, number)
        client.expect_disconnect(SHUTTING_DOWN)
        broker.stop()
    assert broker.log_of("broker stopped")
