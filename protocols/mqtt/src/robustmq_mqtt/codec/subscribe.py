"""[H] SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK (sections 3.8 to 3.11)."""

from robustmq_mqtt.codec.errors import MalformedPacket, ProtocolViolation
from robustmq_mqtt.codec.packets import (
    Suback,
    Subscribe,
    TopicSubscription,
    Unsuback,
    Unsubscribe,
)
from robustmq_mqtt.codec.properties import Properties, encode_properties, read_properties
from robustmq_mqtt.codec.reader import Reader
from robustmq_mqtt.codec.reason_codes import (
    SUBACK_CODES,
    SUBACK_CODES_V4,
    UNSPECIFIED_ERROR,
    UNSUBACK_CODES,
)
from robustmq_mqtt.codec.wire import (
    PACKET_ID,
    PACKET_NAMES,
    SUBACK,
    SUBSCRIBE,
    UNSUBACK,
    UNSUBSCRIBE,
    V5,
    encode_string,
    encode_varint,
)


def decode_subscribe(data: bytes, pos: int, end: int, version: int) -> Subscribe:
    """SUBSCRIBE; whether the topic filters are well formed is for the session to say.

    Raises MalformedPacket, and ProtocolViolation for packet identifier 0, no filter at all, QoS 3
    or retain handling 3 in MQTT 5.
    """
    reader = Reader(data, pos, end)
    packet_id = _read_packet_id(reader, SUBSCRIBE)
    properties = read_properties(reader, SUBSCRIBE) if version >= V5 else None
    subscriptions: list[TopicSubscription] = []
    while reader.pos < end:
        topic_filter = reader.string("topic filter")
        options = reader.u8("subscription options")
        if version >= V5:
            subscriptions.append(_decode_options(topic_filter, options))
        elif options > 2:
            # Six reserved bits and QoS 3 alike [3.1.1: MQTT-3.8.3-4].
            raise MalformedPacket(f"SUBSCRIBE has requested QoS byte 0x{options:02x}")
        else:
            subscriptions.append(TopicSubscription(topic_filter, options))
    if not subscriptions:
        raise ProtocolViolation("SUBSCRIBE has no topic filter")  # [MQTT-3.8.3-2]
    return Subscribe(packet_id, subscriptions, properties)


def encode_subscribe(packet: Subscribe, version: int) -> bytes:
    """A SUBSCRIBE frame; ValueError for a filter or property that does not fit the wire."""
    parts: list[bytes] = []
    for subscription in packet.subscriptions:
        options = subscription.qos
        if version >= V5:
            options |= subscription.retain_handling << 4
            if subscription.no_local:
                options |= 0x04
            if subscription.retain_as_published:
                options |= 0x08
        parts.append(encode_string(subscription.topic_filter) + bytes([options]))
    return _frame(b"\x82", packet.packet_id, packet.properties, b"".join(parts), version)


def decode_suback(data: bytes, pos: int, end: int, version: int) -> Suback:
    """SUBACK. Raises MalformedPacket, and ProtocolViolation for a code SUBACK cannot carry."""
    reader = Reader(data, pos, end)
    packet_id = _read_packet_id(reader, SUBACK)
    properties = read_properties(reader, SUBACK) if version >= V5 else None
    allowed = SUBACK_CODES if version >= V5 else SUBACK_CODES_V4
    return Suback(packet_id, _read_reason_codes(reader, SUBACK, allowed), properties)


def encode_suback(
    packet_id: int, reason_codes: list[int], properties: Properties | None, version: int
) -> bytes:
    """A SUBACK frame. To MQTT 3.x every failure is 0x80, the only one 3.1.1 knows."""
    if version < V5:
        reason_codes = [min(code, UNSPECIFIED_ERROR) for code in reason_codes]
    return _frame(b"\x90", packet_id, properties, bytes(reason_codes), version)


