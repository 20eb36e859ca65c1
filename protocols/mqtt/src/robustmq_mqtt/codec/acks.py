"""[H] PUBACK, PUBREC, PUBREL and PUBCOMP (sections 3.4 to 3.7): one layout, four packet types."""

from typing import Final

from robustmq_mqtt.codec.errors import MalformedPacket, ProtocolViolation
from robustmq_mqtt.codec.packets import Ack
from robustmq_mqtt.codec.properties import Properties, encode_properties, read_properties
from robustmq_mqtt.codec.reader import Reader
from robustmq_mqtt.codec.reason_codes import (
    PUBACK_CODES,
    PUBCOMP_CODES,
    PUBREC_CODES,
    PUBREL_CODES,
    SUCCESS,
)
from robustmq_mqtt.codec.wire import (
    PACKET_ID,
    PACKET_NAMES,
    PUBACK,
    PUBREC,
    PUBREL,
    V5,
    encode_varint,
)

# A successful acknowledgement is one of these and PACKET_ID[n]; every version reads it.
PUBACK_PREFIX: Final = b"\x40\x02"
PUBREC_PREFIX: Final = b"\x50\x02"
PUBREL_PREFIX: Final = b"\x62\x02"
PUBCOMP_PREFIX: Final = b"\x70\x02"


def decode_ack(data: bytes, pos: int, end: int, packet_type: int, version: int) -> Ack:
    """The acknowledgement of `packet_type` with its body at `pos`, up to `end`.

    Raises MalformedPacket, and ProtocolViolation for packet identifier 0 or a reason code that this
    packet cannot carry.
    """
    if end - pos < 2:
        raise MalformedPacket(f"{PACKET_NAMES[packet_type]} is too short for a packet identifier")
    packet_id = data[pos] << 8 | data[pos + 1]
    if packet_id == 0:
        raise ProtocolViolation(f"{PACKET_NAMES[packet_type]} has packet identifier 0")
    if end - pos == 2:
        return Ack(packet_type, packet_id)
    if version < V5:
        raise MalformedPacket(f"{PACKET_NAMES[packet_type]} is longer than a packet identifier")
    return _decode_long_ack(data, pos + 2, end, packet_type, packet_id)


def encode_ack(
    packet_type: int, packet_id: int, reason_code: int, properties: Properties | None, version: int
) -> bytes:
    """An acknowledgement frame in its shortest form; ValueError for an unencodable property.

    MQTT 3.x has neither reason code nor properties, so both are left out.
    """
    if (properties is None and reason_code == SUCCESS) or version < V5:
        return _prefix(packet_type) + PACKET_ID[packet_id]
    body = PACKET_ID[packet_id] + bytes([reason_code])
    if properties is not None:
        body += encode_properties(properties)
    return _prefix(packet_type)[:1] + encode_varint(len(body)) + body


def _decode_long_ack(data: bytes, pos: int, end: int, packet_type: int, packet_id: int) -> Ack:
    reader = Reader(data, pos, end)
    reason_code = reader.u8("reason code")
    # The property length may be left out together with the properties (3.4.2.2.1).
    properties = read_properties(reader, packet_type) if reader.pos < end else None
    name = PACKET_NAMES[packet_type]
    reader.finish(name)
    if reason_code not in _allowed_codes(packet_type):
        raise ProtocolViolation(f"{name} cannot carry reason code 0x{reason_code:02x}")
    return Ack(packet_type, packet_id, reason_code, properties)


def _prefix(packet_type: int) -> bytes:
    if packet_type == PUBACK:
        return PUBACK_PREFIX
    if packet_type == PUBREC:
        return PUBREC_PREFIX
    return PUBREL_PREFIX if packet_type == PUBREL else PUBCOMP_PREFIX


def _allowed_codes(packet_type: int) -> frozenset[int]:
    if packet_type == PUBACK:
        return PUBACK_CODES
    if packet_type == PUBREC:
        return PUBREC_CODES
    return PUBREL_CODES if packet_type == PUBREL else PUBCOMP_CODES
