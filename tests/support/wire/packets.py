"""The packets a server sends, read strictly: whatever the specification forbids raises WireError.

Because every test reads through this, each of them also shows that reserved bits, lengths, reason
codes and properties of the server's packets are as the specification has them.
"""

from dataclasses import dataclass, field

from wire import code, prop
from wire.primitives import Cursor, WireError, varint
from wire.prop import Properties

__all__ = ["Cursor", "Packet", "WireError", "read"]


@dataclass(frozen=True)
class Packet:
    """Any packet; ``raw`` is the whole of it as it came."""

    raw: bytes = field(repr=False)


@dataclass(frozen=True)
class Connack(Packet):
    session_present: bool
    reason: int
    properties: Properties


@dataclass(frozen=True)
class Publish(Packet):
    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    packet_id: int | None
    properties: Properties


@dataclass(frozen=True)
class Ack(Packet):
    packet_id: int
    reason: int
    properties: Properties


class Puback(Ack):
    """Answer to a QoS 1 PUBLISH."""


class Pubrec(Ack):
    """First answer to a QoS 2 PUBLISH."""


class Pubrel(Ack):
    """Answer to a PUBREC."""


class Pubcomp(Ack):
    """Answer to a PUBREL."""


@dataclass(frozen=True)
class Suback(Packet):
    packet_id: int
    reasons: tuple[int, ...]
    properties: Properties


@dataclass(frozen=True)
class Unsuback(Packet):
    """``reasons`` is empty before 5.0."""

    packet_id: int
    reasons: tuple[int, ...]
    properties: Properties


class Pingresp(Packet):
    """Answer to a PINGREQ."""


@dataclass(frozen=True)
class Disconnect(Packet):
    reason: int
    properties: Properties


@dataclass(frozen=True)
class Auth(Packet):
    reason: int
    properties: Properties


_ACKS: dict[int, tuple[type[Ack], int, frozenset[int]]] = {
    code.PUBACK: (Puback, 0, code.PUBACK_CODES),
    code.PUBREC: (Pubrec, 0, code.PUBREC_CODES),
    code.PUBREL: (Pubrel, 2, code.PUBREL_CODES),
    code.PUBCOMP: (Pubcomp, 0, code.PUBCOMP_CODES),
}


def read(level: int, first_byte: int, body: bytes) -> Packet:
    """The packet of that first byte and body, for a client that speaks ``level``."""
    raw = bytes([first_byte]) + varint(len(body)) + body
    packet_type, flags = first_byte >> 4, first_byte & 15
    cursor = Cursor(body)
    packet = _read(level, packet_type, flags, cursor, raw)
    if not cursor.done:
        raise WireError(f"bytes after the end of {packet}: {cursor.rest().hex(' ')}")
    return packet


def _read(level: int, packet_type: int, flags: int, cursor: Cursor, raw: bytes) -> Packet:
    if packet_type == code.PUBLISH:
        return _publish(level, flags, cursor, raw)
    if packet_type in _ACKS:
        return _ack(level, packet_type, flags, cursor, raw)
    if flags:
        raise WireError(f"reserved flags {flags:04b} set in {raw.hex(' ')}")
    if packet_type == code.CONNACK:
        return _connack(level, cursor, raw)
    if packet_type in {code.SUBACK, code.UNSUBACK}:
        return _suback(level, packet_type, cursor, raw)
    if packet_type == code.PINGRESP:
        return Pingresp(raw)
    if packet_type == code.DISCONNECT and level == code.V5:
        return _disconnect(cursor, raw)
    if packet_type == code.AUTH and level == code.V5:
        return _auth(cursor, raw)
    raise WireError(f"a server must not send {raw.hex(' ')}")


