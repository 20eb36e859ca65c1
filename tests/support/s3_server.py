"""A real S3 server (versitygw) on 127.0.0.1, and a proxy in front of it that breaks things.

`make s3` installs the server. Where it is not, tests that want it are skipped, but not in CI.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

DEADLINE: Final = 30.0
_BUCKET: Final = "queue"
_USER: Final = "test-user"
_KEY: Final = "test-only"
_CUT_AFTER: Final = 2000
_ANSWERS: Final = {
    "500": b"HTTP/1.1 500 Internal Server Error",
    "503": b"HTTP/1.1 503 Slow Down",
}


@dataclass(frozen=True)
class S3Server:
    """Where it listens, and where it keeps its bucket."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"s3://{_BUCKET}/prefix"

    def options(self, port: int = 0) -> dict[str, Any]:
        """Of fsspec, to reach it directly or through a proxy's port."""
        endpoint = f"http://127.0.0.1:{port or self.port}"
        return {"key": _USER, "secret": _KEY, "client_kwargs": {"endpoint_url": endpoint}}


def _program() -> str:
    beside = Path(sys.executable).parent / "versitygw"
    found = str(beside) if beside.exists() else shutil.which("versitygw")
    if found is None:
        if os.environ.get("CI") == "true":
            raise AssertionError("versitygw is not there: run `make s3`")
        pytest.skip("versitygw is not there: run `make s3`")
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run a server that keeps objects below a folder, with an empty bucket."""
    program = _program()
    port = _free_port()
    (folder / "s3" / _BUCKET).mkdir(parents=True)
    # Attributes in files: not every file system of a test has extended ones.
    sidecar = folder / "sidecar"
    sidecar.mkdir()
    command = [program, "--access", _USER, "--secret", _KEY, "--port", f"127.0.0.1:{port}"]
    command += ["--quiet", "posix", "--sidecar", str(sidecar), str(folder / "s3")]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder
    ) as process:
        try:
            _wait_until_it_listens(port, process)
            yield S3Server(port, folder / "s3" / _BUCKET)
        finally:
            process.kill()


def _wait_until_it_listens(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + DEADLINE
    while True:
        assert process.poll() is None, f"versitygw ended with {process.returncode}"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < until, "versitygw does not listen"
            continue
        return


class Proxy:
    """Passes TCP on, or does what `mode` says instead.

    mode: "pass", "down" (connections are closed at once), "500" and "503" (every request gets that
    answer), "cut" (connections are lost in the middle of what is uploaded), or "slow" (every piece
    takes a while).
    """

    def __init__(self, target: int) -> None:
        self.mode = "pass"
        self.requests = 0
        self.port = 0
        self._target = target
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run()))

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(DEADLINE)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(DEADLINE)
        self._loop.close()

    def set(self, mode: str) -> None:
        """Change the mode; connections that are open are lost, but for "slow"."""
        self.mode = mode
        if mode != "slow":
            self._loop.call_soon_threadsafe(self._lose)

    def _lose(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _run(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        self._lose()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests += 1
        self._open.add(writer)
        try:
            if self.mode == "down":
                return
            if self.mode in _ANSWERS:
                await reader.readuntil(b"\r\n\r\n")
                head = _ANSWERS[self.mode]
                writer.write(head + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
                return
            behind, ahead = await asyncio.open_connection("127.0.0.1", self._target)
            self._open.add(ahead)
            try:
                await asyncio.gather(
                    self._pass_on(reader, ahead, uploads=True),
                    self._pass_on(behind, writer, uploads=False),
                )
            finally:
                self._open.discard(ahead)
                ahead.transport.abort()
        except (OSError, asyncio.IncompleteReadError):
            # Either end may be gone at any time: that is what this is for.
            return
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, uploads: bool
    ) -> None:
        passed = 0
        while data := await reader.read(65_536):
            if self.mode == "slow":
                await asyncio.sleep(0.02)
            passed += len(data)
            if uploads and self.mode == "cut" and passed > _CUT_AFTER:
                writer.write(data[: len(data) // 2])
                await writer.drain()
                raise ConnectionResetError
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()


@contextmanager
def proxied(server: S3Server) -> Iterator[Proxy]:
    """A proxy in front of a server."""
    proxy = Proxy(server.port)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
