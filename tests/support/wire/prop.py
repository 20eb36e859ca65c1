"""MQTT 5 properties: identifiers, encodings, and where a server may put them.

A property list is a sequence of ``(identifier, value)`` pairs, so it can repeat a property, hold
one that is not allowed, or hold raw ``bytes`` in place of a well-formed value.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from wire import code
from wire.primitives import Cursor, WireError, binary, string, u8, u16, u32, varint

PAYLOAD_FORMAT_INDICATOR: Final = 0x01
MESSAGE_EXPIRY_INTERVAL: Final = 0x02
CONTENT_TYPE: Final = 0x03
RESPONSE_TOPIC: Final = 0x08
CORRELATION_DATA: Final = 0x09
SUBSCRIPTION_IDENTIFIER: Final = 0x0B
SESSION_EXPIRY_INTERVAL: Final = 0x11
ASSIGNED_CLIENT_IDENTIFIER: Final = 0x12
SERVER_KEEP_ALIVE: Final = 0x13
AUTHENTICATION_METHOD: Final = 0x15
AUTHENTICATION_DATA: Final = 0x16
REQUEST_PROBLEM_INFORMATION: Final = 0x17
WILL_DELAY_INTERVAL: Final = 0x18
REQUEST_RESPONSE_INFORMATION: Final = 0x19
RESPONSE_INFORMATION: Final = 0x1A
SERVER_REFERENCE: Final = 0x1C
REASON_STRING: Final = 0x1F
RECEIVE_MAXIMUM: Final = 0x21
TOPIC_ALIAS_MAXIMUM: Final = 0x22
TOPIC_ALIAS: Final = 0x23
MAXIMUM_QOS: Final = 0x24
RETAIN_AVAILABLE: Final = 0x25
USER_PROPERTY: Final = 0x26
MAXIMUM_PACKET_SIZE: Final = 0x27
WILDCARD_SUBSCRIPTION_AVAILABLE: Final = 0x28
SUBSCRIPTION_IDENTIFIER_AVAILABLE: Final = 0x29
SHARED_SUBSCRIPTION_AVAILABLE: Final = 0x2A

Value = int | str | bytes | tuple[str, str]
Pair = tuple[int, Value]

_ONE: Final = {0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A}
_TWO: Final = {0x13, 0x21, 0x22, 0x23}
_FOUR: Final = {0x02, 0x11, 0x18, 0x27}
_STRINGS: Final = {0x03, 0x08, 0x12, 0x15, 0x1A, 0x1C, 0x1F}
_BINARIES: Final = {0x09, 0x16}

# Table 2-4, the columns of the packets that a server sends.
_ANSWER: Final = frozenset({REASON_STRING, USER_PROPERTY})
FROM_SERVER: Final = {
    code.CONNACK: frozenset(
        {
            *(0x11, 0x12, 0x13, 0x15, 0x16, 0x1A, 0x1C, 0x1F, 0x21, 0x22),
            *(0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A),
        }
    ),
    code.PUBLISH: frozenset({0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x23, 0x26}),
    code.PUBACK: _ANSWER,
    code.PUBREC: _ANSWER,
    code.PUBREL: _ANSWER,
    code.PUBCOMP: _ANSWER,
    code.SUBACK: _ANSWER,
    code.UNSUBACK: _ANSWER,
    # Session Expiry Interval is for the client's DISCONNECT only [MQTT-3.14.2-2].
    code.DISCONNECT: frozenset({SERVER_REFERENCE, REASON_STRING, USER_PROPERTY}),
    code.AUTH: frozenset({AUTHENTICATION_METHOD, AUTHENTICATION_DATA, 0x1F, 0x26}),
}
_REPEATABLE: Final = {(code.PUBLISH, SUBSCRIPTION_IDENTIFIER)}


class Properties:
    """The properties of a packet that was read, in their order."""

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        self.pairs = list(pairs)

    def __contains__(self, identifier: int) -> bool:
        return any(key == identifier for key, _ in self.pairs)

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def __repr__(self) -> str:
        return f"Properties({self.pairs})"

    def all(self, identifier: int) -> list[Value]:
        """Every value of the property, in order."""
        return [value for key, value in self.pairs if key == identifier]

    def get(self, identifier: int) -> Value | None:
        """The value of a property that may be there once, or None."""
        values = self.all(identifier)
        return values[0] if values else None

    def number(self, identifier: int, default: int | None = None) -> int:
        """The value of a numeric property; fails the test if absent and there is no default."""
        value = self.get(identifier)
        if value is None:
            assert default is not None, f"property 0x{identifier:02x} is missing from {self}"
            return default
        assert isinstance(value, int)
        return value

    @property
    def user(self) -> list[Value]:
        """All user properties as (name, value), in order."""
        return self.all(USER_PROPERTY)


def value_bytes(identifier: int, value: Value) -> bytes:
    """The encoded value; ``bytes`` for a property that is not binary data goes out as it is."""
    if identifier in _BINARIES:
        assert isinstance(value, bytes)
        return binary(value)
    if isinstance(value, bytes):
        return value
    if isinstance(value, tuple):
        return string(value[0]) + string(value[1])
    if isinstance(value, str):
        return string(value)
    if identifier in _ONE:
        return u8(value)
    if identifier in _TWO:
        return u16(value)
    if identifier in _FOUR:
        return u32(value)
    return varint(value)


def encode(pairs: Iterable[Pair]) -> bytes:
    """The property list with its length in front."""
    body = b"".join(varint(key) + value_bytes(key, value) for key, value in pairs)
    return varint(len(body)) + body


def decode(cursor: Cursor, packet_type: int) -> Properties:
    """Read the property list of a packet from a server; WireError if it is not one."""
    part = Cursor(cursor.take(cursor.varint()))
    allowed = FROM_SERVER[packet_type]
    pairs: list[Pair] = []
    seen: set[int] = set()
    while not part.done:
        identifier = part.varint()
        if identifier not in allowed:
            raise WireError(f"property 0x{identifier:02x} in packet type {packet_type}")
        repeatable = identifier == USER_PROPERTY or (packet_type, identifier) in _REPEATABLE
        if identifier in seen and not repeatable:
            raise WireError(f"property 0x{identifier:02x} twice in packet type {packet_type}")
        seen.add(identifier)
        pairs.append((identifier, _value(part, identifier)))
    return Properties(pairs)


def _value(part: Cursor, identifier: int) -> Value:
    if identifier in _ONE:
        return part.u8()
    if identifier in _TWO:
        return part.u16()
    if identifier in _FOUR:
        return part.u32()
    if identifier in _STRINGS:
        return part.string()
    if identifier in _BINARIES:
        return part.binary()
    if identifier == USER_PROPERTY:
        return (part.string(), part.string())
    return part.varint()
