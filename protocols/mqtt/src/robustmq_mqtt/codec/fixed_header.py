"""[H] Where one packet ends in a stream of bytes, and whether its first byte is legal."""

from typing import Final

from robustmq_mqtt.codec.errors import MalformedPacket, PacketError, ProtocolViolation
from robustmq_mqtt.codec.reason_codes import PACKET_TOO_LARGE
from robustmq_mqtt.codec.wire import (
    AUTH,
    CONNECT,
    PACKET_NAMES,
    PUBLISH,
    PUBREL,
    SUBSCRIBE,
    UNSUBSCRIBE,
    V3,
    V5,
)


def _is_legal(first: int) -> bool:
    """Whether MQTT 5 allows this first byte [MQTT-2.1.3-1]; the flags of PUBLISH carry data."""
    packet_type = first >> 4
    if packet_type == PUBLISH:
        return True
    required = 2 if packet_type in (PUBREL, SUBSCRIBE, UNSUBSCRIBE) else 0
    return packet_type != 0 and first & 0x0F == required


_IS_LEGAL: Final[list[bool]] = [_is_legal(first) for first in range(256)]


def frame_end(data: bytes, pos: int, limit: int, max_packet_size: int, version: int = V5) -> int:
    """The index one past the packet that starts at `pos`; 0 while `data[:limit]` lacks some of it.

    `max_packet_size` counts all bytes of the packet. Raises PacketError 0x95 as soon as the header
    announces more, before the body has arrived, and MalformedPacket for a Remaining Length of five
    bytes or, from `version` 5 on, a padded one. Pass version 0 while CONNECT is awaited:
    `decode_connect` then judges the padding by the level it finds.
    """
    if limit - pos < 2:
        return 0
    length = data[pos + 1]
    body = pos + 2
    if length >= 0x80:
        length &= 0x7F
        shift = 7
        while True:
            if body >= limit:
                return 0
            byte = data[body]
            body += 1
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            if shift == 21:
                raise MalformedPacket("the remaining length has more than four bytes")
            shift += 7
        # MQTT 3.x does not ask for the shortest form, and some devices pad it [MQTT-1.5.5-1].
        if byte == 0 and version >= V5:
            raise MalformedPacket("the remaining length has more bytes than it needs")
    end = body + length
    if end - pos > max_packet_size:
        name = PACKET_NAMES[data[pos] >> 4]
        raise PacketError(
            PACKET_TOO_LARGE,
            f"{name} of {end - pos} bytes is over the limit of {max_packet_size}",
        )
    return end if end <= limit else 0


def body_start(data: bytes, pos: int) -> int:
    """Where the body begins of a packet at `pos` that `frame_end` has found complete."""
    body = pos + 1
    while data[body] >= 0x80:
        body += 1
    return body + 1


def bytes_needed(data: bytes, pos: int, limit: int) -> int:
    """How many bytes an incomplete packet has in all, or one more than there are if unknown."""
    length = 0
    for i in range(4):
        at = pos + 1 + i
        if at >= limit:
            break
        length |= (data[at] & 0x7F) << (7 * i)
        if data[at] < 0x80:
            return 2 + i + length
    return limit - pos + 1


def check_flags(first: int, version: int) -> None:
    """Check a packet's first byte; PUBLISH flags carry data and are left to its decoder.

    Pass version 0 while CONNECT is awaited: the flags of CONNECT are left to `decode_connect` then.
    Raises MalformedPacket for packet type 0 and for wrong reserved bits [MQTT-2.1.3-1], and
    ProtocolViolation for AUTH before MQTT 5. MQTT 3.1 leaves unused bits undefined and repeats
    PUBREL, SUBSCRIBE and UNSUBSCRIBE with DUP set, so for it they are not looked at.
    """
    if _IS_LEGAL[first] and (version >= V5 or first < AUTH << 4):
        return
    packet_type = first >> 4
    if packet_type == 0:
        raise MalformedPacket("packet type 0 is reserved")
    if packet_type == AUTH and version < V5:
        raise ProtocolViolation("AUTH exists only in MQTT 5")
    if version == V3 or (version == 0 and packet_type == CONNECT):
        return
    name = PACKET_NAMES[packet_type]
    raise MalformedPacket(f"{name} cannot have flag bits 0x{first & 0x0F:x}")
