"""[H] MQTT 5 properties (section 2.2.2): what a list of them holds, its decoder and its encoder."""

from typing import Final, final

from robustmq_mqtt.codec.errors import MalformedPacket, PacketError, ProtocolViolation
from robustmq_mqtt.codec.property_table import (
    BINARY,
    FOUR_BYTES,
    ONE_BYTE,
    PROPERTY_BY_IDENTIFIER,
    PROPERTY_TABLE,
    STRING,
    STRING_PAIR,
    TWO_BYTES,
    VARIABLE,
    WILL,
    PropertySpec,
)
from robustmq_mqtt.codec.reader import Reader
from robustmq_mqtt.codec.wire import (
    PACKET_NAMES,
    PUBLISH,
    VARINT,
    encode_binary,
    encode_string,
    encode_varint,
)

NO_PROPERTIES: Final = b"\x00"


@final
class Properties:  # noqa: PLW1641 - fields may change, so it has no hash
    """The properties of one packet or will; None means absent.

    Intervals are seconds, sizes are bytes, flags are 0 or 1. `user_properties` keeps order and
    duplicates. `end` is set by `decode_properties`: the index one past the last property; it takes
    no part in equality.
    """

    # Defaults in the class body cost nothing per object in the plain form.
    payload_format_indicator: int | None = None
    message_expiry_interval: int | None = None
    content_type: str | None = None
    response_topic: str | None = None
    correlation_data: bytes | None = None
    subscription_identifiers: list[int] | None = None
    session_expiry_interval: int | None = None
    assigned_client_identifier: str | None = None
    server_keep_alive: int | None = None
    authentication_method: str | None = None
    authentication_data: bytes | None = None
    request_problem_information: int | None = None
    will_delay_interval: int | None = None
    request_response_information: int | None = None
    response_information: str | None = None
    server_reference: str | None = None
    reason_string: str | None = None
    receive_maximum: int | None = None
    topic_alias_maximum: int | None = None
    topic_alias: int | None = None
    maximum_qos: int | None = None
    retain_available: int | None = None
    user_properties: list[tuple[str, str]] | None = None
    maximum_packet_size: int | None = None
    wildcard_subscription_available: int | None = None
    subscription_identifier_available: int | None = None
    shared_subscription_available: int | None = None

    def __init__(self) -> None:
        self.end = 0

    def of_message(self) -> "Properties":
        """Those that go with a message to whoever gets it, unaltered [MQTT-3.3.2-18]."""
        kept = Properties()
        kept.payload_format_indicator = self.payload_format_indicator
        kept.content_type = self.content_type
        kept.response_topic = self.response_topic
        kept.correlation_data = self.correlation_data
        kept.user_properties = self.user_properties
        return kept

    def fields(self) -> dict[str, object]:
        """The properties that are present, by attribute name."""
        present: dict[str, object] = {}
        for spec in PROPERTY_TABLE:
            value: object = getattr(self, spec.name)
            if value is not None:
                present[spec.name] = value
        return present

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Properties) and self.fields() == other.fields()

    def __repr__(self) -> str:
        shown = [f"{name}={describe(value)}" for name, value in self.fields().items()]
        return f"Properties({', '.join(shown)})"


def describe(value: object) -> str:
    """`value` for a log line: bytes (payloads, secrets) show as their length only."""
    return f"<{len(value)} bytes>" if isinstance(value, bytes) else repr(value)


def decode_properties(data: bytes, pos: int, end: int, place: int) -> Properties:
    """The property list at `pos` (its length comes first); the result's `end` is where it stops.

    `place` is the packet type, or `WILL` for the list inside CONNECT's payload. Raises
    MalformedPacket for an unknown identifier, a property that this place does not allow or a value
    cut short, ProtocolViolation for one repeated or out of range, and PacketError 0x94 for topic
    alias 0.
    """
    reader = Reader(data, pos, end)
    length = reader.varint()
    if reader.pos + length > end:
        raise MalformedPacket(f"the properties of {_place_name(place)} run past its end")
    reader.end = reader.pos + length
    properties = Properties()
    properties.end = reader.end
    seen = 0
    while reader.pos < reader.end:
        identifier = reader.u8("property identifier")
        spec = PROPERTY_BY_IDENTIFIER[identifier]
        if spec is None:
            raise MalformedPacket(f"unknown property identifier 0x{identifier:02x}")
        if not spec.places >> place & 1:
            # Malformed, not a protocol error: 2.2.2.2.
            raise MalformedPacket(f"property {spec.name} is not allowed in {_place_name(place)}")
        number = _read_property(reader, spec, properties)
        if seen & spec.mark and not _may_repeat(spec, place):
            raise ProtocolViolation(f"property {spec.name} appears twice in {_place_name(place)}")
        if not spec.lowest <= number <= spec.highest:
            raise PacketError(spec.range_error, f"property {spec.name} cannot be {number}")
        seen |= spec.mark
    return properties


