"""[H] The client's end of a connection: bytes to packets, packets to bytes, acknowledgements.

It does no I/O and reads no clock. Bytes from the server are parsed in place; what the client
answers to one read goes out as one write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from robustmq_mqtt.client.latency import Latency
from robustmq_mqtt.codec.acks import (
    PUBACK_PREFIX,
    PUBCOMP_PREFIX,
    PUBREC_PREFIX,
    PUBREL_PREFIX,
    decode_ack,
)
from robustmq_mqtt.codec.connect import encode_connect
from robustmq_mqtt.codec.decoder import decode_packet
from robustmq_mqtt.codec.disconnect_auth import encode_disconnect
from robustmq_mqtt.codec.errors import MalformedPacket, PacketError, ProtocolViolation
from robustmq_mqtt.codec.fixed_header import body_start, check_flags, frame_end
from robustmq_mqtt.codec.packets import (
    PINGREQ_FRAME,
    Connack,
    Connect,
    Disconnect,
    Ping,
    Suback,
    Subscribe,
    TopicSubscription,
)
from robustmq_mqtt.codec.publish import RETAIN_FLAG, decode_publish
from robustmq_mqtt.codec.reason_codes import (
    NORMAL_DISCONNECTION,
    SUCCESS,
    UNSPECIFIED_ERROR,
    reason_name,
    return_code_name_v3,
)
from robustmq_mqtt.codec.subscribe import encode_subscribe
from robustmq_mqtt.codec.wire import (
    PACKET_ID,
    PACKET_NAMES,
    PINGRESP,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    V5,
    decode_varint,
)

if TYPE_CHECKING:
    from robustmq_mqtt.client.interfaces import ClientHandler, Clock, Transport
    from robustmq_mqtt.client.receiver import Receiver
    from robustmq_mqtt.codec.packets import Packet

NEW: Final = 0
CONNECTING: Final = 1
CONNECTED: Final = 2
CLOSED: Final = 3

MAX_PACKET_SIZE: Final = 16 * 1024 * 1024
MAX_PACKET_ID: Final = 0xFFFF


@final
class ClientConnection:
    """One connection of a client, from CONNECT to its end.

    `in_flight` maps the packet identifiers of QoS 1 and 2 messages that the server has not
    acknowledged to when they were sent; `acknowledgement` collects how long that took. `unexpected`
    counts acknowledgements of messages that are not in flight. With a `receiver`, messages are
    counted and never become objects. `max_packet_size` is in bytes: a larger packet ends the
    connection.
    """

    def __init__(
        self,
        handler: ClientHandler,
        clock: Clock,
        acknowledgement: Latency,
        receiver: Receiver | None = None,
        max_packet_size: int = MAX_PACKET_SIZE,
    ) -> None:
        self.handler = handler
        self.clock = clock
        self.acknowledgement = acknowledgement
        self.receiver = receiver
        self.max_packet_size = max_packet_size
        self.state = NEW
        self.version = V5
        self.connack: Connack | None = None
        self.transport: Transport | None = None
        self.in_flight: dict[int, int] = {}
        self.acknowledged = 0
        self.unexpected = 0
        self.awaits_pingresp = False
        self._next_packet_id = 1
        self._subscribes: set[int] = set()
        self._unreleased: set[int] = set()
        self._news = False
        self._out: list[bytes] = []
        self._chunks: list[bytes] = []
        self._have = 0
        self._need = 0

    # -- what a client does --------------------------------------------------------------------

    def connect(self, transport: Transport, packet: Connect) -> None:
        """Send CONNECT, once."""
        self.transport = transport
        self.version = packet.version
        self.state = CONNECTING
        transport.write(encode_connect(packet))

    def subscribe(self, subscriptions: list[TopicSubscription]) -> int:
        """Send SUBSCRIBE; returns its packet identifier. ValueError for a filter that is none."""
        packet_id = self._packet_id()
        self._subscribes.add(packet_id)
        self.write(encode_subscribe(Subscribe(packet_id, subscriptions), self.version))
        return packet_id

    def claim(self, count: int, sent_at: int) -> list[int]:
        """Packet identifiers for as many messages, which are in flight from `sent_at` on.

        At most 65,535 messages may be in flight together.
        """
        packet_ids: list[int] = []
        for _ in range(count):
            packet_id = self._packet_id()
            self.in_flight[packet_id] = sent_at
            packet_ids.append(packet_id)
        return packet_ids

    def ping(self) -> None:
        """Send PINGREQ; `awaits_pingresp` until the server answers."""
        self.awaits_pingresp = True
        self.write(PINGREQ_FRAME)

    def disconnect(self) -> None:
        """Send DISCONNECT and close."""
        if self.state == CONNECTED:
            self.write(encode_disconnect(NORMAL_DISCONNECTION, None, self.version))
        self.close("")

    def close(self, reason: str) -> None:
        """Close without a word; `reason` is what the handler is told."""
        if self.state == CLOSED:
            return
        self.state = CLOSED
        if self.transport is not None:
            self.transport.close()
        self.handler.closed(reason)

    def write(self, data: bytes) -> None:
        """Send bytes that are whole packets."""
        transport = self.transport
        if transport is not None and self.state != CLOSED:
            transport.write(data)

    # -- what comes in -------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Bytes from the server, in pieces of any size."""
        if self.state == CLOSED:
            return
        if self._need:
            self._chunks.append(data)
            self._have += len(data)
            if self._have < self._need:
                return
            data = b"".join(self._chunks)
            self._chunks = []
            self._need = 0
        try:
            self._consume(data, self.clock())
        except PacketError as error:
            self.close(f"protocol error: {error.reason}")
            return
        if self._out and self.state != CLOSED:
            self.write(b"".join(self._out))
        self._out = []
        if self._news:
            self._news = False
            self.handler.acknowledged()

    def connection_lost(self) -> None:
        """The transport is gone."""
        self.close("closed by the server")

    def _consume(self, data: bytes, now: int) -> None:
        pos = 0
        limit = len(data)
        while pos < limit:
            body = pos + 2
            if body > limit:
                self._hold(data, pos, 2)
                return
            end = body + data[pos + 1]
            if data[pos + 1] >= 0x80 or end > limit:
                end = frame_end(data, pos, limit, self.max_packet_size, self.version)
                if end == 0:
                    self._hold(data, pos, self._bytes_needed(data, pos, limit))
                    return
                body = body_start(data, pos)
            packet_type = data[pos] >> 4
            if self.state != CONNECTED:
                self._answer_to_connect(data, pos, end)
            elif packet_type == PUBLISH:
                self._publish(data, pos, body, end, now)
            elif PUBACK <= packet_type <= PUBCOMP:
                self._acknowledgement(data, pos, body, end, now)
            else:
                self._packet(decode_packet(data, pos, end, self.version))
            if self.state == CLOSED:
                return
            pos = end

    def _hold(self, data: bytes, pos: int, need: int) -> None:
        rest = data[pos:]
        self._chunks = [rest]
        self._have = len(rest)
        self._need = need

    def _bytes_needed(self, data: bytes, pos: int, limit: int) -> int:
        """Bytes that the packet at `pos` has, or one more than there are if that is not known."""
        value = 0
        shift = 0
        at = pos + 1
        while at < limit:
            value |= (data[at] & 0x7F) << shift
            if data[at] < 0x80:
                return at + 1 - pos + value
            shift += 7
            at += 1
        return limit - pos + 1

    def _answer_to_connect(self, data: bytes, pos: int, end: int) -> None:
        packet = decode_packet(data, pos, end, self.version)
        if not isinstance(packet, Connack):
            # [MQTT-3.2.0-1]; AUTH cannot come, for CONNECT named no authentication method.
            name = PACKET_NAMES[data[pos] >> 4]
            raise ProtocolViolation(f"{name} came before CONNACK")
        if packet.reason_code != SUCCESS:
            code = packet.reason_code
            name = reason_name(code) if self.version == V5 else return_code_name_v3(code)
            self.close(f"CONNACK 0x{code:02x} {name}")
            return
        self.state = CONNECTED
        self.connack = packet
        self.handler.connected(packet)

    def _publish(self, data: bytes, pos: int, body: int, end: int, now: int) -> None:
        flags = data[pos]
        qos = flags >> 1 & 3
        receiver = self.receiver
        if receiver is None:
            packet = decode_publish(data, pos, body, end, self.version)
            if self._is_new(qos, packet.packet_id):
                self.handler.message(packet)
            return
        if qos == 3:
            raise MalformedPacket("PUBLISH has QoS 3")  # [MQTT-3.3.1-4]
        at = body + 2
        if at <= end:
            at += data[body] << 8 | data[body + 1]
        packet_id = 0
        if qos and at + 2 <= end:
            packet_id = data[at] << 8 | data[at + 1]
            at += 2
            if packet_id == 0:
                raise ProtocolViolation("PUBLISH has packet identifier 0")  # [MQTT-2.2.1-3]
        elif qos:
            at = end + 1
        if self.version == V5 and at < end and data[at] == 0:
            at += 1
        elif self.version == V5:
            packed = decode_varint(data, at, end)
            at += (packed >> 3) + (packed & 7)
        if at > end:
            raise MalformedPacket("PUBLISH is cut short")
        if qos == 0 or self._is_new(qos, packet_id):
            receiver.take(data, at, end, (flags & RETAIN_FLAG) != 0, now)

    def _is_new(self, qos: int, packet_id: int) -> bool:
        """Acknowledge a message; False for one that QoS 2 has brought before."""
        if qos == 1:
            self._out.append(PUBACK_PREFIX)
            self._out.append(PACKET_ID[packet_id])
        elif qos == 2:
            self._out.append(PUBREC_PREFIX)
            self._out.append(PACKET_ID[packet_id])
            if packet_id in self._unreleased:
                return False  # [MQTT-4.3.3-10]
            self._unreleased.add(packet_id)
        return True

    def _acknowledgement(self, data: bytes, pos: int, body: int, end: int, now: int) -> None:
        packet_type = data[pos] >> 4
        code = SUCCESS
        if end - body == 2 and data[pos] == (0x62 if packet_type == PUBREL else packet_type << 4):
            packet_id = data[body] << 8 | data[body + 1]
        else:
            check_flags(data[pos], self.version)
            ack = decode_ack(data, body, end, packet_type, self.version)
            packet_id = ack.packet_id
            code = ack.reason_code
        if packet_type == PUBREL:
            self._unreleased.discard(packet_id)
            self._out.append(PUBCOMP_PREFIX)
            self._out.append(PACKET_ID[packet_id])
            return
        sent_at = self.in_flight.get(packet_id, -1)
        if sent_at < 0:
            self.unexpected += 1
            return
        if packet_type == PUBREC and code < UNSPECIFIED_ERROR:
            self._out.append(PUBREL_PREFIX)
            self._out.append(PACKET_ID[packet_id])
            return
        del self.in_flight[packet_id]
        self._news = True
        if code >= UNSPECIFIED_ERROR and packet_type != PUBCOMP:
            self.handler.not_acknowledged(packet_type, packet_id, code)
            return
        self.acknowledged += 1
        self.acknowledgement.add(sent_at, now)

    def _packet(self, packet: Packet | object) -> None:
        if isinstance(packet, Suback):
            if packet.packet_id not in self._subscribes:
                raise ProtocolViolation("SUBACK for a SUBSCRIBE that was not sent")
            self._subscribes.discard(packet.packet_id)
            self.handler.subscribed(packet)
        elif isinstance(packet, Ping) and packet.packet_type == PINGRESP:
            self.awaits_pingresp = False
        elif isinstance(packet, Disconnect) and self.version == V5:
            code = packet.reason_code
            self.close(f"DISCONNECT 0x{code:02x} {reason_name(code)}")
        else:
            name = type(packet).__name__.upper()
            raise ProtocolViolation(f"{name} is not for a client")

    def _packet_id(self) -> int:
        """One that is free."""
        if len(self.in_flight) + len(self._subscribes) >= MAX_PACKET_ID:
            raise ValueError("65,535 packets are waiting for their acknowledgement already")
        packet_id = self._next_packet_id
        while packet_id in self.in_flight or packet_id in self._subscribes:
            packet_id = packet_id % MAX_PACKET_ID + 1
        self._next_packet_id = packet_id % MAX_PACKET_ID + 1
        return packet_id
