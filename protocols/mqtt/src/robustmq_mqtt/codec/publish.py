"""[H] PUBLISH: the packet that is also the message, with the frames its fan-out has built so far.

A Publish satisfies `robustmq_common.message.Message`, so what was parsed is what is routed: no
second object, no copy. Frames that are the same for many subscribers are built once and kept here:

- QoS 0 to 3.x: the whole frame. From a 3.x publisher it is the received bytes themselves.
- QoS 0 to 5.0: the whole frame, unless something in it differs by subscriber or by time.
- QoS 1 and 2: everything before the packet identifier; the payload goes out as it came in.
"""

from typing import Final, final

from mypy_extensions import mypyc_attr

from robustmq_mqtt.codec.errors import MalformedPacket, ProtocolViolation
from robustmq_mqtt.codec.properties import Properties, decode_properties, encode_properties
from robustmq_mqtt.codec.wire import (
    PACKET_ID,
    PUBLISH,
    V5,
    encode_binary,
    encode_varint,
)

RETAIN_FLAG: Final = 0x01
DUP_FLAG: Final = 0x08
FIRST_BYTE: Final[list[bytes]] = [bytes([0x30 | flags]) for flags in range(16)]
SUBSCRIPTION_IDENTIFIER: Final = b"\x0b"
MESSAGE_EXPIRY_INTERVAL: Final = b"\x02"
TOPIC_ALIAS: Final = b"\x23"


