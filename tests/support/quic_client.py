"""A QUIC client for tests, over real UDP: in an event loop, or behind a socket for `WireClient`.

`QuicClient` is one connection; `until` waits for what has come of it. `bridge` gives a connected
socket whose other end is a stream of one, in a thread. `Forwarder` is a NAT between them, which may
change the port that the server sees.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

DEADLINE = 20.0
STREAM = 0


class QuicClient(QuicConnectionProtocol):
    """One client; `data` has what came on each stream."""

    def __init__(self, quic: QuicConnection) -> None:
        super().__init__(quic)
        self.data: dict[int, bytearray] = {}
        self.eof: set[int] = set()
        self.resets: dict[int, int] = {}
        self.stopped: dict[int, int] = {}
        self.negotiated = ""
        self.early = False
        self.ended: events.ConnectionTerminated | None = None
        self._news = asyncio.Event()

    @property
    def quic(self) -> QuicConnection:
        return self._quic

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        # Some of what comes is no event, such as a session ticket.
        super().datagram_received(data, addr)
        self._news.set()

    def quic_event_received(self, event: events.QuicEvent) -> None:
        if isinstance(event, events.StreamDataReceived):
            self.data.setdefault(event.stream_id, bytearray()).extend(event.data)
            if event.end_stream:
                self.eof.add(event.stream_id)
        elif isinstance(event, events.StreamReset):
            self.resets[event.stream_id] = event.error_code
        elif isinstance(event, events.StopSendingReceived):
            self.stopped[event.stream_id] = event.error_code
        elif isinstance(event, events.HandshakeCompleted):
            self.negotiated = event.alpn_protocol or ""
            self.early = event.early_data_accepted
        elif isinstance(event, events.ConnectionTerminated):
            self.ended = event
        self._news.set()

    def send(self, data: bytes, stream: int = STREAM, end: bool = False) -> None:
        self.quic.send_stream_data(stream, data, end)
        self.transmit()

    def received(self, stream: int = STREAM) -> bytes:
        return bytes(self.data.get(stream, b""))

    async def until(self, condition: Callable[[], Any]) -> None:
        """Return when the condition holds; it is looked at whenever something comes."""
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def ending(self) -> events.ConnectionTerminated:
        """How the connection ended."""
        await self.until(lambda: self.ended is not None or self.quic._close_event is not None)
        ended = self.ended or self.quic._close_event
        assert ended is not None
        return ended


def client_configuration(ca: Path | None, alpn: list[str] | None = None) -> QuicConfiguration:
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=["mqtt"] if alpn is None else alpn, idle_timeout=60.0
    )
    configuration.server_name = "localhost"
    if ca is None:
        configuration.verify_mode = ssl.CERT_NONE
    else:
        configuration.load_verify_locations(str(ca))
    return configuration


@asynccontextmanager
async def quic_client(
    address: tuple[str, int],
    configuration: QuicConfiguration,
    connected: bool = True,
    **options: Any,
) -> AsyncIterator[QuicClient]:
    """A client that has sent its first packet, and with `connected` has been answered."""
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_datagram_endpoint(
        lambda: QuicClient(QuicConnection(configuration=configuration, **options)),
        local_addr=("127.0.0.1", 0),
    )
    try:
        client.connect(address)
        if connected:
            async with asyncio.timeout(DEADLINE):
                await client.wait_connected()
        yield client
    finally:
        client.close()
        if client._timer is not None:
            client._timer.cancel()
        transport.close()


class Forwarder(asyncio.DatagramProtocol):
    """A NAT: the server sees the address of `outside`, which `rebind` replaces."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.client: tuple[str, int] | None = None
        self.inside: asyncio.DatagramTransport
        self.outside: list[asyncio.DatagramTransport] = []

    async def open(self) -> tuple[str, int]:
        loop = asyncio.get_running_loop()
        self.inside, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        await self.rebind()
        address: tuple[str, int] = self.inside.get_extra_info("sockname")
        return address

    async def rebind(self) -> tuple[str, int]:
        """Send from a new port from now on; what comes to the old one is lost."""
        for old in self.outside:
            old.close()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Outside(self), local_addr=("127.0.0.1", 0)
        )
        self.outside.append(transport)
        address: tuple[str, int] = transport.get_extra_info("sockname")
        return address

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.client = addr
        self.outside[-1].sendto(data, self.server)

    def close(self) -> None:
        for transport in (self.inside, *self.outside):
            transport.close()


class Outside(asyncio.DatagramProtocol):
    def __init__(self, forwarder: Forwarder) -> None:
        self.forwarder = forwarder

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self.forwarder.client is not None:
            self.forwarder.inside.sendto(data, self.forwarder.client)


@contextmanager
def bridge(address: tuple[str, int], ca: Path) -> Iterator[socket.socket]:
    """A socket for blocking clients; what is written to it goes through QUIC, and back."""
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=lambda: asyncio.run(_relay(address, ca, theirs)), daemon=True)
    thread.start()
    try:
        yield ours
    finally:
        ours.close()
        thread.join(DEADLINE)
        assert not thread.is_alive()


async def _relay(address: tuple[str, int], ca: Path, sock: socket.socket) -> None:
    async with quic_client(address, client_configuration(ca)) as client:
        stream, writer = await asyncio.open_connection(sock=sock)
        down = asyncio.create_task(_down(client, writer))
        while data := await stream.read(65_536):
            client.send(data)
        client.send(b"", end=True)
        await down
        writer.close()


async def _down(client: QuicClient, writer: asyncio.StreamWriter) -> None:
    while True:
        data = client.data.pop(STREAM, b"")
        if data:
            writer.write(bytes(data))
            continue
        if STREAM in client.eof or client.quic._close_event is not None:
            break
        await client.until(
            lambda: (
                client.data.get(STREAM)
                or STREAM in client.eof
                or client.quic._close_event is not None
            )
        )
    if writer.can_write_eof():
        writer.write_eof()