def decode_unsubscribe(data: bytes, pos: int, end: int, version: int) -> Unsubscribe:
    """UNSUBSCRIBE. Raises MalformedPacket, and ProtocolViolation for packet id 0 or no filter."""
    reader = Reader(data, pos, end)
    packet_id = _read_packet_id(reader, UNSUBSCRIBE)
    properties = read_properties(reader, UNSUBSCRIBE) if version >= V5 else None
    topic_filters: list[str] = []
    while reader.pos < end:
        topic_filters.append(reader.string("topic filter"))
    if not topic_filters:
        raise ProtocolViolation("UNSUBSCRIBE has no topic filter")  # [MQTT-3.10.3-2]
    return Unsubscribe(packet_id, topic_filters, properties)


def encode_unsubscribe(packet: Unsubscribe, version: int) -> bytes:
    """An UNSUBSCRIBE frame; ValueError for a filter or property that does not fit the wire."""
    payload = b"".join([encode_string(topic_filter) for topic_filter in packet.topic_filters])
    return _frame(b"\xa2", packet.packet_id, packet.properties, payload, version)


def decode_unsuback(data: bytes, pos: int, end: int, version: int) -> Unsuback:
    """UNSUBACK. Raises MalformedPacket, and ProtocolViolation for a code UNSUBACK cannot carry."""
    reader = Reader(data, pos, end)
    packet_id = _read_packet_id(reader, UNSUBACK)
    if version < V5:
        reader.finish("UNSUBACK")
        return Unsuback(packet_id, [])
    properties = read_properties(reader, UNSUBACK)
    return Unsuback(packet_id, _read_reason_codes(reader, UNSUBACK, UNSUBACK_CODES), properties)


def encode_unsuback(
    packet_id: int, reason_codes: list[int], properties: Properties | None, version: int
) -> bytes:
    """An UNSUBACK frame; MQTT 3.x has no reason codes, so they are left out."""
    payload = bytes(reason_codes) if version >= V5 else b""
    return _frame(b"\xb0", packet_id, properties, payload, version)


def _read_packet_id(reader: Reader, packet_type: int) -> int:
    packet_id = reader.u16("packet identifier")
    if packet_id == 0:
        # [MQTT-2.2.1-3] gives no reason code; it parses, so it is a protocol error (section 1.2).
        raise ProtocolViolation(f"{PACKET_NAMES[packet_type]} has packet identifier 0")
    return packet_id


def _decode_options(topic_filter: str, options: int) -> TopicSubscription:
    """The subscription options byte of MQTT 5 (3.8.3.1)."""
    if options & 0xC0:
        raise MalformedPacket("SUBSCRIBE has reserved option bits set")  # [MQTT-3.8.3-5]
    qos = options & 0x03
    if qos == 3:
        raise ProtocolViolation("SUBSCRIBE asks for QoS 3")
    retain_handling = options >> 4
    if retain_handling == 3:
        raise ProtocolViolation("SUBSCRIBE has retain handling 3")
    no_local = options & 0x04 != 0
    retain_as_published = options & 0x08 != 0
    return TopicSubscription(topic_filter, qos, no_local, retain_as_published, retain_handling)


def _read_reason_codes(reader: Reader, packet_type: int, allowed: frozenset[int]) -> list[int]:
    name = PACKET_NAMES[packet_type]
    codes: list[int] = []
    while reader.pos < reader.end:
        code = reader.u8("reason code")
        if code not in allowed:
            raise ProtocolViolation(f"{name} cannot carry reason code 0x{code:02x}")
        codes.append(code)
    if not codes:
        raise MalformedPacket(f"{name} has no reason code")
    return codes


def _frame(
    first: bytes, packet_id: int, properties: Properties | None, payload: bytes, version: int
) -> bytes:
    body = PACKET_ID[packet_id]
    if version >= V5:
        body += encode_properties(properties)
    body += payload
    return first + encode_varint(len(body)) + body
