"""[D] One QUIC connection: the pack's `Transport` over the first stream that the client opened."""

import asyncio
from collections import deque
from typing import Any, Final

from aioquic.quic import events
from aioquic.quic.connection import NetworkAddress

from robustmq_broker.listeners.handshakes import Handshake
from robustmq_broker.listeners.quic.flow_control import (
    NO_APPLICATION_PROTOCOL,
    SERVED,
    ServedConnection,
)
from robustmq_broker.listeners.quic.interfaces import Endpoint
from robustmq_common.config.quantities import format_address
from robustmq_common.spi.access import Certificate
from robustmq_common.spi.pack import Connection
from robustmq_common.spi.services import TimerHandle

CLOSE_SECONDS: Final = 5.0
"""How long a peer has to take what was written to it before it is cut off."""
ALPN: Final = "mqtt"
CLOSED: Final = 0x00
ABORTED: Final = 0x02
REFUSED: Final = 0x03
INTERNAL: Final = 0x04
"""Application error codes of CONNECTION_CLOSE; 0x01 is that of refused streams."""


class QuicTransport:
    """One client; `quic` is its protocol state, None once it is over."""

    __slots__ = (
        "_address",
        "_at",
        "_closing",
        "_eof",
        "_handshake",
        "_held",
        "_paused",
        "_reading",
        "_scheduled",
        "_timer",
        "_timer_at",
        "certificate",
        "cids",
        "connection",
        "endpoint",
        "listener",
        "peer",
        "quic",
    )

    def __init__(self, endpoint: Endpoint, quic: ServedConnection, address: NetworkAddress) -> None:
        self.endpoint = endpoint
        self.quic: ServedConnection | None = quic
        self.listener = endpoint.listener.name
        self.peer = format_address(*address[:2])
        self.certificate: Certificate | None = None
        self.cids: set[bytes] = set()
        self.connection: Connection | None = None
        self._address = address
        self._held: deque[bytes] = deque()
        self._reading = True
        self._eof = False
        self._paused = False
        self._closing: TimerHandle | None = None
        self._scheduled = False
        self._timer: asyncio.Handle | None = None
        self._at = 0.0
        self._timer_at = 0.0
        listener = endpoint.listener
        self._handshake: Handshake | None = listener.handshakes.begin(
            self, listener.config.tls.handshake_timeout, self._handshake_timed_out
        )

    # -- from the network ----------------------------------------------------------------------

    def receive(self, data: bytes, address: NetworkAddress) -> None:
        """A datagram for this connection."""
        quic = self.quic
        if quic is None:
            return
        try:
            quic.receive_datagram(data, address, self.endpoint.loop.time())
        except Exception as error:  # noqa: BLE001 - logged with its traceback
            self._broken(error)
            return
        self._proceed(quic)

    def _proceed(self, quic: ServedConnection) -> None:
        """Take what the protocol has to say after a datagram or a timer."""
        event = quic.next_event()
        while event is not None:
            self._handle(quic, event)
            if self.quic is None:
                return
            event = quic.next_event()
        if quic.is_ending():
            self._send()
            self._ended()
            return
        address = quic.get_peer_address()
        if address != self._address and address is not None:
            self._moved(address)
        if self._paused and 4 * quic.unsent() <= self.endpoint.high_watermark:
            self._paused = False
            if self.connection is not None:
                self.connection.resume_writing()
        if self._closing is not None and quic.all_delivered():
            self._finish(CLOSED)
            return
        self._send_soon()

    def _handle(self, quic: ServedConnection, event: events.QuicEvent) -> None:
        if isinstance(event, events.StreamDataReceived):
            if event.stream_id == SERVED:
                self._received(quic, event.data, event.end_stream)
            else:
                self._refuse_stream(quic, event.stream_id)
        elif isinstance(event, events.StreamReset | events.StopSendingReceived):
            if event.stream_id == SERVED:
                self._finish(CLOSED)  # half a stream is of no use to anyone
            else:
                self._refuse_stream(quic, event.stream_id)
        elif isinstance(event, events.ConnectionIdIssued):
            self.endpoint.issued(self, event.connection_id)
        elif isinstance(event, events.ConnectionIdRetired):
            self.endpoint.retired(self, event.connection_id)
        elif isinstance(event, events.ProtocolNegotiated):
            if event.alpn_protocol != ALPN:
                quic.close(NO_APPLICATION_PROTOCOL, 0, "no application protocol")
        elif isinstance(event, events.HandshakeCompleted):
            self._connected()

    def _connected(self) -> None:
        """The handshake is over, or early data came: the pack's connection begins."""
        if self._handshake is not None:
            self._handshake.end()
            self._handshake = None
            self.endpoint.handshake_ended(self)
        if self.connection is None and self._closing is None:
            self.connection = self.endpoint.listener.pack.connection(self)

    def _received(self, quic: ServedConnection, data: bytes, end_stream: bool) -> None:
        self._eof = self._eof or end_stream
        if self.connection is None:
            self._connected()
        if self._closing is not None or self.connection is None:
            quic.taken += len(data)  # ignored, as it comes too late
            return
        if data:
            self._held.append(data)
        self._deliver()

    def _deliver(self) -> None:
        """Hand what came to the pack, as long as it reads."""
        while self._held and self._reading and self.connection is not None:
            data = self._held.popleft()
            if self.quic is not None:
                self.quic.taken += len(data)
            self.connection.data_received(data)
        if self._eof and not self._held and self._reading and self.connection is not None:
            self._eof = False
            self.connection.eof_received()
            self.close()

    def _refuse_stream(self, quic: ServedConnection, stream_id: int) -> None:
        if quic.refuse_stream(stream_id):
            self.endpoint.listener.metrics.count("quic.streams.refused")

    def _moved(self, address: NetworkAddress) -> None:
        """The client has another address (RFC 9000 section 9): those of its gates must agree."""
        self._address = address
        self.peer = format_address(*address[:2])
        listener = self.endpoint.listener
        listener.metrics.count("quic.migrations")
        if not listener.admits(self.peer):
            self._finish(REFUSED)

    def _handshake_timed_out(self) -> None:
        self.endpoint.listener.metrics.count("connections.refused.handshake_timeout")
        self.abort()

    def _broken(self, error: Exception) -> None:
        """A bug in the protocol's implementation costs the connection that showed it."""
        self.endpoint.listener.log.error(
            "bug: a QUIC packet could not be handled; please report it",
            peer=self.peer,
            listener=self.listener,
            exc_info=error,
        )
        self._finish(INTERNAL)

    # -- to the network ------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        quic = self.quic
        if quic is None or self._closing is not None or not quic.is_open():
            return
        quic.send_stream_data(SERVED, data)
        self._send_soon()
        if not self._paused and quic.unsent() > self.endpoint.high_watermark:
            self._paused = True
            if self.connection is not None:
                self.connection.pause_writing()

    def buffered(self) -> int:
        return 0 if self.quic is None else self.quic.unsent()

    def _send_soon(self) -> None:
        """Send at the end of this turn of the event loop, what came of it together."""
        if not self._scheduled:
            self._scheduled = True
            self.endpoint.loop.call_soon(self._send_scheduled)

    def _send_scheduled(self) -> None:
        self._scheduled = False
        self._send()

    def _send(self) -> None:
        quic = self.quic
        if quic is None:
            return
        try:
            for data, address in quic.datagrams_to_send(self.endpoint.loop.time()):
                self.endpoint.send(data, address)
            at = quic.get_timer()
        except Exception as error:  # noqa: BLE001 - logged with its traceback
            self._broken(error)
            return
        if at is not None:
            self._wake_at(at)

    def _wake_at(self, at: float) -> None:
        """Have `_due` called then; one that is called sooner stays, as it will look again."""
        self._at = at
        timer = self._timer
        if timer is not None and self._timer_at > at:
            timer.cancel()
            timer = None
        if timer is None:
            # Not the handle's own `when`: uvloop's have none if they are due at once.
            self._timer_at = at
            self._timer = self.endpoint.loop.call_at(at, self._due)

    def _due(self) -> None:
        self._timer = None
        quic = self.quic
        if quic is None:
            return
        now = self.endpoint.loop.time()
        if now < self._at:
            self._wake_at(self._at)
            return
        try:
            quic.handle_timer(now)
        except Exception as error:  # noqa: BLE001 - logged with its traceback
            self._broken(error)
            return
        self._proceed(quic)

    # -- flow ----------------------------------------------------------------------------------

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        if not self._reading:
            self._reading = True
            # Not at once: the pack is about to handle what it has from before.
            self.endpoint.loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        self._deliver()
        if self.quic is not None and self.quic.window_is_due():
            self._send_soon()

    # -- the end -------------------------------------------------------------------------------

    def close(self) -> None:
        quic = self.quic
        if quic is None or self._closing is not None:
            return
        listener = self.endpoint.listener
        self._closing = listener.timers.after(CLOSE_SECONDS, self.abort)
        for data in self._held:
            quic.taken += len(data)
        self._held.clear()
        if quic.is_open():
            quic.send_stream_data(SERVED, b"", end_stream=True)
            self._send_soon()
        else:
            self.endpoint.loop.call_soon(self._finish, CLOSED)

    def abort(self) -> None:
        if self.quic is not None:
            self.quic.close(ABORTED)
            self.endpoint.loop.call_soon(self._finish, ABORTED)

    def give_up(self) -> None:
        """Forget a handshake that its client has not gone on with, without a word."""
        self._ended()

    def _finish(self, code: int) -> None:
        """Say CONNECTION_CLOSE and forget the connection."""
        quic = self.quic
        if quic is not None:
            quic.close(code)
            self._close_said(quic)
            self._ended()

    def _close_said(self, quic: ServedConnection) -> None:
        try:
            for data, address in quic.datagrams_to_send(self.endpoint.loop.time()):
                self.endpoint.send(data, address)
        except Exception as error:
            self.endpoint.listener.log.warning(
                "a QUIC connection was closed without a word", peer=self.peer, exc_info=error
            )

    def _ended(self) -> None:
        quic, self.quic = self.quic, None
        if quic is None:
            return
        for timer in (self._timer, self._closing):
            if timer is not None:
                timer.cancel()
        if self._handshake is not None:
            self._handshake.end()
            self._handshake = None
        self._timer = None
        self._held.clear()
        quic.release()
        self.endpoint.ended(self)
        connection: Any = self.connection
        if connection is not None:
            self.connection = None
            connection.connection_lost()
