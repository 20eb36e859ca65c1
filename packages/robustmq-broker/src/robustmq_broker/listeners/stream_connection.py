"""[D] One accepted connection of a stream socket: the lowest `Transport`.

The `data_received` of what is above and the socket's `write` are put on the instance, so that the
event loop calls the pack and the pack calls the socket with nothing in between.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, cast

from robustmq_broker.listeners.layer import Upper
from robustmq_common.config.quantities import format_address
from robustmq_common.spi.access import Certificate
from robustmq_common.spi.pack import Connection, Transport
from robustmq_common.spi.services import TimerHandle, Timers

LINGER_SECONDS: Final = 1.0
"""How long a closed connection's peer has to close its side, too.

Closing a socket with unread input resets the connection, and the reset may overtake the DISCONNECT
that says why. So our direction is closed first, and what still comes in is read and ignored.
"""
CLOSE_SECONDS: Final = 5.0
"""How long a peer has to take what was written to it before it is cut off."""
UNIX: Final = "unix"
"""The peer of a Unix socket has no address."""


class Owner(Protocol):
    """What a connection uses of its listener."""

    name: str
    accepting: bool
    connections: set[Transport]
    upper: Upper
    high_watermark: int
    timers: Timers

    def lets_in(self, peer: str) -> bool: ...
    def closed(self, connection: Transport) -> None: ...


class StreamConnection(asyncio.Protocol):
    """A socket, as the connection above sees it."""

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
        "transport",
        "write",
    )

    write: Callable[[bytes], None]
    """The socket's own, once connected."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.listener = owner.name
        self.peer = "?"
        self.certificate: Certificate | None = None
        self.write = _ignore
        self.data_received = _ignore  # type: ignore[method-assign]
        self.connection: Connection | None = None
        self._closing: TimerHandle | None = None
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have asyncio's interface without being its subclasses.
        self.transport = transport = cast(asyncio.Transport, transport)
        owner = self.owner
        peer = transport.get_extra_info("peername")
        self.peer = format_address(*peer[:2]) if isinstance(peer, tuple) else UNIX
        # A turn of the event loop lies between the accepted connection and its transport; the
        # listener may have been stopped in it.
        if not owner.accepting or not owner.lets_in(self.peer):
            transport.abort()
            return
        transport.set_write_buffer_limits(high=owner.high_watermark)
        self.write = transport.write
        owner.connections.add(self)
        self.replace(owner.upper(self))

    def replace(self, connection: Connection) -> None:
        self.connection = connection
        self.data_received = connection.data_received  # type: ignore[method-assign]
        # uvloop looks the method up once for each protocol it is given.
        self.transport.set_protocol(self)

    def buffered(self) -> int:
        return 0 if self._lost else self.transport.get_write_buffer_size()

    def eof_received(self) -> bool:
        if self.connection is not None:
            self.connection.eof_received()
        return False

    def connection_lost(self, _error: Exception | None) -> None:
        self._lost = True
        self.owner.closed(self)
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