def _connack(level: int, cursor: Cursor, raw: bytes) -> Connack:
    flags, reason = cursor.u8(), cursor.u8()
    if flags > 1 or (level == code.V31 and flags):
        raise WireError(f"reserved CONNACK flags set: {flags:08b}")
    if level != code.V5:
        if reason > code.NOT_AUTHORIZED_V3:
            raise WireError(f"CONNACK return code {reason}")
        return Connack(raw, bool(flags), reason, Properties())
    _check(reason, code.CONNACK_CODES, "CONNACK")
    if flags and reason:
        raise WireError("session present in a CONNACK that refuses")
    return Connack(raw, bool(flags), reason, prop.decode(cursor, code.CONNACK))


def _publish(level: int, flags: int, cursor: Cursor, raw: bytes) -> Publish:
    dup, qos, retain = bool(flags & 8), flags >> 1 & 3, bool(flags & 1)
    if qos > 2:
        raise WireError("PUBLISH with QoS 3")
    if dup and not qos:
        raise WireError("PUBLISH with QoS 0 and DUP 1")
    topic = cursor.string()
    packet_id = _packet_id(cursor) if qos else None
    properties = prop.decode(cursor, code.PUBLISH) if level == code.V5 else Properties()
    if not topic and prop.TOPIC_ALIAS not in properties:
        raise WireError("PUBLISH without topic and alias")
    if set(topic) & set("#+"):
        raise WireError(f"wildcard in the topic {topic!r}")
    if properties.get(prop.TOPIC_ALIAS) == 0:
        raise WireError("PUBLISH with topic alias 0")
    if properties.number(prop.PAYLOAD_FORMAT_INDICATOR, 0) > 1:
        raise WireError("PUBLISH with an unknown payload format")
    return Publish(raw, topic, cursor.rest(), qos, retain, dup, packet_id, properties)


def _ack(level: int, packet_type: int, flags: int, cursor: Cursor, raw: bytes) -> Ack:
    kind, expected_flags, codes = _ACKS[packet_type]
    if flags != expected_flags:
        raise WireError(f"{kind.__name__} with flags {flags:04b}")
    packet_id, reason, properties = _packet_id(cursor), 0, Properties()
    if level == code.V5 and not cursor.done:
        reason = cursor.u8()
        if not cursor.done:
            properties = prop.decode(cursor, packet_type)
    _check(reason, codes, kind.__name__)
    return kind(raw, packet_id, reason, properties)


def _suback(level: int, packet_type: int, cursor: Cursor, raw: bytes) -> Packet:
    packet_id = _packet_id(cursor)
    properties = prop.decode(cursor, packet_type) if level == code.V5 else Properties()
    reasons = tuple(cursor.rest())
    if packet_type == code.UNSUBACK:
        if level != code.V5 and reasons:
            raise WireError("UNSUBACK has codes only in 5.0")
        for reason in reasons:
            _check(reason, code.UNSUBACK_CODES, "UNSUBACK")
        return Unsuback(raw, packet_id, reasons, properties)
    allowed = code.SUBACK_CODES if level == code.V5 else frozenset({0, 1, 2, 0x80})
    for reason in reasons:
        _check(reason, allowed, "SUBACK")
    return Suback(raw, packet_id, reasons, properties)


def _disconnect(cursor: Cursor, raw: bytes) -> Disconnect:
    reason, properties = 0, Properties()
    if not cursor.done:
        reason = cursor.u8()
        if not cursor.done:
            properties = prop.decode(cursor, code.DISCONNECT)
    _check(reason, code.SERVER_DISCONNECT_CODES, "DISCONNECT")
    return Disconnect(raw, reason, properties)


def _auth(cursor: Cursor, raw: bytes) -> Auth:
    reason, properties = 0, Properties()
    if not cursor.done:
        reason = cursor.u8()
        if not cursor.done:
            properties = prop.decode(cursor, code.AUTH)
    _check(reason, code.AUTH_CODES, "AUTH")
    return Auth(raw, reason, properties)


def _packet_id(cursor: Cursor) -> int:
    packet_id = cursor.u16()
    if not packet_id:
        raise WireError("packet id 0")
    return packet_id


def _check(reason: int, allowed: frozenset[int], name: str) -> None:
    if reason not in allowed:
        raise WireError(f"reason code 0x{reason:02x} is not one of {name}")
