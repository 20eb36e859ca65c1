"""The time for handshakes."""

from robustmq_broker.listeners.handshakes import Handshakes
from robustmq_common.testing import FakeTimers, MemoryTransport


def test_who_takes_too_long_is_told_once() -> None:
    timers = FakeTimers()
    handshakes = Handshakes(timers)
    story: list[str] = []
    slow = handshakes.begin(MemoryTransport(), 3.0, lambda: story.append("slow"))
    quick = handshakes.begin(MemoryTransport(), 3.0, lambda: story.append("quick"))
    quick.end()
    timers.advance(3.0)
    assert story == ["slow"]
    assert handshakes.running == {slow}
    slow.end()
    assert handshakes.running == set()


def test_all_that_run_can_be_cut() -> None:
    handshakes = Handshakes(FakeTimers())
    transports = [MemoryTransport(), MemoryTransport()]
    for transport in transports:
        handshakes.begin(transport, 3.0, lambda: None)
    handshakes.abort_all()
    assert all(transport.aborted for transport in transports)
