"""An event loop without a system under it: callbacks, tasks that wait for gates, and timers.

Nothing happens until a test says so, and then everything that can happen does, in order.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, Final, TypeVar

from robustmq_common.testing import FakeClock, FakeTimers

_STEPS_MAX: Final = 1_000_000

Result = TypeVar("Result")


class Gate:
    """Something to await, until a test opens it with a result or with an error."""

    def __init__(self) -> None:
        self.opened = False
        self._result: Any = None
        self._error: Exception | None = None
        self._waiting: list[MemoryTask] = []

    def open(self, result: Any = None, error: Exception | None = None) -> None:
        """Let those who wait go on, with the result or by raising the error."""
        assert not self.opened, "a gate opens once"
        self.opened = True
        self._result = result
        self._error = error
        for task in self._waiting:
            task.wake()

    def wake_later(self, task: "MemoryTask") -> None:
        if self.opened:
            task.wake()
        else:
            self._waiting.append(task)

    def __await__(self) -> Generator[Any, Any, Any]:
        if not self.opened:
            yield self
        if self._error is not None:
            raise self._error
        return self._result


class MemoryTask:
    """What the broker uses of `asyncio.Task`."""

    def __init__(self, loop: "MemoryLoop", work: Coroutine[Any, Any, Any]) -> None:
        self._loop = loop
        self._work = work
        self._done = False
        self._cancelled = False
        self._result: Any = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[Any], None]] = []
        self.wake()

    def wake(self) -> None:
        self._loop.call_soon(self._step)

    def _step(self) -> None:
        if self._done:
            return
        try:
            gate = self._work.send(None)
        except StopIteration as finished:
            self._finish(finished.value, None)
        except Exception as error:
            self._finish(None, error)
        else:
            assert isinstance(gate, Gate), f"waiting for {gate!r}, which only asyncio knows"
            gate.wake_later(self)

    def _finish(self, result: Any, error: BaseException | None) -> None:
        self._done = True
        self._result = result
        self._error = error
        for callback in self._callbacks:
            self._loop.call_soon(partial(callback, self))

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        self._callbacks.append(callback)

    def cancel(self) -> None:
        """Cancel at once; what the work does about it is not waited for."""
        if self._done:
            return
        self._cancelled = True
        try:
            self._work.throw(asyncio.CancelledError())
        except (asyncio.CancelledError, StopIteration):
            pass
        self._finish(None, None)

    def cancelled(self) -> bool:
        return self._cancelled

    def exception(self) -> BaseException | None:
        return self._error

    def result(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._result


class MemoryLoop:
    """`call_soon` and `create_task`, run when a test asks for it."""

    def __init__(self) -> None:
        self._ready: deque[Callable[[], None]] = deque()

    def call_soon(self, callback: Callable[[], None], /) -> None:
        self._ready.append(callback)

    def create_task(self, work: Coroutine[Any, Any, Any], /) -> Any:
        return MemoryTask(self, work)

    def run_turn(self) -> None:
        """Run what is ready now; what that makes ready is for the next turn."""
        for _ in range(len(self._ready)):
            self._ready.popleft()()

    def run_until_idle(self) -> None:
        """Run what is ready, and what that makes ready; an exception comes out here."""
        for _ in range(_STEPS_MAX):
            if not self._ready:
                return
            self._ready.popleft()()
        raise AssertionError("the event loop does not come to rest: a callback asks for itself")


class MemoryTimers:
    """Fake timers that let the loop come to rest after each callback, as time really passes."""

    def __init__(self, clock: FakeClock, loop: MemoryLoop) -> None:
        self.clock = clock
        self._loop = loop
        self._timers = FakeTimers(clock)

    def after(self, seconds: float, callback: Callable[[], None]) -> Any:
        return self._timers.after(seconds, partial(self._fire, callback))

    def _fire(self, callback: Callable[[], None]) -> None:
        callback()
        self._loop.run_until_idle()

    def advance(self, seconds: float) -> None:
        self._timers.advance(seconds)

    def pending(self) -> int:
        return self._timers.pending()

    def start(self) -> None:
        """Time passes only in `advance`."""

    def stop(self) -> None:
        """Forget all timers, as the end of the process does."""
        self._timers = FakeTimers(self.clock)


def run_to_end(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine that must not have to wait."""
    try:
        awaited = work.send(None)
    except StopIteration as finished:
        result: Result = finished.value
        return result
    work.close()
    raise AssertionError(f"{work} waits for {awaited!r}")
