"""[H] Clients with limits of their own: their messages are counted before they are handled.

All other connections know nothing of this: a connection that has limits reads its input here
instead of in `Connection.consume`, and is not read from while a message has to wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from robustmq_mqtt.codec.errors import PacketError
from robustmq_mqtt.codec.fixed_header import body_start, bytes_needed, frame_end
from robustmq_mqtt.codec.publish import decode_publish
from robustmq_mqtt.codec.reason_codes import TOPIC_NAME_INVALID
from robustmq_mqtt.codec.wire import PUBLISH
from robustmq_mqtt.connection_state import CLOSED
from robustmq_mqtt.dispatch import dispatch
from robustmq_mqtt.handle_publish import apply_properties

if TYPE_CHECKING:
    from robustmq_mqtt.connection import Connection

WITHOUT_END: Final = 1 << 62
QOS_BITS: Final = 0x06
SLASH: Final = b"/"


def consume_limited(connection: Connection, data: bytes) -> None:
    """Handle every complete packet that the limits allow, and keep the rest for later."""
    limits: Any = connection.client.limits
    pos = 0
    limit = len(data)
    while pos < limit:
        if connection.held:
            connection.hold(data, pos, WITHOUT_END)
            return
        end = frame_end(data, pos, limit, connection.max_packet_size, connection.version)
        if end == 0:
            connection.hold(data, pos, bytes_needed(data, pos, limit))
            return
        body = body_start(data, pos)
        if data[pos] >> 4 == PUBLISH:
            check_topic_levels(limits, data, body, end)
            if not limits.take(end - pos):
                if limits.drops_qos0 and not data[pos] & QOS_BITS:
                    drop(connection, data, pos, body, end)
                    pos = end
                    continue
                connection.hold(data, pos, WITHOUT_END)
                connection.suspend()
                limits.wait(connection.resume)
                return
        connection.context.stats.packets_received += 1
        dispatch(connection, data, pos, body, end)
        if connection.state == CLOSED:
            return
        pos = end


def drop(connection: Connection, data: bytes, pos: int, body: int, end: int) -> None:
    """Do nothing with a message but what the ones after it rely on: it may set a topic alias."""
    connection.context.stats.packets_received += 1
    packet = decode_publish(data, pos, body, end, connection.version)
    if packet.properties is not None:
        apply_properties(connection, packet, packet.properties)
    connection.client.limits.dropped()


def check_topic_levels(limits: Any, data: bytes, body: int, end: int) -> None:
    """Check a topic name where it is sent: those of aliases were checked when they were set."""
    most: int = limits.max_topic_levels
    if most and end - body > 2:
        start = body + 2
        stop = min(start + (data[body] << 8 | data[body + 1]), end)
        if data.count(SLASH, start, stop) >= most:
            raise PacketError(TOPIC_NAME_INVALID, f"the topic has more than {most} levels")
