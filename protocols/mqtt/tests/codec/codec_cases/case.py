"""What a case is, how its bytes are written down, and how to decode and encode any packet."""

import re
from dataclasses import dataclass

from robustmq_mqtt.codec.acks import encode_ack
from robustmq_mqtt.codec.connect import encode_connack, encode_connect
from robustmq_mqtt.codec.decoder import decode_packet
from robustmq_mqtt.codec.disconnect_auth import encode_auth, encode_disconnect
from robustmq_mqtt.codec.fixed_header import frame_end
from robustmq_mqtt.codec.packets import (
    PINGREQ_FRAME,
    PINGRESP_FRAME,
    Ack,
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Ping,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)
from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.publish import Publish, encode_publish
from robustmq_mqtt.codec.subscribe import (
    encode_suback,
    encode_subscribe,
    encode_unsuback,
    encode_unsubscribe,
)
from robustmq_mqtt.codec.wire import CONNECT, PINGREQ

MAX_PACKET_SIZE = 268_435_460

_TOKEN = re.compile(r"'([^']*)'|<([^>]*)>|(##)|(\[)|(\])|((?:[0-9a-f]{2})+)|\s+")


@dataclass(frozen=True)
class Case:
    """One whole frame, read by a peer that speaks `version`."""

    name: str
    version: int
    data: bytes
    packet: Packet | Publish | None = None
    """What the frame says; None if it is refused."""
    error: int = 0
    """The reason code it is refused with."""
    canonical: bool = True
    """Whether the encoder writes `packet` as exactly this frame."""

    def __str__(self) -> str:
        return f"v{self.version} {self.name}"


def valid(
    name: str, version: int, text: str, packet: Packet | Publish, *, canonical: bool = True
) -> Case:
    return Case(name, version, wire(text), packet, canonical=canonical)


def invalid(name: str, version: int, text: str, error: int) -> Case:
    return Case(name, version, wire(text), error=error)


def wire(text: str) -> bytes:
    """Bytes from a readable form.

    Hex digits stand for themselves, 'abc' for raw ASCII, <abc> for a string with its length,
    [...] for a property list with its length, ## for the number of bytes that follow (below 128).
    """
    lists = [bytearray()]
    rest_at = -1
    end = 0
    for token in _TOKEN.finditer(text):
        assert token.start() == end, f"cannot read {text[end:]!r}"
        end = token.end()
        raw, string, rest, opened, closed, digits = token.groups()
        if raw is not None:
            lists[-1] += raw.encode()
        elif string is not None:
            lists[-1] += len(string.encode()).to_bytes(2, "big") + string.encode()
        elif rest:
            rest_at = len(lists[-1])
        elif opened:
            lists.append(bytearray())
        elif closed:
            inner = lists.pop()
            lists[-1] += _short(len(inner)) + inner
        elif digits:
            lists[-1] += bytes.fromhex(digits)
    assert end == len(text), f"cannot read {text[end:]!r}"
    (data,) = lists
    if rest_at >= 0:
        data[rest_at:rest_at] = _short(len(data) - rest_at)
    return bytes(data)


def _short(length: int) -> bytes:
    assert length < 0x80
    return bytes([length])


def properties(**values: object) -> Properties:
    result = Properties()
    for name, value in values.items():
        assert hasattr(result, name), name
        setattr(result, name, value)
    return result


def decode(data: bytes, version: int) -> Packet | Publish:
    """The packet that is exactly `data`; AssertionError if it is less or more than one."""
    if data[0] >> 4 == CONNECT:
        version = 0
    end = frame_end(data, 0, len(data), MAX_PACKET_SIZE, version)
    assert end == len(data)
    return decode_packet(data, 0, end, version)


def encode(packet: Packet | Publish, version: int) -> bytes:
    """The frame a peer that speaks `version` sends for `packet`."""
    match packet:
        case Publish():
            return encode_publish(
                packet.topic_bytes,
                packet.payload,
                packet.qos,
                packet.retain,
                packet.dup,
                packet.packet_id,
                packet.properties,
                version,
            )
        case Connect():
            return encode_connect(packet)
        case Connack():
            return encode_connack(
                packet.session_present, packet.reason_code, packet.properties, version
            )
        case Ack():
            return encode_ack(
                packet.packet_type,
                packet.packet_id,
                packet.reason_code,
                packet.properties,
                version,
            )
        case Subscribe():
            return encode_subscribe(packet, version)
        case Suback():
            return encode_suback(packet.packet_id, packet.reason_codes, packet.properties, version)
        case Unsubscribe():
            return encode_unsubscribe(packet, version)
        case Unsuback():
            return encode_unsuback(
                packet.packet_id, packet.reason_codes, packet.properties, version
            )
        case Disconnect():
            return encode_disconnect(packet.reason_code, packet.properties, version)
        case Auth():
            return encode_auth(packet.reason_code, packet.properties)
        case Ping():
            return PINGREQ_FRAME if packet.packet_type == PINGREQ else PINGRESP_FRAME
    raise AssertionError(f"no encoder for {packet!r}")


def comparable(packet: Packet | Publish) -> object:
    """Something equal for equal packets; a Publish has no equality of its own."""
    if not isinstance(packet, Publish):
        return packet
    return (
        packet.topic_bytes,
        packet.payload,
        packet.qos,
        packet.retain,
        packet.dup,
        packet.packet_id,
        packet.properties,
    )
