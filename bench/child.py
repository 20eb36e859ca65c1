"""Runs a part of a scenario in a process of its own, where it shares no GIL with the measuring."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Final, Self

from bench.clients import Refused
from bench.scenario import Deadline, ScenarioFailed

_CONTEXT: Final = multiprocessing.get_context("spawn")
_FAILED: Final = "failed"
_SAID: Final = "said"


class Child:
    """A function in another process; it gets a `Link` and the arguments.

    Leaving it as a context manager ends the process.
    """

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        self._pipe, other = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=_run, args=(other, work, arguments), daemon=True, name=work.__name__
        )
        self._process.start()
        other.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.join()
        self._process.close()
        self._pipe.close()

    def tell(self, what: object = None) -> None:
        """What the function gets from its next `Link.wait`."""
        try:
            self._pipe.send(what)
        except BrokenPipeError:
            pass  # it has failed; `hear` says why

    def hear(self, deadline: Deadline, doing: str) -> Any:
        """The next thing the function said; ScenarioFailed if it failed or is late."""
        if not self._pipe.poll(deadline.left(doing)):
            deadline.left(doing)
            raise ScenarioFailed(f"nothing heard while {doing}")
        try:
            kind, what = self._pipe.recv()
        except EOFError:
            raise ScenarioFailed(f"the process of {self._process.name} ended: {doing}") from None
        if kind == _FAILED:
            raise ScenarioFailed(what)
        return what


class Link:
    """How a function in another process talks to whoever started it."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def say(self, what: object = None) -> None:
        self._pipe.send((_SAID, what))

    def wait(self) -> Any:
        """What the starter tells next."""
        return self._pipe.recv()

    def told(self) -> bool:
        """Whether the starter has told something that nobody waited for yet."""
        return self._pipe.poll()


def _run(pipe: Connection, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    try:
        work(Link(pipe), *arguments)
    except (ScenarioFailed, Refused, OSError) as error:
        pipe.send((_FAILED, str(error) or type(error).__name__))
    except EOFError:
        return  # the starter is gone
