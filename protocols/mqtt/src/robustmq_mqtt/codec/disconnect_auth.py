"""[H] DISCONNECT and AUTH (sections 3.14, 3.15), and the empty body of PINGREQ and PINGRESP."""

from typing import Final

from robustmq_mqtt.codec.errors import MalformedPacket, ProtocolViolation
from robustmq_mqtt.codec.packets import Auth, Disconnect
from robustmq_mqtt.codec.properties import Properties, encode_properties, read_properties
from robustmq_mqtt.codec.reader import Reader
from robustmq_mqtt.codec.reason_codes import AUTH_CODES, DISCONNECT_CODES, SUCCESS
from robustmq_mqtt.codec.wire import AUTH, DISCONNECT, PACKET_NAMES, V5, encode_varint

DISCONNECT_FRAME: Final = b"\xe0\x00"


def check_empty(pos: int, end: int, packet_type: int) -> None:
    """Raise MalformedPacket if a packet that has no body (PINGREQ, PINGRESP) has one."""
    if pos != end:
        raise MalformedPacket(f"{PACKET_NAMES[packet_type]} has a body")


def decode_disconnect(data: bytes, pos: int, end: int, version: int) -> Disconnect:
    """DISCONNECT of either side; who may use which code is for the session to say.

    Raises MalformedPacket, and ProtocolViolation for a code DISCONNECT cannot carry.
    """
    if pos == end:
        return Disconnect()
    if version < V5:
        raise MalformedPacket("DISCONNECT has a body")
    reader = Reader(data, pos, end)
    reason_code = reader.u8("reason code")
    # A body of one byte has no property length (3.14.2.2.1).
    properties = read_properties(reader, DISCONNECT) if reader.pos < end else None
    reader.finish("DISCONNECT")
    if reason_code not in DISCONNECT_CODES:
        raise ProtocolViolation(f"DISCONNECT cannot carry reason code 0x{reason_code:02x}")
    return Disconnect(reason_code, properties)


def encode_disconnect(reason_code: int, properties: Properties | None, version: int) -> bytes:
    """A DISCONNECT frame in its shortest form; in MQTT 3.x it has no reason code."""
    if version < V5:
        return DISCONNECT_FRAME
    return _frame(0xE0, reason_code, properties)


def decode_auth(data: bytes, pos: int, end: int) -> Auth:
    """AUTH of either side; who may use which code is for the session to say.

    Raises MalformedPacket, and ProtocolViolation for a code AUTH cannot carry or for a body that
    names no authentication method (3.15.2.2.2). The short form without a body names none either;
    whether it may stand here depends on the exchange it belongs to.
    """
    if pos == end:
        return Auth()
    reader = Reader(data, pos, end)
    reason_code = reader.u8("reason code")
    properties = read_properties(reader, AUTH)
    reader.finish("AUTH")
    if reason_code not in AUTH_CODES:
        raise ProtocolViolation(f"AUTH cannot carry reason code 0x{reason_code:02x}")
    if properties is None or properties.authentication_method is None:
        raise ProtocolViolation("AUTH names no authentication method")
    return Auth(reason_code, properties)


def encode_auth(reason_code: int, properties: Properties | None) -> bytes:
    """An AUTH frame; ValueError for a property that does not fit the wire."""
    if reason_code != SUCCESS and properties is None:
        properties = Properties()
    return _frame(0xF0, reason_code, properties)


def _frame(first: int, reason_code: int, properties: Properties | None) -> bytes:
    if properties is None:
        if reason_code == SUCCESS:
            return bytes([first, 0])
        return bytes([first, 1, reason_code])
    body = encode_properties(properties)
    return bytes([first]) + encode_varint(1 + len(body)) + bytes([reason_code]) + body
