"""[P] Layers: what lies between a listener's socket and a pack's connection.

A layer is a `Connection` for the transport below it and a `Transport` for the connection above it.
It does no I/O: bytes come in by `data_received` and `write`, and leave by the other side.

    tcp    socket -> pack                   wss    socket -> TlsLayer -> WebSocketLayer -> pack
    tls    socket -> TlsLayer -> pack       ...    socket -> ProxyLayer, later the pack itself

What a listener puts on each socket is an `Upper`: a function from a transport to the connection
that is fed by it. The pack's is the last one, and a layer is given the next one to call as soon as
it knows the peer: after its handshake, so that nobody pays for the pack before.

A layer that has nothing to do after its handshake removes itself: `below.replace(upper(below))`
makes the transport call the next one directly from then on.
"""

from collections.abc import Callable
from typing import Protocol

from robustmq_broker.listeners.handshakes import Handshake, Handshakes
from robustmq_common.spi.pack import Connection, Transport
from robustmq_common.spi.services import Log, Metrics, Timers


class StreamTransport(Transport, Protocol):
    """A transport that a layer can be put on."""

    def replace(self, connection: Connection) -> None:
        """Call `connection` from now on."""
        ...


Upper = Callable[[StreamTransport], Connection]
"""Makes what is fed by a transport whose peer (and certificate) is known."""


class Host(Protocol):
    """What a layer may use of its listener."""

    name: str
    log: Log
    metrics: Metrics
    timers: Timers
    handshakes: Handshakes

    def admits(self, peer: str) -> bool:
        """Whether a peer may come in; the refusal is counted and logged."""
        ...

    def refused(self, counter: str, peer: str, reason: str) -> None:
        """Count and log that a peer was turned away; `connections.refused.{counter}`."""
        ...


class Layer:
    """A layer that stays: it passes everything on, and subclasses change what they have to.

    `begin` starts the time for the handshake, `open` ends it and calls the upper one.
    """

    __slots__ = ("_handshake", "above", "below", "certificate", "host", "listener", "peer", "upper")

    def __init__(self, below: StreamTransport, host: Host, upper: Upper) -> None:
        self.below = below
        self.host = host
        self.upper = upper
        self.above: Connection | None = None
        self.peer = below.peer
        self.listener = below.listener
        self.certificate = below.certificate
        self._handshake: Handshake | None = None

    def begin(self, seconds: float, timed_out: Callable[[], None]) -> None:
        """Give the peer some time: then `timed_out` is called, if `open` was not."""
        self._handshake = self.host.handshakes.begin(self.below, seconds, timed_out)

    def open(self) -> Connection:
        """The handshake is done: put the upper connection on this layer."""
        self._end_handshake()
        self.above = above = self.upper(self)
        return above

    def replace(self, connection: Connection) -> None:
        self.above = connection

    # What the connection above calls.

    def write(self, data: bytes) -> None:
        self.below.write(data)

    def close(self) -> None:
        self.below.close()

    def abort(self) -> None:
        self.below.abort()

    def buffered(self) -> int:
        return self.below.buffered()

    def pause_reading(self) -> None:
        self.below.pause_reading()

    def resume_reading(self) -> None:
        self.below.resume_reading()

    # What the transport below calls.

    def data_received(self, data: bytes) -> None:
        if self.above is not None:
            self.above.data_received(data)

    def eof_received(self) -> None:
        if self.above is None:
            self.below.abort()
        else:
            self.above.eof_received()

    def connection_lost(self) -> None:
        self._end_handshake()
        # The upper one refers to this: they must not keep each other alive.
        above, self.above = self.above, None
        if above is not None:
            above.connection_lost()

    def pause_writing(self) -> None:
        if self.above is not None:
            self.above.pause_writing()

    def resume_writing(self) -> None:
        if self.above is not None:
            self.above.resume_writing()

    def _end_handshake(self) -> None:
        if self._handshake is not None:
            self._handshake.end()
            self._handshake = None
