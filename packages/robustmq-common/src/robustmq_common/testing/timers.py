"""[P] A clock and timers that move only when a test says so."""

from collections.abc import Callable
from typing import Final

_CALLBACKS_MAX: Final = 100_000


class FakeClock:
    """`monotonic` and `wall`, in seconds; they differ, so that mixing them up shows."""

    def __init__(self, monotonic: float = 1_000.0, wall: float = 1_700_000_000.0) -> None:
        self.monotonic = monotonic
        self.wall = wall

    def advance(self, seconds: float) -> None:
        """Let time pass on both."""
        self.monotonic += seconds
        self.wall += seconds


class FakeTimer:
    """Handle of one callback; `due` is in seconds of the monotonic clock."""

    def __init__(self, due: float, callback: Callable[[], None]) -> None:
        self.due = due
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Forget the callback; harmless after it has run."""
        self.callback = None


class FakeTimers:
    """Calls back, in order of the deadlines, when a test lets the time pass."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self._timers: list[FakeTimer] = []

    def after(self, seconds: float, callback: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(self.clock.monotonic + max(seconds, 0.0), callback)
        self._timers.append(timer)
        return timer

    def pending(self) -> int:
        """How many callbacks are still to come."""
        return sum(timer.callback is not None for timer in self._timers)

    def advance(self, seconds: float) -> None:
        """Let time pass, and call back whatever falls due, with the clock at its deadline.

        What a callback asks for in its turn is called too, if it falls due in this time. An
        exception of a callback comes out here.
        """
        end = self.clock.monotonic + seconds
        for _ in range(_CALLBACKS_MAX):
            timer = self._next(end)
            if timer is None:
                self.clock.advance(end - self.clock.monotonic)
                return
            self._timers.remove(timer)
            self.clock.advance(max(timer.due - self.clock.monotonic, 0.0))
            callback, timer.callback = timer.callback, None
            if callback is not None:
                callback()
        message = f"{_CALLBACKS_MAX} timers fired in {seconds} s: one sets itself again without end"
        raise AssertionError(message)

    def _next(self, end: float) -> FakeTimer | None:
        self._timers = [timer for timer in self._timers if timer.callback is not None]
        # Of those due at the same time, the one that was asked for first: min() is stable.
        first = min(self._timers, key=lambda timer: timer.due, default=None)
        return first if first is not None and first.due <= end else None
