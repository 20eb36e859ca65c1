"""[D] Objects below one URL, read and written by threads with a time limit."""

import asyncio
import inspect
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from robustmq_common.errors import ConfigError, StorageError
from robustmq_common.files.local import write_local

Result = TypeVar("Result")

_THREADS: Final = 8
_CONNECT_SECONDS: Final = 10.0


class NotFound(StorageError):
    """There is no such object."""


class Files:
    """A folder of objects. Every operation raises StorageError with the object and the cause.

    url: such as "file:///srv/queue", "memory://queue" or "s3://bucket/queue".
    options: for fsspec's constructor of that kind of store; never part of an error or a log line.
    timeout: seconds after which an operation counts as failed. It may still happen afterwards.
    """

    def __init__(self, url: str, options: Mapping[str, Any], timeout: float) -> None:
        self.url = url.rstrip("/")
        self._options = dict(options)
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="files")
        self._fs: Any = None
        self._root = ""
        self._is_local = False

    async def open(self) -> None:
        """Load what the URL needs. ConfigError if it is not installed or the URL is not right."""
        await self._run("open", "", self._open)

    def close(self) -> None:
        """Start nothing any more; does not wait for what hangs."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def read(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        """An object, or its bytes from `start` up to `end`. Raises NotFound."""

        def work() -> bytes:
            if start == 0 and end is None:
                data: bytes = self._fs.cat_file(self._path(name))
            else:
                data = self._fs.cat_file(self._path(name), start=start, end=end)
            return data

        return await self._run("read", name, work)

    async def write(self, name: str, data: bytes) -> None:
        """Write an object, in place of any that is there."""
        await self._run("write", name, lambda: self._write(name, data))

    async def create(self, name: str, data: bytes) -> bool:
        """Write an object unless there is one; returns whether this call or its like wrote it.

        Conditional where the store has that; where it does not, of two at the same time the one
        whose data is read back has won.
        """
        return await self._run("create", name, lambda: self._create(name, data))

    async def sizes(self, folder: str) -> dict[str, int]:
        """Names (with the folder) and bytes of the objects right below a folder."""
        return await self._run("list", folder, lambda: self._list(folder))

    async def exists(self, name: str) -> bool:
        """Whether there is such an object."""

        def work() -> bool:
            self._fs.invalidate_cache()
            try:
                self._fs.info(self._path(name))
            except FileNotFoundError:
                return False
            return True

        return await self._run("look for", name, work)

    async def delete(self, name: str) -> None:
        """Remove an object; fine if it is gone."""

        def work() -> None:
            try:
                self._fs.rm_file(self._path(name))
            except FileNotFoundError:
                return

        await self._run("delete", name, work)

    def _open(self) -> None:
        try:
            from fsspec.core import url_to_fs  # noqa: PLC0415 - an optional requirement
        except ImportError as error:
            message = f"{self.url} needs fsspec: install robustmq-broker with its extra `object`"
            raise ConfigError(message) from error
        options = {"skip_instance_cache": True, **self._options}
        protocol = self.url.partition("://")[0]
        if protocol in {"s3", "s3a"}:
            # Else a thread would go on trying for minutes after its time is over.
            limits = {
                "read_timeout": self._timeout,
                "connect_timeout": min(self._timeout, _CONNECT_SECONDS),
                "retries": {"max_attempts": 1},
            }
            options["config_kwargs"] = {**limits, **options.get("config_kwargs", {})}
        try:
            self._fs, self._root = url_to_fs(self.url, **options)
        except (ImportError, ValueError, TypeError) as error:
            message = f"storage.settings.url = {self.url!r} cannot be used: {error}"
            raise ConfigError(message) from error
        if (loop := getattr(self._fs, "loop", None)) is not None:
            loop.set_exception_handler(_left_alone)
        self._is_local = protocol in {"file", "local"} or "://" not in self.url
        self._has_conditions = "mode" in inspect.signature(type(self._fs).pipe_file).parameters or (
            "mode" in inspect.signature(getattr(self._fs, "_pipe_file", len)).parameters
        )

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def _write(self, name: str, data: bytes) -> None:
        if self._is_local:
            write_local(self._path(name), data, exclusive=False)
        else:
            self._fs.pipe_file(self._path(name), data)

    def _create(self, name: str, data: bytes) -> bool:
        path = self._path(name)
        try:
            if self._is_local:
                write_local(path, data, exclusive=True)
            elif self._has_conditions:
                self._fs.pipe_file(path, data, mode="create")
            elif not self._fs.exists(path):
                self._fs.pipe_file(path, data)
        except FileExistsError:
            pass
        except OSError as error:
            if not _is_condition(error):
                raise
        # A try before this one may have succeeded without our having heard of it.
        self._fs.invalidate_cache()
        found: bytes = self._fs.cat_file(path)
        return found == data

    def _list(self, folder: str) -> dict[str, int]:
        self._fs.invalidate_cache()
        try:
            found = self._fs.ls(self._path(folder), detail=True)
        except FileNotFoundError:
            return {}
        sizes = {}
        for entry in found:
            name = entry["name"].rstrip("/").rpartition("/")[2]
            # A file with a dot is one that is being written: see `write_local`.
            if entry["type"] == "file" and not name.startswith("."):
                sizes[f"{folder}/{name}"] = int(entry["size"])
        return sizes

    async def _run(self, action: str, name: str, work: Callable[[], Result]) -> Result:
        what = f"cannot {action} {self.url}/{name}".rstrip("/")
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            # Not asyncio.timeout: the first step of a commit or read may run outside of any task.
            done, _ = await asyncio.wait([running], timeout=self._timeout)
            if not done:
                raise StorageError(f"{what}: no answer in {self._timeout:g} seconds")
            return running.result()
        except FileNotFoundError as error:
            raise NotFound(f"{what}: there is no such object") from error
        except (ConfigError, StorageError):
            raise
        except Exception as error:
            # Stores raise what their libraries raise: each has its own tree of errors.
            raise StorageError(f"{what}: {str(error) or type(error).__name__}") from error
        finally:
            # Of no use any more; a thread that hangs goes on until its library gives up.
            running.cancel()


def _left_alone(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A task of the library's loop failed and nobody asked how.

    aiohttp forgets the task that writes a request's body if the connection breaks while it waits
    for "100 Continue" (seen with 3.14); the request itself has failed, too, and `_run` says so.
    """
    if not isinstance(context.get("exception"), ConnectionError):
        loop.default_exception_handler(context)


def unique() -> str:
    """A name that nobody else has."""
    return secrets.token_hex(8)


def _is_condition(error: OSError) -> bool:
    text = str(error)
    return "PreconditionFailed" in text or "At least one of the pre-conditions" in text
