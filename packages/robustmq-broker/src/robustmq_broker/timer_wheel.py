"""[H] One coarse timer wheel for everything that waits: keep-alive, expiry, delays, retries.

Setting and cancelling cost a list append and a flag; a tick looks at one slot. Deadlines further
away than one turn of the wheel stay in their slot and are passed over until their turn comes.
"""

from collections.abc import Callable
from typing import Final, final

from mypy_extensions import mypyc_attr

TICK: Final = 0.1
"""Seconds per slot: how late a timer may be."""
SLOTS: Final = 600


@final
@mypyc_attr(acyclic=True)
class Timer:
    """A callback that is due at a tick."""

    def __init__(self, due: int, callback: Callable[[], None]) -> None:
        self.due = due
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Forget the callback; harmless after it has run."""
        self.callback = None

    def fire(self) -> None:
        """Run the callback unless it was cancelled, and never twice."""
        callback = self.callback
        if callback is not None:
            self.callback = None
            callback()


@final
class TimerWheel:
    """Timers in slots by the tick they are due at; told the time, never asks for it."""

    def __init__(self, now: float) -> None:
        self.start = now
        self.tick = 0
        self.slots: list[list[Timer]] = [[] for _ in range(SLOTS)]

    def after(self, now: float, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back at the first tick that is at least `seconds` after `now`."""
        due = int((now + seconds - self.start) / TICK) + 1
        if due <= self.tick:
            due = self.tick + 1
        timer = Timer(due, callback)
        self.slots[due % SLOTS].append(timer)
        return timer

    def advance(self, now: float) -> list[Timer]:
        """Move to `now` (seconds, monotonic) and return what is due, in order of deadline."""
        target = int((now - self.start) / TICK)
        if target - self.tick >= SLOTS:
            # Suspended for longer than a turn: one look at everything, not one per missed tick.
            self.tick = target
            return self.late(target)
        due: list[Timer] = []
        while self.tick < target:
            self.tick += 1
            slot = self.slots[self.tick % SLOTS]
            if slot:
                self.visit(slot, self.tick, due)
        return due

    def late(self, target: int) -> list[Timer]:
        """Everything due at or before a tick, by deadline."""
        due: list[Timer] = []
        for i in range(SLOTS):
            slot = self.slots[i]
            if slot:
                keep: list[Timer] = []
                for timer in slot:
                    if timer.due <= target:
                        due.append(timer)
                    elif timer.callback is not None:
                        keep.append(timer)
                self.slots[i] = keep
        due.sort(key=due_tick)
        return due

    def visit(self, slot: list[Timer], tick: int, due: list[Timer]) -> None:
        keep: list[Timer] = []
        for timer in slot:
            if timer.callback is None:
                continue
            if timer.due <= tick:
                due.append(timer)
            else:
                keep.append(timer)
        self.slots[tick % SLOTS] = keep


def due_tick(timer: Timer) -> int:
    return timer.due
