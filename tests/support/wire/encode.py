"""Bytes of the packets a client sends.

Every function makes a correct packet unless told otherwise; strings may be given as ``bytes`` to
hold what no string may, flags and first bytes may be overridden, and `packet` frames anything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from wire import code, prop
from wire.primitives import binary, string, u8, u16, varint

PROTOCOL_NAMES = {code.V31: "MQIsdp", code.V311: "MQTT", code.V5: "MQTT"}

PINGREQ = b"\xc0\x00"


@dataclass(frozen=True)
class Will:
    """The will fields of a CONNECT; ``properties`` are sent in 5.0 only."""

    topic: str | bytes
    payload: bytes = b"will"
    qos: int = 0
    retain: bool = False
    properties: Sequence[prop.Pair] = ()


class ConnectOptions(TypedDict, total=False):
    """What a client may say in CONNECT besides its id; defaults as in `connect`."""

    clean: bool
    keep_alive: int
    will: Will | None
    username: str | bytes | None
    password: bytes | None
    properties: Sequence[prop.Pair]


def packet(first_byte: int, body: bytes) -> bytes:
    """A whole packet: first byte, remaining length, body."""
    return u8(first_byte) + varint(len(body)) + body


def connect(
    level: int,
    client_id: str | bytes,
    *,
    clean: bool = True,
    keep_alive: int = 60,
    will: Will | None = None,
    username: str | bytes | None = None,
    password: bytes | None = None,
    properties: Sequence[prop.Pair] = (),
    protocol_name: str | bytes | None = None,
    flags: int | None = None,
    wire_level: int | None = None,
    first_byte: int = 0x10,
    tail: bytes = b"",
) -> bytes:
    """A CONNECT; ``flags`` and ``wire_level`` replace those bytes without changing the fields."""
    if protocol_name is None:
        protocol_name = PROTOCOL_NAMES[level]
    actual = _connect_flags(clean, will, username, password)
    body = string(protocol_name)
    body += u8(level if wire_level is None else wire_level)
    body += u8(actual if flags is None else flags) + u16(keep_alive)
    if level == code.V5:
        body += prop.encode(properties)
    body += string(client_id)
    if will is not None:
        if level == code.V5:
            body += prop.encode(will.properties)
        body += string(will.topic) + binary(will.payload)
    if username is not None:
        body += string(username)
    if password is not None:
        body += binary(password)
    return packet(first_byte, body + tail)


def _connect_flags(
    clean: bool, will: Will | None, username: str | bytes | None, password: bytes | None
) -> int:
    flags = 0x02 if clean else 0
    if will is not None:
        flags |= 0x04 | will.qos << 3 | (0x20 if will.retain else 0)
    if username is not None:
        flags |= 0x80
    if password is not None:
        flags |= 0x40
    return flags


def publish(
    level: int,
    topic: str | bytes,
    payload: bytes = b"",
    *,
    qos: int = 0,
    packet_id: int | None = None,
    retain: bool = False,
    dup: bool = False,
    properties: Iterable[prop.Pair] = (),
) -> bytes:
    """A PUBLISH; ``packet_id`` None leaves the field out."""
    body = string(topic)
    if packet_id is not None:
        body += u16(packet_id)
    if level == code.V5:
        body += prop.encode(properties)
    first_byte = code.PUBLISH << 4 | (8 if dup else 0) | qos << 1 | (1 if retain else 0)
    return packet(first_byte, body + payload)


def ack(
    level: int,
    packet_type: int,
    packet_id: int,
    reason: int = 0,
    properties: Sequence[prop.Pair] | None = None,
    *,
    flags: int | None = None,
) -> bytes:
    """PUBACK, PUBREC, PUBREL or PUBCOMP; in 5.0 in the shortest form that says it all."""
    body = u16(packet_id)
    if level == code.V5 and (reason or properties is not None):
        body += u8(reason)
        if properties is not None:
            body += prop.encode(properties)
    if flags is None:
        flags = 2 if packet_type == code.PUBREL else 0
    return packet(packet_type << 4 | flags, body)


def subscribe(
    level: int,
    packet_id: int,
    filters: Iterable[tuple[str | bytes, int]],
    properties: Iterable[prop.Pair] = (),
    *,
    flags: int = 2,
) -> bytes:
    """A SUBSCRIBE of (filter, options byte) pairs."""
    body = u16(packet_id)
    if level == code.V5:
        body += prop.encode(properties)
    body += b"".join(string(name) + u8(options) for name, options in filters)
    return packet(code.SUBSCRIBE << 4 | flags, body)


def unsubscribe(
    level: int,
    packet_id: int,
    filters: Iterable[str | bytes],
    properties: Iterable[prop.Pair] = (),
    *,
    flags: int = 2,
) -> bytes:
    """An UNSUBSCRIBE."""
    body = u16(packet_id)
    if level == code.V5:
        body += prop.encode(properties)
    body += b"".join(string(name) for name in filters)
    return packet(code.UNSUBSCRIBE << 4 | flags, body)


def disconnect(
    level: int,
    reason: int = 0,
    properties: Sequence[prop.Pair] | None = None,
    *,
    flags: int = 0,
) -> bytes:
    """A DISCONNECT; without reason and properties the two-byte form."""
    body = b""
    if level == code.V5 and (reason or properties is not None):
        body = u8(reason)
        if properties is not None:
            body += prop.encode(properties)
    return packet(code.DISCONNECT << 4 | flags, body)


def auth(reason: int, properties: Sequence[prop.Pair] = (), *, flags: int = 0) -> bytes:
    """An AUTH (5.0 only)."""
    return packet(code.AUTH << 4 | flags, u8(reason) + prop.encode(properties))
