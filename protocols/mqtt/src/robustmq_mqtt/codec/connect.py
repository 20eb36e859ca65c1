"""[H] CONNECT and CONNACK (sections 3.1 and 3.2)."""

from typing import Final

from robustmq_mqtt.codec.errors import MalformedPacket, PacketError, ProtocolViolation
from robustmq_mqtt.codec.packets import (
    PROTOCOL_NAME,
    PROTOCOL_NAME_V3,
    Connack,
    Connect,
    Will,
)
from robustmq_mqtt.codec.properties import Properties, encode_properties, read_properties
from robustmq_mqtt.codec.property_table import WILL
from robustmq_mqtt.codec.reader import Reader
from robustmq_mqtt.codec.reason_codes import (
    CONNACK_CODES,
    SUCCESS,
    UNSUPPORTED_PROTOCOL_VERSION,
    connack_return_code_v3,
)
from robustmq_mqtt.codec.wire import (
    CONNACK,
    CONNECT,
    PACKET_ID,
    V3,
    V4,
    V5,
    encode_binary,
    encode_string,
    encode_varint,
)

_USERNAME_FLAG: Final = 0x80
_PASSWORD_FLAG: Final = 0x40
_WILL_RETAIN_FLAG: Final = 0x20
_WILL_QOS_BITS: Final = 0x18
_WILL_FLAG: Final = 0x04
_CLEAN_START_FLAG: Final = 0x02
_RESERVED_FLAG: Final = 0x01
_BRIDGE_BIT: Final = 0x80


def connect_version(data: bytes, pos: int, end: int) -> int:
    """The protocol level (3, 4 or 5) that the CONNECT body at `pos` asks for; 0 if unknown.

    Never raises: it says how to answer a CONNECT that `decode_connect` has refused.
    """
    try:
        return _read_level(Reader(data, pos, end)) & ~_BRIDGE_BIT
    except PacketError:
        return 0


def decode_connect(data: bytes, pos: int, end: int) -> Connect:
    """The CONNECT with its body at `pos`, up to `end`; its fixed header lies right before `pos`.

    The header's flags and padding are judged here, because they depend on the version. Raises
    MalformedPacket, ProtocolViolation for properties, and PacketError 0x84 for a protocol name or
    level that is not known.
    """
    reader = Reader(data, pos, end)
    level = _read_level(reader)
    version = level & ~_BRIDGE_BIT
    _check_fixed_header(data, pos, version)
    flags = reader.u8("connect flags")
    _check_flags(flags, version)
    keep_alive = reader.u16("keep alive")
    properties = read_properties(reader, CONNECT) if version >= V5 else None
    _check_authentication(properties)
    client_id = reader.string("client identifier")
    will = _read_will(reader, flags, version) if flags & _WILL_FLAG else None
    username: str | None = None
    if flags & _USERNAME_FLAG and not _is_left_out(reader, version):
        username = reader.string("user name")
    password: bytes | None = None
    if flags & _PASSWORD_FLAG and not _is_left_out(reader, version):
        password = reader.binary("password")
    reader.finish("CONNECT")
    return Connect(
        version=version,
        client_id=client_id,
        clean_start=flags & _CLEAN_START_FLAG != 0,
        keep_alive=keep_alive,
        username=username,
        password=password,
        will=will,
        properties=properties,
        is_bridge=level & _BRIDGE_BIT != 0,
    )


def encode_connect(packet: Connect) -> bytes:
    """A CONNECT frame; ValueError for a field that does not fit the wire or the version."""
    version = packet.version
    if packet.password is not None and packet.username is None and version < V5:
        raise ValueError("MQTT 3.x allows no password without a user name")
    level = version | _BRIDGE_BIT if packet.is_bridge else version
    parts = [encode_string(packet.protocol_name), bytes([level, _connect_flags(packet)])]
    parts.append(PACKET_ID[packet.keep_alive])
    if version >= V5:
        parts.append(encode_properties(packet.properties))
    parts.append(encode_string(packet.client_id))
    will = packet.will
    if will is not None:
        if version >= V5:
            parts.append(encode_properties(will.properties))
        parts.append(encode_string(will.topic))
        parts.append(encode_binary(will.payload))
    if packet.username is not None:
        parts.append(encode_string(packet.username))
    if packet.password is not None:
        parts.append(encode_binary(packet.password))
    body = b"".join(parts)
    return b"\x10" + encode_varint(len(body)) + body


def decode_connack(data: bytes, pos: int, end: int, version: int) -> Connack:
    """CONNACK. Raises MalformedPacket, and ProtocolViolation for a code CONNACK cannot carry."""
    reader = Reader(data, pos, end)
    flags = reader.u8("connect acknowledge flags")
    reason_code = reader.u8("reason code")
    properties = read_properties(reader, CONNACK) if version >= V5 else None
    reader.finish("CONNACK")
    if version == V3:
        flags = 0  # MQTT 3.1 reserves this byte without giving it a value.
    if flags > 1:
        raise MalformedPacket("CONNACK has reserved flag bits set")  # [MQTT-3.2.2-1]
    if reason_code > 5 if version < V5 else reason_code not in CONNACK_CODES:
        raise ProtocolViolation(f"CONNACK cannot carry reason code 0x{reason_code:02x}")
    if flags and reason_code != SUCCESS:
        raise ProtocolViolation("CONNACK refuses but has session present")  # [MQTT-3.2.2-6]
    _check_authentication(properties)
    return Connack(flags == 1, reason_code, properties)


