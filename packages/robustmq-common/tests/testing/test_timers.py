"""Fake time passes when a test says so, and calls back in order."""

from functools import partial

import pytest

from robustmq_common.spi.services import Clock, Timers
from robustmq_common.testing import FakeClock, FakeTimers
from robustmq_common.testing.timers import FakeTimer


def test_a_clock_moves_both_times() -> None:
    clock = FakeClock(5.0, 100.0)
    as_plugins_see_it: Clock = clock
    clock.advance(2.5)
    assert (as_plugins_see_it.monotonic, as_plugins_see_it.wall) == (7.5, 102.5)


def test_a_callback_comes_once_and_not_early() -> None:
    timers = FakeTimers()
    as_plugins_see_it: Timers = timers
    calls: list[float] = []
    begin = timers.clock.monotonic
    as_plugins_see_it.after(1.5, lambda: calls.append(timers.clock.monotonic - begin))
    timers.advance(1.4)
    assert calls == []
    assert timers.pending() == 1
    timers.advance(5)
    assert calls == [1.5]
    assert timers.clock.monotonic == begin + 6.4
    assert timers.pending() == 0
    timers.advance(5)
    assert calls == [1.5]


def test_callbacks_come_in_order_of_their_deadlines() -> None:
    timers = FakeTimers()
    calls: list[str] = []
    for seconds, name in ((2.0, "c"), (1.0, "a"), (1.0, "b"), (3.0, "d")):
        timers.after(seconds, partial(calls.append, name))
    timers.advance(2.5)
    assert calls == ["a", "b", "c"]


def test_a_cancelled_callback_does_not_come() -> None:
    timers = FakeTimers()
    calls: list[int] = []
    handle = timers.after(1.0, lambda: calls.append(1))
    handle.cancel()
    assert timers.pending() == 0
    timers.advance(2)
    assert calls == []
    handle.cancel()


def test_a_callback_can_cancel_another_that_is_due() -> None:
    timers = FakeTimers()
    calls: list[int] = []
    handles: list[FakeTimer] = []

    def cancel() -> None:
        handles[0].cancel()

    timers.after(1.0, cancel)
    handles.append(timers.after(1.0, partial(calls.append, 1)))
    timers.advance(2)
    assert calls == []


def test_a_callback_can_ask_for_the_next() -> None:
    timers = FakeTimers()
    begin = timers.clock.monotonic
    calls: list[float] = []

    def again() -> None:
        calls.append(timers.clock.monotonic - begin)
        timers.after(1.0, again)

    timers.after(1.0, again)
    timers.advance(3.5)
    assert calls == [1.0, 2.0, 3.0]
    assert timers.pending() == 1


def test_a_deadline_in_the_past_is_now() -> None:
    timers = FakeTimers()
    calls: list[int] = []
    timers.after(-1.0, lambda: calls.append(1))
    assert calls == []
    timers.advance(0)
    assert calls == [1]


def test_what_a_callback_raises_comes_out() -> None:
    timers = FakeTimers()

    def fail() -> None:
        raise ValueError("in a callback")

    timers.after(1.0, fail)
    with pytest.raises(ValueError, match="in a callback"):
        timers.advance(1)


def test_a_timer_that_sets_itself_without_delay_is_found() -> None:
    timers = FakeTimers()

    def again() -> None:
        timers.after(0, again)

    timers.after(0, again)
    with pytest.raises(AssertionError, match="without end"):
        timers.advance(1)
