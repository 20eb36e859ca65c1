"""[H] Primitive types of the MQTT wire: integers, UTF-8 strings, binary data (section 1.5).

Readers take `(data, pos, end)`: `data` is the receive buffer, `pos` where the field starts and
`end` one past the packet. They raise `MalformedPacket` rather than read beyond `end`.
"""

from typing import Final

from robustmq_mqtt.codec.errors import MalformedPacket

# Control packet types: the upper half of a packet's first byte (table 2-1). 0 is forbidden.
CONNECT: Final = 1
CONNACK: Final = 2
PUBLISH: Final = 3
PUBACK: Final = 4
PUBREC: Final = 5
PUBREL: Final = 6
PUBCOMP: Final = 7
SUBSCRIBE: Final = 8
SUBACK: Final = 9
UNSUBSCRIBE: Final = 10
UNSUBACK: Final = 11
PINGREQ: Final = 12
PINGRESP: Final = 13
DISCONNECT: Final = 14
AUTH: Final = 15

PACKET_NAMES: Final[list[str]] = [
    *("reserved packet", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP"),
    *(
        "SUBSCRIBE",
        "SUBACK",
        "UNSUBSCRIBE",
        "UNSUBACK",
        "PINGREQ",
        "PINGRESP",
        "DISCONNECT",
        "AUTH",
    ),
]

# Protocol levels, as CONNECT carries them: MQTT 3.1, 3.1.1 and 5.0.
V3: Final = 3
V4: Final = 4
V5: Final = 5

MAX_STRING_SIZE: Final = 65_535
MAX_VARINT: Final = 268_435_455


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


# Encoders look these up instead of building them: VARINT[n] for every one- and two-byte variable
# integer, PACKET_ID[n] for every big-endian two-byte integer.
VARINT: Final[list[bytes]] = [_varint(value) for value in range(0x4000)]
PACKET_ID: Final[list[bytes]] = [value.to_bytes(2, "big") for value in range(0x1_0000)]


def encode_varint(value: int) -> bytes:
    """`value` as a Variable Byte Integer; ValueError outside 0..268,435,455."""
    if 0 <= value < 0x4000:
        return VARINT[value]
    if 0 <= value <= MAX_VARINT:
        return _varint(value)
    raise ValueError(f"{value} does not fit a variable byte integer (0..{MAX_VARINT})")


def decode_varint(data: bytes, pos: int, end: int) -> int:
    """The Variable Byte Integer at `pos`, packed as `value << 3 | size` (size is 1..4 bytes).

    Raises MalformedPacket if it is cut short, has a fifth byte, or is longer than it needs to be
    [MQTT-1.5.5-1].
    """
    if pos >= end:
        raise MalformedPacket("a variable byte integer is missing")
    if data[pos] < 0x80:
        return data[pos] << 3 | 1
    value = data[pos] & 0x7F
    for size in range(2, 5):
        pos += 1
        if pos >= end:
            raise MalformedPacket("a variable byte integer is cut short")
        value |= (data[pos] & 0x7F) << (7 * (size - 1))
        if data[pos] < 0x80:
            if data[pos] == 0:
                raise MalformedPacket("a variable byte integer has more bytes than it needs")
            return value << 3 | size
    raise MalformedPacket("a variable byte integer has more than four bytes")


def read_u16(data: bytes, pos: int, end: int, field: str) -> int:
    """The big-endian two-byte integer at `pos`; `field` names it in the error."""
    if pos + 2 > end:
        raise MalformedPacket(f"{field} is cut short")
    return data[pos] << 8 | data[pos + 1]


def read_u32(data: bytes, pos: int, end: int, field: str) -> int:
    """The big-endian four-byte integer at `pos`; `field` names it in the error."""
    if pos + 4 > end:
        raise MalformedPacket(f"{field} is cut short")
    return data[pos] << 24 | data[pos + 1] << 16 | data[pos + 2] << 8 | data[pos + 3]


def field_end(data: bytes, pos: int, end: int, field: str) -> int:
    """Where the length-prefixed field at `pos` ends; its content starts at `pos + 2`."""
    stop = pos + 2
    if stop <= end:
        stop += data[pos] << 8 | data[pos + 1]
    if stop > end:
        raise MalformedPacket(f"{field} is cut short")
    return stop


def decode_utf8(data: bytes, start: int, stop: int, field: str) -> str:
    """`data[start:stop]` as text; MalformedPacket for what is not UTF-8 without U+0000.

    Surrogates and over-long forms are refused [MQTT-1.5.4-1], U+0000 too [MQTT-1.5.4-2]; a byte
    order mark is kept [MQTT-1.5.4-3]. Control characters and non-characters pass: the specification
    leaves them to the receiver, and user properties legitimately hold line breaks.
    """
    try:
        text = data[start:stop].decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedPacket(f"{field} is not valid UTF-8") from None
    if "\0" in text:
        raise MalformedPacket(f"{field} contains the null character U+0000")
    return text


def encode_string(text: str) -> bytes:
    """`text` as a UTF-8 Encoded String; ValueError if too long, or with U+0000 or a surrogate."""
    if "\0" in text:
        raise ValueError("an MQTT string cannot contain the null character U+0000")
    return encode_binary(text.encode("utf-8"))


def encode_binary(data: bytes) -> bytes:
    """`data` with its two-byte length in front; ValueError over 65,535 bytes."""
    if len(data) > MAX_STRING_SIZE:
        raise ValueError(f"{len(data)} bytes do not fit an MQTT string (at most {MAX_STRING_SIZE})")
    return PACKET_ID[len(data)] + data