def encode_connack(
    session_present: bool, reason_code: int, properties: Properties | None, version: int
) -> bytes:
    """A CONNACK frame; `reason_code` is the MQTT 5 one and is translated for 3.x.

    Session Present goes out only with success [MQTT-3.2.2-6] and never to MQTT 3.1, which has no
    such flag. Raises ValueError for a property that does not fit the wire.
    """
    present = session_present and reason_code == SUCCESS and version != V3
    if version < V5:
        return bytes([0x20, 2, present, connack_return_code_v3(reason_code)])
    body = bytes([present, reason_code]) + encode_properties(properties)
    return b"\x20" + encode_varint(len(body)) + body


def _read_level(reader: Reader) -> int:
    """The protocol level, with the bridge bit of 3.x if set [MQTT-3.1.2-1], [MQTT-3.1.2-2]."""
    name = reader.string("protocol name")
    level = reader.u8("protocol level")
    if name == PROTOCOL_NAME and (level == V5 or level & ~_BRIDGE_BIT == V4):
        return level
    if name == PROTOCOL_NAME_V3 and level & ~_BRIDGE_BIT == V3:
        return level
    raise PacketError(
        UNSUPPORTED_PROTOCOL_VERSION,
        f"protocol {name[:16]!r} level {level} is not supported; "
        "known are 'MQIsdp' 3, 'MQTT' 4 and 'MQTT' 5",
    )


def _check_fixed_header(data: bytes, pos: int, version: int) -> None:
    if version == V3:
        return  # MQTT 3.1 leaves the flags of CONNECT undefined.
    # Length bytes before the last one are 0x80 or more, the first byte of a CONNECT never is.
    start = pos - 2
    while start >= 0 and data[start] >= 0x80:
        start -= 1
    if start < 0:
        return
    if data[start] & 0x0F:
        raise MalformedPacket("CONNECT has reserved flag bits set")  # [MQTT-2.1.3-1]
    if version >= V5 and data[pos - 1] == 0:
        # [MQTT-1.5.5-1]
        raise MalformedPacket("the remaining length has more bytes than it needs")


def _check_flags(flags: int, version: int) -> None:
    """The Connect Flags byte (3.1.2.3); MQTT 3.1 defines fewer rules for it."""
    if flags & _WILL_FLAG and flags & _WILL_QOS_BITS == _WILL_QOS_BITS:
        raise MalformedPacket("CONNECT has will QoS 3")  # [MQTT-3.1.2-12]
    if flags & _PASSWORD_FLAG and not flags & _USERNAME_FLAG and version < V5:
        # [3.1.1: MQTT-3.1.2-22]
        raise MalformedPacket("CONNECT has a password but no user name")
    if version == V3:
        return
    if flags & _RESERVED_FLAG:
        raise MalformedPacket("CONNECT has the reserved connect flag set")  # [MQTT-3.1.2-3]
    if not flags & _WILL_FLAG and flags & (_WILL_QOS_BITS | _WILL_RETAIN_FLAG):
        # [MQTT-3.1.2-11], [MQTT-3.1.2-13]
        raise MalformedPacket("CONNECT has will QoS or will retain but no will")


def _check_authentication(properties: Properties | None) -> None:
    # 3.1.2.11.10 and 3.2.2.3.18
    if (
        properties is not None
        and properties.authentication_data is not None
        and properties.authentication_method is None
    ):
        raise ProtocolViolation("authentication data without an authentication method")


def _read_will(reader: Reader, flags: int, version: int) -> Will:
    properties = read_properties(reader, WILL) if version >= V5 else None
    topic = reader.string("will topic")
    payload = reader.binary("will payload")
    qos = (flags & _WILL_QOS_BITS) >> 3
    return Will(topic, payload, qos, flags & _WILL_RETAIN_FLAG != 0, properties)


def _is_left_out(reader: Reader, version: int) -> bool:
    # MQTT 3.1 lets the remaining length overrule the flags, for clients of the first version.
    return version == V3 and reader.pos == reader.end


def _connect_flags(packet: Connect) -> int:
    flags = _CLEAN_START_FLAG if packet.clean_start else 0
    will = packet.will
    if will is not None:
        flags |= _WILL_FLAG | will.qos << 3
        if will.retain:
            flags |= _WILL_RETAIN_FLAG
    if packet.username is not None:
        flags |= _USERNAME_FLAG
    if packet.password is not None:
        flags |= _PASSWORD_FLAG
    return flags