@final
@mypyc_attr(acyclic=True)
class Publish:
    """A PUBLISH packet, received or to be sent.

    `topic_bytes` is the topic name in UTF-8 (empty if only an alias was sent), `topic` the same
    decoded, set once it has been resolved and checked. `timestamp` and `expires_at` are seconds
    since the epoch, `expires_at` 0 for never. `durability` is what a rule for its topic says, empty
    without one. `body_id` and `stored_incoming` belong to the session
    store.
    """

    # Defaults in the class body cost nothing per object in the plain form.
    topic: str = ""
    dup: bool = False
    packet_id: int = 0
    properties: Properties | None = None
    publisher: str = ""
    tenant: str = ""
    timestamp: float = 0.0
    expires_at: float = 0.0
    body_id: int = 0
    stored_incoming: bool = False
    durability: str = ""
    _payload: bytes | None = None
    _payload_at: int = 0
    _frame_v4: bytes | None = None
    _frame_v5: bytes | None = None
    _head1_v4: bytes | None = None
    _head2_v4: bytes | None = None
    _head1_v5: bytes | None = None
    _head2_v5: bytes | None = None
    _forwarded: bytes | None = None

    def __init__(self, topic_bytes: bytes, qos: int, retain: bool) -> None:
        self.topic_bytes = topic_bytes
        self.qos = qos
        self.retain = retain

    @property
    def payload(self) -> bytes:
        payload = self._payload
        if payload is None:
            frame = self._frame_v4
            payload = b"" if frame is None else frame[self._payload_at :]
            self._payload = payload
        return payload

    @property
    def key(self) -> bytes | None:
        return None

    @property
    def headers(self) -> list[tuple[str, str]] | None:
        properties = self.properties
        return None if properties is None else properties.user_properties

    @property
    def payload_format(self) -> int | None:
        properties = self.properties
        return None if properties is None else properties.payload_format_indicator

    @property
    def content_type(self) -> str | None:
        properties = self.properties
        return None if properties is None else properties.content_type

    @property
    def response_topic(self) -> str | None:
        properties = self.properties
        return None if properties is None else properties.response_topic

    @property
    def correlation_data(self) -> bytes | None:
        properties = self.properties
        return None if properties is None else properties.correlation_data

    def payload_size(self) -> int:
        payload = self._payload
        if payload is not None:
            return len(payload)
        frame = self._frame_v4
        return 0 if frame is None else len(frame) - self._payload_at

    def rename(self, topic: bytes) -> None:
        """Change the topic of a message that was just received."""
        self._payload = self.payload
        self._frame_v4 = None
        self.topic_bytes = topic

    def renamed(self, topic: bytes) -> "Publish":
        """The same message below another topic."""
        other = Publish(topic, self.qos, self.retain)
        other.properties = self.properties
        other.expires_at = self.expires_at
        other._payload = self.payload
        return other

    def frame_v4(self) -> bytes:
        """The QoS 0 frame for a 3.x subscriber, RETAIN 0."""
        frame = self._frame_v4
        if frame is None:
            topic = self.topic_bytes
            payload = self.payload
            frame = b"".join(
                [
                    FIRST_BYTE[0],
                    encode_varint(2 + len(topic) + len(payload)),
                    PACKET_ID[len(topic)],
                    topic,
                    payload,
                ]
            )
            self._payload_at = len(frame) - len(payload)
            self._frame_v4 = frame
        return frame

    def head_v4(self, qos: int) -> bytes:
        """A QoS 1 or 2 frame for 3.x up to the packet identifier; the payload follows that."""
        head = self._head1_v4 if qos == 1 else self._head2_v4
        if head is None:
            head = self.head(qos << 1, self.payload_size())
            if qos == 1:
                self._head1_v4 = head
            else:
                self._head2_v4 = head
        return head

    def frame_v5(self) -> bytes:
        """The QoS 0 frame for a 5.0 subscriber; only for messages that are plain."""
        frame = self._frame_v5
        if frame is None:
            topic = self.topic_bytes
            payload = self.payload
            frame = b"".join(
                [
                    FIRST_BYTE[0],
                    encode_varint(3 + len(topic) + len(payload)),
                    PACKET_ID[len(topic)],
                    topic,
                    b"\x00",
                    payload,
                ]
            )
            self._frame_v5 = frame
        return frame

    def head_v5(self, qos: int) -> bytes:
        """A QoS 1 or 2 frame for 5.0 up to the packet identifier; only for plain messages."""
        head = self._head1_v5 if qos == 1 else self._head2_v5
        if head is None:
            head = self.head(qos << 1, 1 + self.payload_size())
            if qos == 1:
                self._head1_v5 = head
            else:
                self._head2_v5 = head
        return head

    def head(self, flags: int, following: int) -> bytes:
        """Fixed header and topic; `following` counts the bytes after the packet identifier."""
        return publish_head(self.topic_bytes, flags, following)

    def forwarded(self) -> bytes:
        """The encoded properties that every 5.0 subscriber gets unaltered, without their length.

        All but topic alias, subscription identifiers and expiry, in the order received for user
        properties [MQTT-3.3.2-18].
        """
        encoded = self._forwarded
        if encoded is None:
            properties = self.properties
            encoded = b"" if properties is None else forwarded_properties(properties)
            self._forwarded = encoded
        return encoded

    def is_plain(self) -> bool:
        """Whether a 5.0 subscriber without extras of its own gets an empty property list."""
        return self.properties is None and self.expires_at == 0.0

    def property_list(self, now: float, identifiers: list[int] | None, alias: int) -> bytes:
        """The property list for one subscriber, length included.

        `now` (seconds since the epoch) decides what remains of the expiry interval
        [MQTT-3.3.2-6]; `identifiers` are those of its matching subscriptions [MQTT-3.3.4-3];
        `alias` is its topic alias, 0 for none.
        """
        parts: list[bytes] = [self.forwarded()]
        if self.expires_at != 0.0:
            remaining = int(self.expires_at - now + 0.999)
            parts.append(MESSAGE_EXPIRY_INTERVAL)
            # The wall clock may have been set back since.
            parts.append(min(max(remaining, 1), 0xFFFFFFFF).to_bytes(4, "big"))
        if identifiers is not None:
            for identifier in identifiers:
                parts.append(SUBSCRIPTION_IDENTIFIER)
                parts.append(encode_varint(identifier))
        if alias:
            parts.append(TOPIC_ALIAS)
            parts.append(PACKET_ID[alias])
        body = b"".join(parts)
        return encode_varint(len(body)) + body

    def has_expired(self, now: float) -> bool:
        return self.expires_at != 0.0 and now >= self.expires_at


