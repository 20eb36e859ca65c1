"""[D] The control socket: how commands on this machine talk to a running broker.

A request is one line, {"command": NAME, "arguments": {...}}, on a connection of its own. The
answers are lines, too: JSON objects, and {"done": true} or {"error": {...}} as the last one. A
client that closes its side, even only for writing, wants no more: its command is cancelled.

Who may connect is decided by the file system: the socket is for its owner, and is not made in a
folder in which others could put another in its place.
"""

import asyncio
import contextlib
import json
import os
import socket
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from robustmq_broker.control.command import Answers
from robustmq_common.errors import BugError, CallerError, ListenError, RobustMQError
from robustmq_common.spi.services import Log

SOCKET_NAME: Final = "control.sock"
REQUEST_MAX: Final = 64 * 1024
"""Bytes of a request's line, at most."""
CONNECTIONS_MAX: Final = 16
REQUEST_SECONDS: Final = 10.0
"""How long a client may take to send its request."""
_BUFFER: Final = 256 * 1024
"""Bytes that wait for a slow reader before its command has to wait, too."""
_PATH_MAX: Final = 107
"""Bytes of a socket's path, at most, on Linux; 103 elsewhere, where the system says so."""

Perform = Callable[[str, Mapping[str, Any]], Answers]


class ControlServer:
    """Listens on `path`. perform: begins a command and returns its answers."""

    def __init__(self, path: Path, perform: Perform, log: Log) -> None:
        self._path = path
        self._perform = perform
        self._log = log
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen. Raises ListenError if that is not possible, or not safe."""
        try:
            _check_folder(self._path)
            _remove_stale(self._path)
            listening = _bound(self._path)
            self._server = await asyncio.start_unix_server(
                self._accepted, sock=listening, limit=REQUEST_MAX
            )
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ListenError(f"cannot listen on {self._path}: {reason}") from error
        self._log.info("control socket opened", path=str(self._path))

    async def close(self) -> None:
        """Cancel what is under way and stop to listen."""
        if self._server is None:
            return
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._path.unlink(missing_ok=True)
        self._server = None

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except ConnectionError:
            pass  # the client has left, and with it whoever wanted the answer
        except asyncio.CancelledError:
            # By `close`: as a coroutine of the stream server, it must not end as cancelled.
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.set_write_buffer_limits(high=_BUFFER)
        try:
            if len(self._tasks) > CONNECTIONS_MAX:
                raise CallerError(
                    f"{CONNECTIONS_MAX} commands are under way, which is as many as there may be; "
                    "try again when one has ended"
                )
            name, arguments = await _request(reader)
            answers = self._perform(name, arguments)
        except RobustMQError as error:
            await _send(writer, _told(error))
            return
        work = asyncio.ensure_future(self._answer(name, answers, writer))
        left = asyncio.ensure_future(_left(reader))
        try:
            await asyncio.wait((work, left), return_when=asyncio.FIRST_COMPLETED)
        finally:
            left.cancel()
            if not work.done():
                work.cancel()
            await asyncio.gather(work, left, return_exceptions=True)
        if not work.cancelled():
            work.result()

    async def _answer(self, name: str, answers: Answers, writer: asyncio.StreamWriter) -> None:
        try:
            async with contextlib.aclosing(answers):
                async for answer in answers:
                    await _send(writer, answer)
            last: dict[str, Any] = {"done": True}
        except ConnectionError:
            raise
        except RobustMQError as error:
            last = _told(error)
        except Exception as error:  # noqa: BLE001 - logged with its traceback
            self._log.error("a control command failed", command=name, exc_info=error)
            last = _told(BugError(f"{name}: {error!r}, which is a bug; the broker's log has more"))
        await _send(writer, last)


async def _request(reader: asyncio.StreamReader) -> tuple[str, dict[str, Any]]:
    """Read a request. Raises CallerError if it is not one."""
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            line = await reader.readline()
    except TimeoutError:
        raise CallerError(f"no request came within {REQUEST_SECONDS:g} s") from None
    except ValueError:
        raise CallerError(f"the request is longer than {REQUEST_MAX} bytes") from None
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        raise CallerError("the request is not a line of JSON") from None
    expected = isinstance(request, dict) and request.keys() <= {"command", "arguments"}
    name = request.get("command") if expected else None
    arguments = request.get("arguments", {}) if expected else None
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise CallerError(
            'the request is not of the form {"command": "NAME", "arguments": {"NAME": VALUE}}'
        )
    return name, arguments


async def _left(reader: asyncio.StreamReader) -> None:
    """Return when the client has closed its side; what it still sends is nothing to us."""
    while await reader.read(REQUEST_MAX):
        pass


async def _send(writer: asyncio.StreamWriter, answer: Mapping[str, Any]) -> None:
    writer.write(json.dumps(answer, separators=(",", ":")).encode() + b"\n")
    await writer.drain()


def _told(error: RobustMQError) -> dict[str, Any]:
    fields = {
        "kind": type(error).__name__,
        "message": str(error),
        "exit_code": error.exit_code,
    }
    return {"error": fields}


def _check_folder(path: Path) -> None:
    if len(os.fsencode(path)) > _PATH_MAX:
        raise ListenError(
            f"{path} is longer than the {_PATH_MAX} bytes that the path of a socket may have; "
            "choose a data directory with a shorter path"
        )
    mode = path.parent.stat().st_mode
    if mode & (stat.S_IWGRP | stat.S_IWOTH) and not mode & stat.S_ISVTX:
        raise ListenError(
            f"others may write to {path.parent}, and could put a socket of their own in the place "
            f"of {path}: chmod go-w {path.parent}"
        )


def _remove_stale(path: Path) -> None:
    """Remove the socket of a broker that was killed. Raises ListenError if it is another thing."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ListenError(f"{path} is not a socket: remove it, it is in the way")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise ListenError(f"another broker listens on {path}")


def _bound(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.setblocking(False)
        sock.bind(str(path))
        # Nobody can connect before it is listened to, so nobody else has come in by then.
        path.chmod(0o600)
    except BaseException:
        sock.close()
        raise
    return sock
