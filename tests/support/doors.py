"""A socket to a listener of any transport, for clients that only know sockets.

`Doors.open` connects through the transport with a library of its own kind (ssl, websockets,
aioquic) and returns one end of a socket pair; a thread carries the bytes between the other end and
the transport. So one client, `wire.WireClient`, goes through every door.
"""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import websockets.asyncio.client
from aioquic.asyncio.client import connect as connect_quic
from aioquic.quic.configuration import QuicConfiguration

DEADLINE: Final = 10.0
CHUNK: Final = 65_536
GOODBYE: Final = 0.2
"""Seconds that a transport may take to close."""

Read = Callable[[], Awaitable[bytes]]
"""The next bytes from the server, b"" at the end."""
Write = Callable[[bytes], Awaitable[None]]


class Doors:
    """Opens doors of a broker until the context is left.

    authority: the certificate of the CA that the server's certificate is from.
    """

    def __init__(self, authority: Path) -> None:
        self.authority = authority
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="doors", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE)
        self._loop.close()

    def open(
        self,
        transport: str,
        address: tuple[str, int] | str,
        certificate: tuple[Path, Path] | None = None,
    ) -> socket.socket:
        """Connect; `certificate` is the client's, and its key. Raises what the library raises."""
        opened: socket.socket = self._run(self._open(transport, address, certificate))
        return opened

    async def _open(
        self,
        transport: str,
        address: tuple[str, int] | str,
        certificate: tuple[Path, Path] | None,
    ) -> socket.socket:
        ours, theirs = socket.socketpair()
        opened = self._loop.create_future()
        carrying = self._carry(transport, address, certificate, theirs, opened)
        task = self._loop.create_task(carrying)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait({task, opened}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        return ours

    async def _carry(
        self,
        transport: str,
        address: tuple[str, int] | str,
        certificate: tuple[Path, Path] | None,
        end: socket.socket,
        opened: asyncio.Future[None],
    ) -> None:
        """Bytes both ways, until either end closes."""
        reader, writer = await asyncio.open_connection(sock=end)
        try:
            async with self._connected(transport, address, certificate) as (read, write):
                opened.set_result(None)
                directions = [
                    asyncio.ensure_future(_pump(lambda: reader.read(CHUNK), write)),
                    asyncio.ensure_future(_pump(read, lambda data: _write(writer, data))),
                ]
                await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
                for direction in directions:
                    direction.cancel()
                await asyncio.gather(*directions, return_exceptions=True)
        finally:
            writer.close()

    @asynccontextmanager
    async def _connected(
        self,
        transport: str,
        address: tuple[str, int] | str,
        certificate: tuple[Path, Path] | None,
    ) -> AsyncIterator[tuple[Read, Write]]:
        if transport == "unix":
            assert isinstance(address, str)
            async with _stream(await asyncio.open_unix_connection(address)) as both:
                yield both
            return
        assert isinstance(address, tuple)
        host, port = address
        secure = self._context(certificate) if transport in {"tls", "wss"} else None
        if transport in {"tcp", "tls"}:
            async with _stream(await asyncio.open_connection(host, port, ssl=secure)) as both:
                yield both
        elif transport in {"ws", "wss"}:
            url = f"{transport}://{host}:{port}/mqtt"
            async with websockets.asyncio.client.connect(
                url, subprotocols=[websockets.Subprotocol("mqtt")], ssl=secure, proxy=None
            ) as client:
                yield _frames(client), client.send
        else:
            assert transport == "quic"
            configuration = QuicConfiguration(alpn_protocols=["mqtt"], server_name="localhost")
            configuration.load_verify_locations(str(self.authority))
            if certificate is not None:
                configuration.load_cert_chain(*certificate)
            async with (
                connect_quic(host, port, configuration=configuration) as quic,
                _stream(await quic.create_stream()) as both,
            ):
                yield both

    def _context(self, certificate: tuple[Path, Path] | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority))
        if certificate is not None:
            context.load_cert_chain(*certificate)
        return context

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(DEADLINE)

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # Transports that were closed say goodbye in the next turns of the loop.
        for _ in range(3):
            await asyncio.sleep(0)


@asynccontextmanager
async def _stream(
    both: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> AsyncIterator[tuple[Read, Write]]:
    reader, writer = both
    try:
        yield lambda: reader.read(CHUNK), lambda data: _write(writer, data)
    finally:
        writer.close()
        # TLS says goodbye, too; a transport that has not by the end of the loop is a warning.
        with contextlib.suppress(OSError, TimeoutError, AttributeError):
            await asyncio.wait_for(writer.wait_closed(), GOODBYE)


def _frames(client: websockets.asyncio.client.ClientConnection) -> Read:
    async def read() -> bytes:
        try:
            data = await client.recv()
        except websockets.ConnectionClosed:
            return b""
        assert isinstance(data, bytes)
        return data

    return read


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


async def _pump(read: Read, write: Write) -> None:
    while data := await read():
        await write(data)
