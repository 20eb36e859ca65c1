"""[H] Any packet from its bytes: what clients, bridges and fuzzers use.

A server's connection calls the decoders of the packet families directly, because it knows which
packets it may get and what each costs.
"""

from robustmq_mqtt.codec.acks import decode_ack
from robustmq_mqtt.codec.connect import decode_connack, decode_connect
from robustmq_mqtt.codec.disconnect_auth import check_empty, decode_auth, decode_disconnect
from robustmq_mqtt.codec.fixed_header import body_start, check_flags
from robustmq_mqtt.codec.packets import Packet, Ping
from robustmq_mqtt.codec.publish import Publish, decode_publish
from robustmq_mqtt.codec.subscribe import (
    decode_suback,
    decode_subscribe,
    decode_unsuback,
    decode_unsubscribe,
)
from robustmq_mqtt.codec.wire import (
    AUTH,
    CONNACK,
    CONNECT,
    DISCONNECT,
    PUBCOMP,
    PUBLISH,
    SUBACK,
    SUBSCRIBE,
    UNSUBACK,
    UNSUBSCRIBE,
)


def decode_packet(data: bytes, start: int, end: int, version: int) -> Packet | Publish:
    """The packet that fills `data[start:end]`, as `frame_end` found it.

    `version` is 0 until a CONNECT has told it. Raises PacketError and nothing else.
    """
    check_flags(data[start], version)
    packet_type = data[start] >> 4
    pos = body_start(data, start)
    if packet_type == PUBLISH:
        return decode_publish(data, start, pos, end, version)
    if packet_type <= CONNACK:
        if packet_type == CONNECT:
            return decode_connect(data, pos, end)
        return decode_connack(data, pos, end, version)
    if packet_type <= PUBCOMP:
        return decode_ack(data, pos, end, packet_type, version)
    if packet_type == SUBSCRIBE:
        return decode_subscribe(data, pos, end, version)
    if packet_type == SUBACK:
        return decode_suback(data, pos, end, version)
    if packet_type == UNSUBSCRIBE:
        return decode_unsubscribe(data, pos, end, version)
    if packet_type == UNSUBACK:
        return decode_unsuback(data, pos, end, version)
    if packet_type == DISCONNECT:
        return decode_disconnect(data, pos, end, version)
    if packet_type == AUTH:
        return decode_auth(data, pos, end)
    check_empty(pos, end, packet_type)
    return Ping(packet_type)
