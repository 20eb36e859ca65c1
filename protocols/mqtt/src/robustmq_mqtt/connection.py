"""[H] One network connection: bytes to packets, packets to bytes, and its end.

What a packet means is in the `handle_*` modules. Output is collected in `out` and written once per
turn of the event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from mypy_extensions import i64

from robustmq_mqtt.access_changes import check_subscriptions
from robustmq_mqtt.codec.acks import encode_ack
from robustmq_mqtt.codec.connect import encode_connack
from robustmq_mqtt.codec.disconnect_auth import encode_disconnect
from robustmq_mqtt.codec.errors import PacketError
from robustmq_mqtt.codec.fixed_header import body_start, bytes_needed, frame_end
from robustmq_mqtt.codec.reason_codes import (
    CONNACK_CODES,
    DISCONNECT_CODES,
    IMPLEMENTATION_SPECIFIC_ERROR,
    KEEP_ALIVE_TIMEOUT,
    PACKET_TOO_LARGE,
    QUOTA_EXCEEDED,
    SERVER_UNAVAILABLE,
    UNSPECIFIED_ERROR,
    UNSUPPORTED_PROTOCOL_VERSION,
    reason_name,
)
from robustmq_mqtt.codec.wire import PUBREL, V5
from robustmq_mqtt.connection_state import CLOSED, CONNECTED, NEW
from robustmq_mqtt.dispatch import check_first_byte, dispatch
from robustmq_mqtt.expiry import forget_expiry
from robustmq_mqtt.limited import consume_limited
from robustmq_mqtt.reasons import fits, reason_string
from robustmq_mqtt.session_end import connection_ended

if TYPE_CHECKING:
    from robustmq_mqtt.acknowledge import DeferredAcknowledgement
    from robustmq_mqtt.authorization import Decisions
    from robustmq_mqtt.codec.packets import Connect
    from robustmq_mqtt.context import Context
    from robustmq_mqtt.session import Session


WITHOUT_END: Final = 1 << 62
SEVERAL: Final = -1
"""Output of one write came from the input of more than one connection."""
NO_ACKS: Final[list[DeferredAcknowledgement]] = []
"""What nearly all connections have: acknowledgements that wait for storage."""


@final
class Connection:
    """The server's end of a client's connection: `robustmq_common.spi.pack.Connection`."""

    def __init__(self, context: Context, transport: Any) -> None:
        self.context = context
        self.transport = transport
        self.state = NEW
        self.version = 0
        self.connect: Connect | None = None
        self.client: Any = None
        self.session: Session | None = None
        self.exchange: Any = None
        self.auth_method: str | None = None
        # input
        self.chunks: list[bytes] | None = None
        self.have = 0
        self.need = 0
        self.max_packet_size = context.limits.max_packet_size
        self.last_received: float = 0.0
        self.wall: float = 0.0
        self.keep_alive = 0
        self.timer: Any = context.timers.after(context.limits.connect_timeout, self)
        self.alias_in: dict[int, bytes] | None = None
        # output
        self.number: i64 = context.number()
        self.source: i64 = self.number
        self.out: list[bytes] | None = None
        self.out_size = 0
        self.out_limit = context.limits.outgoing_buffer
        self.max_packet_out = 0
        self.alias_out: dict[bytes, int] | None = None
        self.alias_out_max = 0
        self.receive_maximum = 65_535
        self.acks: list[DeferredAcknowledgement] = NO_ACKS
        self.close_reason = ""
        self.close_code = 0
        self.mount = b""
        self.decisions: Decisions | None = None
        # flags: a byte each side by side, and eight where one stands alone
        self.held = False
        self.reading = True
        self.writable = True
        self.awaits_answer = False
        self.admitted = False
        self.mounted = False
        self.limited = False
        self.assigned_client_id = False
        self.problem_information = True
        self.overflowed = False
        self.keep_will = True
        self.is_bridge = False
        context.connections.add(self)

    # -- input ---------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Bytes from the peer, in pieces of any size."""
        if self.state == CLOSED:
            return
        context = self.context
        clock = context.clock
        self.last_received = clock.monotonic
        self.wall = clock.wall
        context.stats.bytes_received += len(data)
        chunks = self.chunks
        if chunks is not None:
            chunks.append(data)
            self.have += len(data)
            if self.have < self.need:
                return
            data = b"".join(chunks)
            self.chunks = None
        context.receiving = self.number
        self.feed(data)
        context.receiving = 0
        if self.held:
            self.update_reading()
        if context.touched:
            context.received(self.number)

    def feed(self, data: bytes) -> None:
        """Parse, and turn whatever goes wrong into this connection's end."""
        try:
            if self.limited:
                consume_limited(self, data)
            else:
                self.consume(data)
        except PacketError as error:
            self.reject(error.reason_code, error.reason)
        except Exception as error:
            self.context.log.error(
                "bug: a packet could not be handled; please report it",
                peer=self.transport.peer,
                exc_info=error,
            )
            self.reject(IMPLEMENTATION_SPECIFIC_ERROR, "internal error")

    def consume(self, data: bytes) -> None:
        """Handle every complete packet and keep the rest for later."""
        pos = 0
        limit = len(data)
        if self.state == NEW and limit:
            check_first_byte(data)
        while pos < limit:
            if self.held:
                self.hold(data, pos, WITHOUT_END)
                return
            body = pos + 2
            if body > limit:
                self.hold(data, pos, 2)
                return
            end = body + data[pos + 1]
            if data[pos + 1] >= 0x80 or end > limit or end - pos > self.max_packet_size:
                end = frame_end(data, pos, limit, self.max_packet_size, self.version)
                if end == 0:
                    self.hold(data, pos, bytes_needed(data, pos, limit))
                    return
                body = body_start(data, pos)
            self.context.stats.packets_received += 1
            dispatch(self, data, pos, body, end)
            if self.state == CLOSED:
                return
            pos = end

    def hold(self, data: bytes, pos: int, need: int) -> None:
        """Keep what is left until there are `need` bytes of it."""
        rest = data[pos:]
        self.chunks = [rest]
        self.have = len(rest)
        self.need = need

    def suspend(self) -> None:
        """Stop parsing and reading until `resume`: something has to be waited for.

        Reading stops at the end of what is being handled: most waits are over by then, and telling
        the system twice would cost more than they do.
        """
        self.held = True
        if not self.context.receiving:
            self.update_reading()

    def resume(self) -> None:
        if self.state == CLOSED:
            return
        self.held = False
        self.last_received = self.context.clock.monotonic
        self.update_reading()
        chunks = self.chunks
        if chunks is not None:
            self.chunks = None
            self.feed(b"".join(chunks))

    def update_reading(self) -> None:
        """Read from the socket, or not: neither while held nor while the peer does not read."""
        wanted = self.writable and not self.held
        if wanted == self.reading or self.state == CLOSED:
            return
        self.reading = wanted
        if wanted:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    # -- output --------------------------------------------------------------------------------

    def can_write(self) -> bool:
        return self.writable and self.out_size < self.out_limit

    def send(self, frame: bytes) -> None:
        """Queue a frame for the end of this turn; one that is too large ends the connection."""
        if self.max_packet_out and len(frame) > self.max_packet_out:
            # [MQTT-3.1.2-24]
            self.disconnect(PACKET_TOO_LARGE, f"an answer of {len(frame)} bytes is too large")
            return
        self.output().append(frame)
        self.out_size += len(frame)

    def send_at(self, index: int, frame: bytes) -> None:
        """Queue a frame ahead of what was queued since `output` had `index` entries."""
        if self.state != CLOSED:
            self.output().insert(index, frame)
            self.out_size += len(frame)

    def output(self) -> list[bytes]:
        """What is collected to be written; whoever asks for it adds something."""
        out = self.out
        if out is None:
            out = []
            self.out = out
            self.context.mark_dirty(self)
        elif self.source != self.context.receiving:
            self.source = SEVERAL
        return out

    def sent_publish(self, size: int) -> None:
        """Account for a PUBLISH whose `size` bytes are in `output` now."""
        self.context.stats.messages_sent += 1
        self.out_size += size

    def wall_now(self) -> float:
        now: float = self.context.clock.wall
        return now

    def send_pubrel(self, packet_id: int) -> None:
        self.send(encode_ack(PUBREL, packet_id, 0, None, self.version))

    def flush(self) -> None:
        """Write what has been collected; called once per turn."""
        if self.state == CLOSED:
            self.out = None  # what handling its last packet still had to say
            return
        self.write_output()
        session = self.session
        if session is not None and self.state == CONNECTED:
            session.pump()

    def write_output(self) -> None:
        out = self.out
        if out is not None:
            data = out[0] if len(out) == 1 else b"".join(out)
            self.out = None
            self.out_size = 0
            self.context.stats.bytes_sent += len(data)
            self.transport.write(data)

    def pause_writing(self) -> None:
        """The peer does not read: stop sending messages, and reading what it wants answered."""
        self.writable = False
        self.update_reading()

    def resume_writing(self) -> None:
        self.writable = True
        self.update_reading()
        session = self.session
        if session is not None and self.state == CONNECTED:
            session.pump()

    # -- timers --------------------------------------------------------------------------------

    def __call__(self) -> None:
        """Its timer is due. The connection is the callback: a bound method would take 64 bytes."""
        self.timer = None
        if self.state == CONNECTED:
            if self.keep_alive:
                self.check_keep_alive()
        elif self.state != CLOSED:
            self.context.stats.connect_timeouts += 1
            self.close_with(0, "no complete CONNECT within the connect timeout")

    def start_keep_alive(self, seconds: int) -> None:
        """Close after 1.5 times the keep-alive without a packet [MQTT-3.1.2-22].

        The timer of the connect timeout goes on as the first check, unless that would be too late.
        """
        limits = self.context.limits
        self.keep_alive = seconds
        allowed = seconds * limits.keepalive_multiplier
        if self.timer is not None and (seconds == 0 or allowed < limits.connect_timeout):
            self.timer.cancel()
            self.timer = None
        if seconds and self.timer is None:
            self.timer = self.context.timers.after(allowed, self)

    def check_keep_alive(self) -> None:
        allowed = self.keep_alive * self.context.limits.keepalive_multiplier
        now: float = self.context.clock.monotonic
        if self.held:
            self.last_received = now  # it is not listened to, so its silence is not its fault
        left = self.last_received + allowed - now
        if left > 0.0:
            self.timer = self.context.timers.after(left, self)
        else:
            self.disconnect(KEEP_ALIVE_TIMEOUT, f"nothing received for {allowed:g} s")

    # -- the end -------------------------------------------------------------------------------

    def reject(self, code: int, reason: str) -> None:
        """The peer broke the protocol: say so as its version allows, and close."""
        if self.state == CLOSED:
            return
        self.context.stats.protocol_errors += 1
        if self.state == CONNECTED:
            self.disconnect(code, reason)
        else:
            self.refuse(code, reason)

    def refuse(self, code: int, reason: str) -> None:
        """Answer CONNECT with a failure and close; 3.x is told only what it has a code for."""
        if self.version == V5:
            if code not in CONNACK_CODES:
                code = UNSPECIFIED_ERROR
            short = encode_connack(False, code, None, V5)
            full = encode_connack(False, code, reason_string(reason), V5)
            self.send_last(fits(self, full, short))  # [MQTT-3.2.2-19]
        elif self.version and (
            code == UNSUPPORTED_PROTOCOL_VERSION
            or code in NOT_IN_V3_PROTOCOL_ERRORS
            or code == SERVER_UNAVAILABLE
        ):
            self.send(encode_connack(False, code, None, self.version))
        self.close_with(code, reason)

    def disconnect(self, code: int, reason: str) -> None:
        """Send DISCONNECT to a 5.0 client, and close."""
        if self.state == CLOSED:
            return
        if self.version == V5 and self.state == CONNECTED:
            if code not in DISCONNECT_CODES:
                code = UNSPECIFIED_ERROR
            short = encode_disconnect(code, None, V5)
            full = encode_disconnect(code, reason_string(reason), V5)
            self.send_last(fits(self, full, short))  # [MQTT-3.14.2-3]
        self.close_with(code, reason)

    def send_last(self, frame: bytes) -> None:
        """Send a farewell, unless even its shortest form is too large for the client."""
        if not self.max_packet_out or len(frame) <= self.max_packet_out:
            self.send(frame)

    def access_changed(self) -> None:
        """The rules changed: give up subscriptions that are not granted any more."""
        if self.session is not None and self.state == CONNECTED:
            check_subscriptions(self.session)

    def overflow(self) -> None:
        """Disconnect for a full queue, at the end of this turn.

        Not at once: what a member of a shared subscription leaves may be too much for the next one,
        and so on, while whoever published the message is still handing it out.
        """
        if not self.overflowed:
            self.overflowed = True
            self.context.services.soon(self.quota_exceeded)

    def quota_exceeded(self) -> None:
        self.disconnect(QUOTA_EXCEEDED, "the session's queue is full")

    def close_with(self, code: int, reason: str) -> None:
        """Write what is pending, close the socket and let go of the session."""
        if self.state == CLOSED:
            return
        self.close_code = code
        self.close_reason = reason
        self.write_output()
        self.transport.close()
        self.end(code)

    def eof_received(self) -> None:
        """The peer will send no more; the listener closes the connection."""

    def connection_lost(self) -> None:
        """The socket is gone."""
        if self.state != CLOSED:
            self.close_reason = "closed by peer"
            self.end(UNSPECIFIED_ERROR)

    def end(self, code: int) -> None:
        """Exactly once, however it ended; `code` is MQTT 5's for why."""
        was_connected = self.state == CONNECTED
        self.state = CLOSED
        self.out = None
        self.chunks = None
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.exchange = None
        self.context.connections.discard(self)
        if self.context.expiries:
            forget_expiry(self)
        self.log_end(was_connected)
        if self.admitted:
            self.context.services.left(self.client, code)
        if self.session is not None:
            connection_ended(self, was_connected)

    def log_end(self, was_connected: bool) -> None:
        client = self.client
        client_id = "" if client is None else client.client_id
        if self.close_code >= 0x80 or not was_connected:
            self.context.log.info(
                "connection closed",
                peer=self.transport.peer,
                client_id=client_id,
                reason_code=f"0x{self.close_code:02x}",
                meaning=reason_name(self.close_code),
                reason=self.close_reason,
            )
        else:
            self.context.log.debug(
                "connection closed",
                peer=self.transport.peer,
                client_id=client_id,
                reason=self.close_reason,
            )


NOT_IN_V3_PROTOCOL_ERRORS: Final[set[int]] = {0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x97, 0x9F}
"""Refusals that MQTT 3.x has a CONNACK return code for; anything else is a bare close."""
