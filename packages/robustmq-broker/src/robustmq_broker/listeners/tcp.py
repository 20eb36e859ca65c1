"""[D] TCP listeners.

The pack's `data_received` and the socket's `write` are put on the instance, so that the event loop
calls the pack and the pack calls the socket with nothing in between.
"""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import cast

from robustmq_common.errors import ListenError
from robustmq_common.spi.access import Certificate
from robustmq_common.spi.pack import ProtocolPack
from robustmq_common.spi.services import Log, Metrics, TimerHandle, Timers

LINGER_SECONDS = 1.0
"""How long a closed connection's peer has to close its side, too.

Closing a socket with unread input resets the connection, and the reset may overtake the DISCONNECT
that says why. So our direction is closed first, and what still comes in is read and ignored.
"""
CLOSE_SECONDS = 5.0
"""How long a peer has to take what was written to it before it is cut off."""


class TcpConnection(asyncio.Protocol):
    """One accepted connection: the pack's `Transport`."""

    # 136 bytes instead of 320 with a dict.
    __slots__ = (
        "_closing",
        "_lost",
        "certificate",
        "connection",
        "data_received",
        "listener",
        "owner",
        "peer",
        "refused",
        "transport",
        "write",
    )

    write: Callable[[bytes], None]
    """The socket's own, once connected."""

    def __init__(self, owner: "TcpListener") -> None:
        self.owner = owner
        self.listener = owner.name
        self.peer = "?"
        self.certificate: Certificate | None = None
        self.refused = owner.full()
        self.write = _ignore
        self.data_received = _ignore  # type: ignore[method-assign]
        owner.connections.add(self)
        self.connection = None if self.refused else owner.pack.connection(self)
        self._closing: TimerHandle | None = None
        self._lost = False
        if self.connection is not None:
            self.data_received = self.connection.data_received  # type: ignore[method-assign]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have asyncio's interface without being its subclasses.
        self.transport = transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.peer = format_address(peer) if peer else "?"
        if self.refused or self._lost:
            if self.refused:
                self.owner.refuse(self.peer)
            transport.abort()
            return
        transport.set_write_buffer_limits(high=self.owner.high_watermark)
        self.write = transport.write

    def buffered(self) -> int:
        return 0 if self._lost else self.transport.get_write_buffer_size()

    def eof_received(self) -> bool:
        if self.connection is not None:
            self.connection.eof_received()
        return False

    def connection_lost(self, _error: Exception | None) -> None:
        self._lost = True
        self.owner.connections.discard(self)
        self.owner.closed()
        if self._closing is not None:
            self._closing.cancel()
        # Nothing of it may refer to the pack's connection, which refers to it: the garbage
        # collector looks at old objects too rarely to leave this to it.
        self.write = _ignore
        self.data_received = _ignore  # type: ignore[method-assign]
        if self.connection is not None:
            self.connection.connection_lost()
            self.connection = None

    def pause_writing(self) -> None:
        if self.connection is not None:
            self.connection.pause_writing()

    def resume_writing(self) -> None:
        if self.connection is not None:
            self.connection.resume_writing()

    def close(self) -> None:
        if self._lost or self._closing is not None:
            return
        if self.write is _ignore:
            # A turn of the event loop lies between the accepted connection and its transport; a
            # shutdown may come in it.
            self._lost = True
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.transport.resume_reading()
            self._closing = self.owner.timers.after(LINGER_SECONDS, self._close_fully)
        else:
            self._close_fully()

    def _close_fully(self) -> None:
        self.transport.close()
        self._closing = self.owner.timers.after(CLOSE_SECONDS, self.abort)

    def abort(self) -> None:
        if self.write is _ignore:
            self._lost = True
        if not self._lost:
            self.transport.abort()

    def pause_reading(self) -> None:
        if not self._lost and not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._lost and not self.transport.is_closing():
            self.transport.resume_reading()


def _ignore(data: bytes) -> None:
    """Written to, or received from, a connection that is not there yet or no more."""


class TcpListener:
    """A listening socket of one pack."""

    def __init__(
        self,
        name: str,
        pack: ProtocolPack,
        bind: tuple[str, int],
        log: Log,
        metrics: Metrics,
        timers: Timers,
        *,
        max_connections: int,
        backlog: int,
        high_watermark: int,
        nodelay: bool,
    ) -> None:
        self.name = name
        self.pack = pack
        self.bind = bind
        self.log = log
        self.metrics = metrics
        self.timers = timers
        self.max_connections = max_connections
        self.backlog = backlog
        self.high_watermark = high_watermark
        self.nodelay = nodelay
        self.connections: set[TcpConnection] = set()
        self._server: asyncio.Server | None = None
        self._empty: asyncio.Event | None = None

    async def open(self) -> str:
        """Bind and accept; returns the address, with the port that was chosen for port 0.

        Raises `ListenError` if the address cannot be had.
        """
        host, port = self.bind
        loop = asyncio.get_running_loop()
        try:
            sock = bound_socket(host, port)
            if self.nodelay:
                # Accepted sockets inherit it; an acknowledgement must not wait for the next one.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._server = await loop.create_server(self.accepted, sock=sock, backlog=self.backlog)
        except OSError as error:
            raise ListenError(
                f"listener {self.name!r} cannot listen on {format_address(self.bind)}: "
                f"{error.strerror or error}; {what_to_do(error)} listeners.{self.name}.bind"
            ) from error
        return format_address(sock.getsockname())

    def accepted(self) -> TcpConnection:
        return TcpConnection(self)

    def full(self) -> bool:
        return 0 < self.max_connections <= len(self.connections)

    def refuse(self, peer: str) -> None:
        self.metrics.count("connections.refused.max_connections")
        self.log.warning(
            "connection refused",
            peer=peer,
            listener=self.name,
            reason=f"listeners.{self.name}.max_connections = {self.max_connections} is reached",
        )

    def stop_accepting(self) -> None:
        if self._server is not None:
            self._server.close()

    def closed(self) -> None:
        if self._empty is not None and not self.connections:
            self._empty.set()

    async def wait_closed(self, seconds: float) -> None:
        """Wait for the connections to end by themselves; cut those that have not by then."""
        if self.connections:
            self._empty = asyncio.Event()
            try:
                await asyncio.wait_for(self._empty.wait(), seconds)
            except TimeoutError:
                for connection in list(self.connections):
                    connection.abort()


def what_to_do(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "stop what listens there, or set"
    return "choose an address of this machine and a port that is allowed with"


def bound_socket(host: str, port: int) -> socket.socket:
    """A non-blocking TCP socket bound to the address; IPv6 if the host says so."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def format_address(address: tuple[str, int] | tuple[str, int, int, int]) -> str:
    host, port = address[0], address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
