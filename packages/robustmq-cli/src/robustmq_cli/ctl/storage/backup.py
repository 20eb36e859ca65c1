"""[A] robust-ctl storage export and import."""

import base64
import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer

from robustmq_broker import app
from robustmq_cli import configuration, instance
from robustmq_cli.ctl.asking import (
    OfflineStorage,
    ask,
    offline_storage,
)
from robustmq_cli.ctl.asking import (
    data_dir as chosen_data_dir,
)
from robustmq_cli.ctl.ctl_options import Adapter
from robustmq_cli.ctl.writing import progress_line, shown_size
from robustmq_cli.reporting import errors_told
from robustmq_cli.server import options
from robustmq_common.errors import CallerError, StorageError, WorldError

_PROGRESS_SECONDS: Final = 0.2

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.", show_default=False)]


class Progress:
    """A line on standard error that says how far it is, if that is a terminal."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._next = 0.0

    def tell(self, *parts: str) -> None:
        if self._shown and time.monotonic() >= self._next:
            self._next = time.monotonic() + _PROGRESS_SECONDS
            print(progress_line(parts), end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._shown:
            print(progress_line(()), end="", file=sys.stderr, flush=True)


def export_file(
    file: File,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    adapter: Adapter = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Take the place of a file that is there.")
    ] = False,
) -> None:
    """Write everything that is stored to one file, while the broker serves.

    The backup is of the moment at which it begins. It is written to FILE.partial and renamed when
    it is complete and on disk; only its owner can read it.
    """
    with errors_told():
        given = options.given(config, data_dir, overrides)
        if file.exists() and not overwrite:
            raise CallerError(f"{file} exists; choose another name, or give --overwrite")
        progress = Progress()
        size, last = 0, {"shards": 0, "records": 0, "keys": 0}
        with _written(file) as output:
            for answer in ask(given, "storage.export", {"adapter": adapter}):
                data = base64.b64decode(answer["data"])
                output.write(data)
                size += len(data)
                last = answer
                progress.tell(shown_size(size), f"{last['records']} records")
        progress.end()
        print(
            f"{file}: {shown_size(size)} with {last['shards']} shards, {last['records']} records "
            f"and {last['keys']} keys"
        )


@contextlib.contextmanager
def _written(file: Path) -> Iterator[BinaryIO]:
    """A file that is there under its name only if it is whole, also after a power loss."""
    partial = file.with_name(f"{file.name}.partial")
    try:
        with contextlib.ExitStack() as unwinding:
            partial.unlink(missing_ok=True)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            unwinding.callback(partial.unlink, missing_ok=True)
            with os.fdopen(descriptor, "wb") as output:
                yield output
                output.flush()
                os.fsync(output.fileno())
            partial.replace(file)
            unwinding.pop_all()
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise WorldError(
            f"cannot write {partial}: {reason}; free some room, or choose another"
        ) from error


def import_file(
    file: File,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    adapter: Adapter = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete what is stored before, all of it.")
    ] = False,
) -> None:
    """Fill an empty storage from a backup; no broker may be running.

    The backup is verified to its end before anything is written. Logs go on at the offsets they
    had. If it is interrupted, what was written stays: do it again with --replace.
    """
    with errors_told():
        given = options.given(config, data_dir, overrides)
        folder = chosen_data_dir(given)
        server = instance.running(folder)
        if server is not None:
            raise CallerError(instance.in_use(folder, server.pid))
        _import(given, file, adapter, replace)


def _import(given: configuration.Given, file: Path, adapter: str, replace: bool) -> None:
    progress = Progress()

    def told(what: str) -> app.Progress:
        return lambda size: progress.tell(f"{what} {shown_size(size)}")

    app.check_backup(file, told("verified"))
    with offline_storage(given) as storage:
        target = storage.storage.adapter(adapter)
        if not storage.run(app.is_empty(target)):
            if not replace:
                raise CallerError(
                    f"the {target.name} storage in {chosen_data_dir(given)} is not empty; give "
                    "--replace to delete what it has, or choose another data directory"
                )
            _drop(storage, target, progress)
        try:
            totals = storage.run(app.restore_backup(file, target, told("restored")))
        except StorageError as error:
            raise StorageError(
                f"{error}; a part of the backup is in the {target.name} storage now: do away with "
                "the cause, and import it again with --replace"
            ) from error
    progress.end()
    print(
        f"{totals.shards} shards with {totals.records} records and {totals.keys} keys are in the "
        f"{target.name} storage now"
    )


def _drop(storage: OfflineStorage, target: app.StorageAdapter, progress: Progress) -> None:
    async def drop() -> None:
        async for dropped in app.drop_everything(target):
            progress.tell(f"deleted {dropped} shards")

    storage.run(drop())
