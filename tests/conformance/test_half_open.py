"""Ten thousand connections that never say who they are."""

import resource
import selectors
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from broker_process import BrokerProcess
from wire import Clients, WireClient, code, unique_topic

COUNT = 10_000
CONNECT_TIMEOUT = 10
# What the test and the broker hold open besides.
SPARE = 500


@contextmanager
def many_files() -> Iterator[None]:
    """Room for that many sockets in this process; the broker's own limit is the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = COUNT + SPARE
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"the system allows {hard} open files, {needed} are needed (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def round_trips(publisher: WireClient, subscriber: WireClient, topic: str) -> float:
    """Median seconds from a publish to its arrival, of fifty."""
    taken: list[float] = []
    for number in range(50):
        begin = time.perf_counter()
        publisher.publish(topic, b"%d" % number, 1)
        subscriber.receive(topic, b"%d" % number)
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def await_all_closed(silent: list[socket.socket], deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        for one in silent:
            selector.register(one, selectors.EVENT_READ)
        while selector.get_map():
            left = deadline - time.monotonic()
            ready = selector.select(left) if left > 0 else []
            assert ready, f"{len(selector.get_map())} connections are still open"
            for key, _ in ready:
                assert isinstance(key.fileobj, socket.socket)
                assert key.fileobj.recv(1) == b""
                selector.unregister(key.fileobj)
                key.fileobj.close()


@pytest.mark.serial
def test_ten_thousand_half_open_connections(tmp_path: Path) -> None:
    settings = {"mqtt.connect_timeout": str(CONNECT_TIMEOUT)}
    with (
        many_files(),
        BrokerProcess(tmp_path, settings) as broker,
        Clients(broker.address) as clients,
        ExitStack() as stack,
    ):
        topic = unique_topic()
        subscriber = clients.subscriber(code.V5, topic, qos=1)
        publisher = clients(code.V5)
        process = psutil.Process(broker.pid)
        files_before = process.num_fds()
        alone = round_trips(publisher, subscriber, topic)
        silent: list[socket.socket] = []
        for _ in range(COUNT):
            one = stack.enter_context(socket.create_connection(broker.address))
            silent.append(one)
        opened = time.monotonic()
        crowded = round_trips(publisher, subscriber, topic)
        assert process.num_fds() >= files_before + COUNT // 2
        await_all_closed(silent, opened + CONNECT_TIMEOUT + 15)
        deadline = time.monotonic() + 15
        while process.num_fds() > files_before:
            assert time.monotonic() < deadline, f"{process.num_fds()} files are open in the broker"
            publisher.quiet()
        subscriber.quiet()
        # A machine that runs other things adds noise; a cost per connection would be far above it.
        assert crowded < 10 * alone + 0.02