def publish_head(topic: bytes, flags: int, following: int) -> bytes:
    """Fixed header and topic of a PUBLISH; `following` as in `Publish.head`."""
    if flags & 0x06:
        following += 2
    return b"".join(
        [
            FIRST_BYTE[flags],
            encode_varint(2 + len(topic) + following),
            PACKET_ID[len(topic)],
            topic,
        ]
    )


def forwarded_properties(properties: Properties) -> bytes:
    encoded = encode_properties(properties.of_message())
    skip = 1
    while encoded[skip - 1] >= 0x80:
        skip += 1
    return encoded[skip:]


def new_publish(topic: str, payload: bytes, qos: int = 0, retain: bool = False) -> Publish:
    """A message that did not come in as a packet: a will, `$SYS`, another protocol's."""
    packet = Publish(topic.encode(), qos, retain)
    packet.topic = topic
    packet._payload = payload
    return packet


def decode_publish(data: bytes, start: int, pos: int, end: int, version: int) -> Publish:
    """The PUBLISH whose fixed header is at `start`, its body at `pos`, its end at `end`.

    The topic name is not decoded: the caller looks its bytes up among the topics seen before.
    Raises MalformedPacket, ProtocolViolation, and PacketError 0x94 for topic alias 0.
    """
    body_at = pos
    flags = data[start]
    qos = flags >> 1 & 3
    if qos == 3:
        raise MalformedPacket("PUBLISH has QoS 3")  # [MQTT-3.3.1-4]
    topic_at = pos + 2
    if topic_at > end:
        raise MalformedPacket("the topic name of PUBLISH is cut short")
    pos = topic_at + (data[pos] << 8 | data[pos + 1])
    if pos > end:
        raise MalformedPacket("the topic name of PUBLISH is cut short")
    packet = Publish(data[topic_at:pos], qos, (flags & RETAIN_FLAG) != 0)
    if flags & DUP_FLAG:
        if qos == 0:
            raise MalformedPacket("PUBLISH has DUP set with QoS 0")  # [MQTT-3.3.1-2]
        packet.dup = True
    if qos:
        if pos + 2 > end:
            raise MalformedPacket("the packet identifier of PUBLISH is cut short")
        packet.packet_id = data[pos] << 8 | data[pos + 1]
        pos += 2
        if packet.packet_id == 0:
            raise ProtocolViolation("PUBLISH has packet identifier 0")  # [MQTT-2.2.1-3]
    if version == V5:
        if pos < end and data[pos] == 0:
            pos += 1
        else:
            pos = read_publish_properties(packet, data, pos, end)
    elif flags == 0x30 and (body_at - start == 2 or data[body_at - 1] != 0):
        # What a 3.x subscriber gets is byte for byte what came in, unless its length is padded.
        packet._frame_v4 = data[start:end]
        packet._payload_at = pos - start
        return packet
    packet._payload = data[pos:end]
    return packet


def read_publish_properties(packet: Publish, data: bytes, pos: int, end: int) -> int:
    properties = decode_properties(data, pos, end, PUBLISH)
    packet.properties = properties
    return properties.end


def encode_publish(
    topic: bytes,
    payload: bytes,
    qos: int = 0,
    retain: bool = False,
    dup: bool = False,
    packet_id: int = 0,
    properties: Properties | None = None,
    version: int = V5,
) -> bytes:
    """A whole PUBLISH frame; raises ValueError for a topic over 65,535 bytes."""
    flags = qos << 1
    if retain:
        flags |= RETAIN_FLAG
    if dup:
        flags |= DUP_FLAG
    parts: list[bytes] = [encode_binary(topic)]
    if qos:
        parts.append(PACKET_ID[packet_id])
    if version == V5:
        parts.append(encode_properties(properties))
    parts.append(payload)
    body = b"".join(parts)
    return FIRST_BYTE[flags] + encode_varint(len(body)) + body
