"""[D] Drive a coroutine without paying for a task, if it never has to wait.

A commit to the memory adapter never suspends. As a task it would cost a task object and a turn of
the event loop, and the acknowledgements behind it would wait for that turn.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

from robustmq_common.errors import WorldError

Result = TypeVar("Result")
Done = Callable[[Result | None, Exception | None], None]
"""Is called once, with a result or with an error."""


def run_now_or_later(
    coroutine: Coroutine[Any, Any, Result],
    done: Done[Result],
    create_task: Callable[[Coroutine[Any, Any, Result]], "asyncio.Task[Result]"],
) -> None:
    """Take the first step of a coroutine at once; only if it waits then, make a task of the rest.

    `done` is called before this returns if the coroutine did not have to wait. If the task is
    cancelled, `done` gets a WorldError.

    The first step runs outside of any task: before it first waits, the coroutine must not use
    what needs the current task, such as `asyncio.timeout` or a cancel scope.
    """
    try:
        awaited = coroutine.send(None)
    except StopIteration as finished:
        result, error = finished.value, None
    except Exception as raised:  # noqa: BLE001 - it is the caller's to judge
        result, error = None, raised
    else:
        task = create_task(_go_on(coroutine, awaited))
        task.add_done_callback(lambda ended: _report(ended, done))
        return
    done(result, error)


def run_in_task(
    coroutine: Coroutine[Any, Any, Result],
    done: Done[Result],
    create_task: Callable[[Coroutine[Any, Any, Result]], "asyncio.Task[Result]"],
) -> None:
    """Run a coroutine in a task from its first step on, as code of plugins may need it."""
    task = create_task(coroutine)
    task.add_done_callback(lambda ended: _report(ended, done))


async def _go_on(coroutine: Coroutine[Any, Any, Result], awaited: Any) -> Result:
    return await _Started(coroutine, awaited)


class _Started(Generic[Result]):
    """Awaits a coroutine that has taken its first step already, and what that step waits for."""

    def __init__(self, coroutine: Coroutine[Any, Any, Result], awaited: Any) -> None:
        self._coroutine = coroutine
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, Result]:
        # `yield from` would start the coroutine again: what comes in is passed on by hand.
        awaited = self._awaited
        while True:
            thrown: BaseException | None = None
            sent = None
            try:
                sent = yield awaited
            except GeneratorExit:
                self._coroutine.close()
                raise
            except BaseException as error:  # noqa: BLE001 - a cancellation too is the coroutine's
                thrown = error
            try:
                if thrown is None:
                    awaited = self._coroutine.send(sent)
                else:
                    awaited = self._coroutine.throw(thrown)
            except StopIteration as finished:
                result: Result = finished.value
                return result


def _report(task: "asyncio.Task[Result]", done: Done[Result]) -> None:
    if task.cancelled():
        done(None, WorldError("cancelled before it was finished: the broker is stopping"))
        return
    error = task.exception()
    if error is None:
        done(task.result(), None)
    elif isinstance(error, Exception):
        done(None, error)
    else:
        raise error
