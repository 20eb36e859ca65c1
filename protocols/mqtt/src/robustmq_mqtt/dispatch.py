"""[H] Which handler a packet goes to, and what may come when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robustmq_common.first_bytes import recognise
from robustmq_mqtt.codec.errors import MalformedPacket, ProtocolViolation
from robustmq_mqtt.codec.fixed_header import check_flags
from robustmq_mqtt.codec.packets import PINGRESP_FRAME
from robustmq_mqtt.codec.wire import (
    AUTH,
    CONNECT,
    DISCONNECT,
    PACKET_NAMES,
    PINGREQ,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBSCRIBE,
    UNSUBSCRIBE,
)
from robustmq_mqtt.connection_state import CONNECTED, NEW
from robustmq_mqtt.handle_acks import (
    handle_other_ack,
    handle_puback,
    handle_pubcomp,
    handle_pubrec,
    handle_pubrel,
)
from robustmq_mqtt.handle_auth import handle_auth
from robustmq_mqtt.handle_connect import handle_connect
from robustmq_mqtt.handle_disconnect import handle_disconnect
from robustmq_mqtt.handle_publish import handle_publish
from robustmq_mqtt.handle_subscribe import handle_subscribe
from robustmq_mqtt.handle_unsubscribe import handle_unsubscribe

if TYPE_CHECKING:
    from robustmq_mqtt.connection import Connection

PUBREL_FIRST: Final = 0x62


def dispatch(connection: Connection, data: bytes, pos: int, body: int, end: int) -> None:
    """Handle the packet at data[pos:end], whose body starts at `body`; raises PacketError."""
    first = data[pos]
    packet_type = first >> 4
    if connection.state != CONNECTED:
        before_connected(connection, packet_type, data, pos, body, end)
        return
    if packet_type == PUBLISH:
        handle_publish(connection, data, pos, body, end)
        return
    if end - body == 2:
        # An acknowledgement without a reason code: by far the most frequent packet after PUBLISH.
        packet_id = data[body] << 8 | data[body + 1]
        if packet_id:
            if first == PUBACK << 4:
                handle_puback(connection, packet_id)
                return
            if first == PUBREC << 4:
                handle_pubrec(connection, packet_id, 0)
                return
            if first == PUBREL_FIRST:
                handle_pubrel(connection, packet_id)
                return
            if first == PUBCOMP << 4:
                handle_pubcomp(connection, packet_id)
                return
    check_flags(first, connection.version)
    connected(connection, packet_type, data, body, end)


def check_first_byte(data: bytes) -> None:
    """The first packet must be CONNECT [MQTT-3.1.0-1].

    Other protocols are told at once, not when as much has come as their bytes seem to announce.
    """
    if data[0] != CONNECT << 4:
        stranger = recognise(data)
        if stranger:
            raise ProtocolViolation(f"expected MQTT, but {stranger}")
    packet_type = data[0] >> 4
    if packet_type != CONNECT:
        raise ProtocolViolation(f"{PACKET_NAMES[packet_type]} came before CONNECT")


def connected(connection: Connection, packet_type: int, data: bytes, body: int, end: int) -> None:
    """The packets that are not worth a fast path."""
    if packet_type == PINGREQ:
        if end != body:
            raise MalformedPacket("PINGREQ has a body")
        connection.send(PINGRESP_FRAME)  # [MQTT-3.12.4-1]
    elif packet_type == SUBSCRIBE:
        handle_subscribe(connection, data, body, end)
    elif packet_type == UNSUBSCRIBE:
        handle_unsubscribe(connection, data, body, end)
    elif packet_type in (PUBACK, PUBREC, PUBREL, PUBCOMP):
        handle_other_ack(connection, packet_type, data, body, end)
    elif packet_type == DISCONNECT:
        handle_disconnect(connection, data, body, end)
    elif packet_type == AUTH:
        handle_auth(connection, data, body, end)
    elif packet_type == CONNECT:
        raise ProtocolViolation("a second CONNECT")  # [MQTT-3.1.0-2]
    else:
        raise ProtocolViolation(f"a client does not send {PACKET_NAMES[packet_type]}")


def before_connected(
    connection: Connection, packet_type: int, data: bytes, pos: int, body: int, end: int
) -> None:
    """CONNECT, and then only the exchange it began."""
    if connection.state == NEW:
        handle_connect(connection, data, body, end)
        return
    check_flags(data[pos], connection.version)
    if packet_type == AUTH:
        handle_auth(connection, data, body, end)
    elif packet_type == DISCONNECT:
        handle_disconnect(connection, data, body, end)
    else:
        # [MQTT-4.12.0-5] and 3.1.4: nothing else until CONNACK has been sent.
        raise ProtocolViolation(f"{PACKET_NAMES[packet_type]} came during authentication")