def read_properties(reader: Reader, place: int) -> Properties | None:
    """Like `decode_properties` at the reader's position; None for an empty list."""
    if reader.pos < reader.end and reader.data[reader.pos] == 0:
        reader.pos += 1
        return None
    properties = decode_properties(reader.data, reader.pos, reader.end, place)
    reader.pos = properties.end
    return properties


def encode_properties(properties: Properties | None) -> bytes:
    """The property list with its length in front, in the order of the table.

    Raises ValueError for a value of the wrong type, out of range or too long for the wire. Whether
    a property belongs into the packet is the caller's business.
    """
    if properties is None:
        return NO_PROPERTIES
    parts: list[bytes] = []
    for spec in PROPERTY_TABLE:
        value: object = getattr(properties, spec.name)
        if value is not None:
            _append_property(parts, spec, value)
    body = b"".join(parts)
    return encode_varint(len(body)) + body


def _place_name(place: int) -> str:
    return "the will of CONNECT" if place == WILL else PACKET_NAMES[place]


def _may_repeat(spec: PropertySpec, place: int) -> bool:
    # A forwarded PUBLISH carries one identifier per overlapping subscription [MQTT-3.3.4-3]; a
    # SUBSCRIBE has at most one (3.8.2.1.2).
    return spec.kind == STRING_PAIR or (spec.kind == VARIABLE and place == PUBLISH)


def _read_property(reader: Reader, spec: PropertySpec, properties: Properties) -> int:
    """Set one property; return its value if that is a number, otherwise 0."""
    number = 0
    if spec.kind == STRING_PAIR:
        pair = (reader.string("user property name"), reader.string("user property value"))
        if properties.user_properties is None:
            properties.user_properties = [pair]
        else:
            properties.user_properties.append(pair)
    elif spec.kind == STRING:
        setattr(properties, spec.name, reader.string(spec.name))
    elif spec.kind == BINARY:
        setattr(properties, spec.name, reader.binary(spec.name))
    else:
        number = _read_number(reader, spec)
        if spec.kind != VARIABLE:
            setattr(properties, spec.name, number)
        elif properties.subscription_identifiers is None:
            properties.subscription_identifiers = [number]
        else:
            properties.subscription_identifiers.append(number)
    return number


def _read_number(reader: Reader, spec: PropertySpec) -> int:
    if spec.kind == ONE_BYTE:
        return reader.u8(spec.name)
    if spec.kind == TWO_BYTES:
        return reader.u16(spec.name)
    if spec.kind == FOUR_BYTES:
        return reader.u32(spec.name)
    return reader.varint()


def _append_property(parts: list[bytes], spec: PropertySpec, value: object) -> None:
    identifier = VARINT[spec.identifier]
    if spec.kind == STRING_PAIR and isinstance(value, list):
        for name, text in value:
            parts.append(identifier + encode_string(name) + encode_string(text))
    elif spec.kind == VARIABLE and isinstance(value, list):
        parts.extend([identifier + _encode_number(spec, number) for number in value])
    elif spec.kind == STRING and isinstance(value, str):
        parts.append(identifier + encode_string(value))
    elif spec.kind == BINARY and isinstance(value, bytes):
        parts.append(identifier + encode_binary(value))
    elif spec.kind < VARIABLE and isinstance(value, int):
        parts.append(identifier + _encode_number(spec, value))
    else:
        raise ValueError(f"property {spec.name} cannot be a {type(value).__name__}")


def _encode_number(spec: PropertySpec, number: int) -> bytes:
    if not spec.lowest <= number <= spec.highest:
        raise ValueError(
            f"property {spec.name} cannot be {number}: expected {spec.lowest}..{spec.highest}"
        )
    if spec.kind == VARIABLE:
        return encode_varint(number)
    return number.to_bytes(spec.kind, "big")
