"""The timer wheel: never early, at most one tick late, in order, whatever happens."""

import itertools
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from robustmq_broker.timer_wheel import SLOTS, TICK, Timer, TimerWheel

TURN = SLOTS * TICK
ROUNDING = 1e-6


class Watch:
    """A wheel whose clock goes where a test says; notes when each timer fired."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now
        self.wheel = TimerWheel(now)
        self.fired: list[tuple[str, float]] = []

    def after(self, seconds: float, name: str) -> Timer:
        return self.wheel.after(self.now, seconds, lambda: self.fired.append((name, self.now)))

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for timer in self.wheel.advance(self.now):
            timer.fire()

    def tick_for(self, seconds: float) -> None:
        """Let the time pass as the driver does, tick by tick."""
        end = self.now + seconds
        while self.now < end:
            self.advance(TICK)

    def waiting(self) -> int:
        return sum(len(slot) for slot in self.wheel.slots)


@given(
    st.floats(0, 1e6),
    st.lists(st.floats(0, 200), min_size=1, max_size=20),
    st.lists(st.floats(0.01, 3.0), min_size=1, max_size=20),
)
@example(0.0, [0.1, 0.2, 0.3, 0.7], [0.1])
def test_never_early_and_at_most_one_tick_late(
    start: float, delays: list[float], steps: list[float]
) -> None:
    watch = Watch(start)
    due = {str(i): start + delay for i, delay in enumerate(delays)}
    for i, delay in enumerate(delays):
        watch.after(delay, str(i))
    step = 0
    while len(watch.fired) < len(delays):
        before = watch.now
        known = len(watch.fired)
        watch.advance(steps[step % len(steps)])
        step += 1
        for name, when in watch.fired[known:]:
            assert when >= due[name] - ROUNDING
            # Had it been due a whole tick ago when we looked last, it would have fired then.
            assert due[name] + TICK > before - ROUNDING
    order = [due[name] for name, _ in watch.fired]
    assert all(later >= earlier - TICK for earlier, later in itertools.pairwise(order))


@pytest.mark.parametrize("seconds", [0.0, -5.0])
def test_what_is_due_now_comes_with_the_next_tick(seconds: float) -> None:
    watch = Watch()
    watch.after(seconds, "x")
    assert watch.fired == []
    watch.advance(TICK + ROUNDING)
    assert [name for name, _ in watch.fired] == ["x"]


@pytest.mark.parametrize("turns", [1, 2, 7, 1_440])
def test_deadlines_beyond_a_turn_of_the_wheel(turns: int) -> None:
    watch = Watch()
    watch.after(turns * TURN, "far")
    watch.advance(1.0)
    for _ in range(turns - 1):
        watch.advance(TURN - TICK)
    assert watch.fired == []
    watch.tick_for(TURN + turns * TICK)
    assert [name for name, _ in watch.fired] == ["far"]


def test_a_cancelled_timer_does_not_fire_and_is_forgotten() -> None:
    watch = Watch()
    for i in range(100):
        watch.after(1.0 + i, str(i)).cancel()
    kept = watch.after(1.0, "kept")
    watch.tick_for(TURN + 1)
    assert [name for name, _ in watch.fired] == ["kept"]
    # However many connections come and go, their timers are gone after one turn.
    assert watch.waiting() == 0
    kept.cancel()
    assert len(watch.fired) == 1


def test_a_timer_fires_once() -> None:
    watch = Watch()
    timer = watch.after(0.1, "x")
    watch.tick_for(1.0)
    timer.fire()
    assert len(watch.fired) == 1


def test_a_callback_may_cancel_one_that_is_due_with_it() -> None:
    watch = Watch()
    timers: list[Timer] = []
    timers.append(watch.wheel.after(watch.now, 1.0, lambda: timers[1].cancel()))  # noqa: PLW0108
    timers.append(watch.after(1.0, "cancelled"))
    watch.tick_for(2.0)
    assert watch.fired == []


def test_a_callback_may_set_the_next_timer() -> None:
    watch = Watch()

    def again() -> None:
        watch.fired.append(("again", watch.now))
        if len(watch.fired) < 5:
            watch.wheel.after(watch.now, 0.0, again)

    watch.wheel.after(watch.now, 0.0, again)
    for count in range(1, 6):
        watch.advance(TICK + ROUNDING)
        assert len(watch.fired) == count


def test_order_of_deadlines() -> None:
    watch = Watch()
    names = [str(i) for i in range(50)]
    random.Random(3).shuffle(names)
    for name in names:
        watch.after(int(name), name)
    watch.advance(55.0)
    assert [name for name, _ in watch.fired] == sorted(names, key=int)


def test_of_the_same_deadline_the_first_asked_for_comes_first() -> None:
    watch = Watch()
    for name in "abc":
        watch.after(1.0, name)
    watch.advance(10 * TURN)
    assert [name for name, _ in watch.fired] == ["a", "b", "c"]


@pytest.mark.parametrize("away", [TURN - TICK, TURN, TURN + TICK, 10 * TURN, 86_400.0])
def test_a_suspended_process_catches_up(away: float) -> None:
    watch = Watch()
    delays = [0.05, 1.0, 58.0, 62.0, 599.0, 86_399.0, 100_000.0]
    for delay in reversed(delays):
        watch.after(delay, str(delay))
    watch.after(2.0, "cancelled").cancel()
    watch.advance(away)
    assert [name for name, _ in watch.fired] == [str(one) for one in delays if one <= away - TICK]
    watch.tick_for(1.0)
    missing = [one for one in delays if one > away + 1.0]
    assert watch.waiting() == len(missing)


def test_time_that_stands_still_fires_nothing() -> None:
    watch = Watch()
    watch.after(0.0, "x")
    for _ in range(3):
        watch.advance(0.0)
    assert watch.fired == []
