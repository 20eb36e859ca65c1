"""[A] Whom a command is put to: the broker that runs, or the storage itself if none does."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from robustmq_broker import app
from robustmq_cli import configuration, instance
from robustmq_cli.ctl.control_client import ask_broker
from robustmq_common.errors import CallerError, NotRunning, WorldError
from robustmq_common.logging_setup import set_up_logging

Result = TypeVar("Result")

Answers = Generator[dict[str, Any], None, None]
Put = Callable[[str, Mapping[str, Any]], Answers]
"""Carries out a command; yields its answers, and is closed by who wants no more of them."""


def ask(
    given: configuration.Given,
    command: str,
    arguments: Mapping[str, Any],
    *,
    offline: bool = True,
) -> Iterator[dict[str, Any]]:
    """Carry out a command; yields its answers.

    offline: whether it can do without a broker. Raises NotRunning if it cannot and there is none.
    """
    with asking(given, offline=offline) as put:
        yield from put(command, arguments)


@contextlib.contextmanager
def asking(given: configuration.Given, *, offline: bool = True) -> Iterator[Put]:
    """Put several commands to the same broker or storage, also while one is under way.

    As `ask`, which puts one.
    """
    folder = data_dir(given)
    server = instance.running(folder)
    if server is not None:
        yield partial(_ask_running, folder, server.pid)
        return
    if not offline:
        raise NotRunning(
            f"no broker is running on the data directory {folder}; start one with "
            f"`robust-server start --data-dir {folder}`, or choose another with --data-dir"
        )
    with offline_storage(given) as storage:
        yield storage.ask


def _ask_running(folder: Path, pid: int, command: str, arguments: Mapping[str, Any]) -> Answers:
    try:
        yield from ask_broker(folder / app.SOCKET_NAME, command, arguments)
    except NotRunning as error:
        raise WorldError(
            f"robust-server with pid {pid} is running on {folder}, but {error}; it has only "
            "just started, `broker.control` is false, or its log says why it has no control socket"
        ) from None


def data_dir(given: configuration.Given) -> Path:
    """The data directory that is meant."""
    return configuration.data_dir(configuration.preliminary(given, strict=("broker",)))


class OfflineStorage:
    """The storage adapters of a configuration, opened by this process."""

    def __init__(self, runner: asyncio.Runner, storage: app.Offline) -> None:
        self._runner = runner
        self.storage = storage

    def run(self, work: Any) -> Any:
        """Run a coroutine to its end."""
        return self._runner.run(work)

    def ask(self, command: str, arguments: Mapping[str, Any]) -> Answers:
        """Carry out a command of the control socket."""
        answers = self.storage.perform(command, arguments)
        try:
            while (answer := self._runner.run(_next(answers))) is not None:
                yield answer
        finally:
            self._runner.run(answers.aclose())


@contextlib.contextmanager
def offline_storage(given: configuration.Given) -> Iterator[OfflineStorage]:
    """Open the configured storage, for the time of a `with` block in which no broker can start.

    Raises CallerError if a broker runs, or if the storage keeps nothing without one.
    """
    first = configuration.preliminary(given)
    settings, registry = configuration.load(given, first, set_up_logging("warning"))
    folder = configuration.data_dir(settings)
    if settings.section("storage").adapter == "memory":
        raise CallerError(
            f'no broker is running on the data directory {folder}, and `storage.adapter = "memory"`'
            " keeps nothing without one; name another with --config or --set storage.adapter=..."
        )
    instance.prepare(folder)
    _check_owner(folder)
    with instance.hold(folder), asyncio.Runner(loop_factory=app.new_event_loop) as runner:
        storage = app.Offline(settings, registry)
        runner.run(storage.open())
        try:
            yield OfflineStorage(runner, storage)
        finally:
            runner.run(storage.close())


def _check_owner(folder: Path) -> None:
    """Raise CallerError for a folder of someone else, whose broker could not open our files."""
    owner = folder.stat().st_uid
    if owner != os.geteuid():
        raise CallerError(
            f"{folder} belongs to the user with id {owner}, and no broker is running there: what "
            "is written now would not be theirs; run this as that user"
        )


async def _next(answers: Any) -> dict[str, Any] | None:
    answer: dict[str, Any] | None = await anext(answers, None)
    return answer
