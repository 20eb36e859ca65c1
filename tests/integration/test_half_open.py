"""Connections that never send a complete CONNECT are dropped in time and cost others nothing."""

import resource
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker_process import BrokerProcess
from real_clients.needed import unavailable
from wire import WireClient, code, encode, unique_topic

HALF_OPEN = 10_000
CONNECT_TIMEOUT = 4
"""Seconds; long enough to have all of them open at once."""

TICK = 0.5
"""Seconds by which the broker's timers may be early or late."""

ROUND_TRIP = 3.0
"""Seconds a round trip of somebody else may take meanwhile; far more than it does."""

SETTINGS = {
    "mqtt.connect_timeout": f"{CONNECT_TIMEOUT}s",
    "mqtt.sys_interval": "1s",
    "listeners.tcp.backlog": "4096",
}

BEGINNINGS = [
    b"",
    b"\x10",
    encode.connect(code.V5, "never-whole")[:-1],
    encode.connect(code.V311, "never-whole")[:9],
]
"""What a connection sends before it falls silent."""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    with BrokerProcess(tmp_path, SETTINGS) as broker:
        yield broker


@pytest.fixture
def many_files() -> Iterator[None]:
    """Lets this process have all the sockets; the broker, a child, inherits the hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = HALF_OPEN + 500
    if hard < needed:
        unavailable(f"at most {hard} files may be open here (ulimit -Hn), the test needs {needed}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class RoundTrips(threading.Thread):
    """One client that publishes to itself at QoS 1, one message after another."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(daemon=True)
        self._client = WireClient(address, code.V5)
        self._client.connect()
        self._topic = unique_topic()
        self._client.subscribe((self._topic, 1))
        self._enough = threading.Event()
        self.slowest = 0.0
        self.count = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._enough.is_set():
                start = time.monotonic()
                payload = b"%d" % self.count
                self._client.publish(self._topic, payload, 1)
                self._client.receive(self._topic, payload)
                self.slowest = max(self.slowest, time.monotonic() - start)
                self.count += 1
        except BaseException as error:
            self.failure = error
        finally:
            self._client.close()

    def stop(self) -> None:
        self._enough.set()
        self.join(20)


def open_half(address: tuple[str, int]) -> dict[socket.socket, float]:
    """Opens the connections; when each was opened."""
    opened = {}
    for number in range(HALF_OPEN):
        sock = socket.create_connection(address, 10)
        sock.sendall(BEGINNINGS[number % len(BEGINNINGS)])
        sock.setblocking(False)
        opened[sock] = time.monotonic()
    return opened


def wait_for_ends(opened: dict[socket.socket, float], deadline: float) -> list[float]:
    """Waits until the server has closed all, having sent nothing; how long each was open."""
    ages = []
    end = time.monotonic() + deadline
    with selectors.DefaultSelector() as selector:
        for sock in opened:
            selector.register(sock, selectors.EVENT_READ, sock)
        while selector.get_map() and time.monotonic() < end:
            for key, _ in selector.select(1):
                half_open: socket.socket = key.data
                assert half_open.recv(100) == b""
                ages.append(time.monotonic() - opened[half_open])
                selector.unregister(half_open)
                half_open.close()
        assert not selector.get_map(), f"{len(selector.get_map())} connections are still open"
    return ages


def sys_value(broker: BrokerProcess, name: str, wanted: int) -> None:
    """Returns when the broker has published that value; fails if it does not in time."""
    topic = f"$SYS/brokers/robustmq@127.0.0.1/{name}"
    values = []
    end = time.monotonic() + 15
    with WireClient(broker.address, code.V311) as client:
        client.connect()
        client.subscribe(topic)
        while wanted not in values and time.monotonic() < end:
            values.append(int(client.receive(topic).payload))
    assert wanted in values, f"{name} was {values}"


@pytest.mark.serial
@pytest.mark.usefixtures("many_files")
def test_ten_thousand_half_open_connections(broker: BrokerProcess) -> None:
    others = RoundTrips(broker.address)
    others.start()
    opened = open_half(broker.address)
    count_open = others.count
    ages = wait_for_ends(opened, CONNECT_TIMEOUT + 30)
    others.stop()
    print(f"{others.count} round trips, the slowest took {others.slowest:.3f} s")
    assert others.failure is None
    assert len(ages) == HALF_OPEN
    assert min(ages) > CONNECT_TIMEOUT - TICK
    # Somebody else was served all the time.
    assert 0 < count_open < others.count
    assert others.slowest < ROUND_TRIP
    # The one that asks is the only one left.
    sys_value(broker, "stats/connections/count", 1)
    sys_value(broker, "metrics/connections/connect_timeout", HALF_OPEN)
    said = broker.log_of("connect timeout")
    assert len(said) == HALF_OPEN
    assert len({record["peer"] for record in said}) == HALF_OPEN


def test_a_packet_cut_short_then_silence(broker: BrokerProcess) -> None:
    """After CONNECT it is the keep-alive that ends such a connection."""
    for level in (code.V311, code.V5):
        with WireClient(broker.address, level) as client:
            client.connect(keep_alive=1)
            start = time.monotonic()
            client.send(encode.publish(level, unique_topic(), b"half of it")[:-5])
            client.expect_refused(0x8D)
            assert 1.5 - TICK < time.monotonic() - start < 1.5 + 10
            assert broker.wait_for_log(client.peer)["reason_code"] == "0x8d"
    sys_value(broker, "stats/connections/count", 1)
    sys_value(broker, "stats/sessions/count", 1)
