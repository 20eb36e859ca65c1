"""[H] PUBLISH to a client: the frames that its version, its limits and its aliases ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robustmq_mqtt.codec.publish import DUP_FLAG, FIRST_BYTE, RETAIN_FLAG, Publish, publish_head
from robustmq_mqtt.codec.wire import PACKET_ID, V5
from robustmq_mqtt.mountpoint import unmount_message

if TYPE_CHECKING:
    from robustmq_mqtt.connection import Connection
    from robustmq_mqtt.delivery import Delivery
    from robustmq_mqtt.retained_message import RetainedMessage

QOS_FLAGS: Final = 0x06
QOS_2: Final = 0x04


def send_qos0(
    connection: Connection, message: Publish, retain: bool, identifiers: list[int] | None
) -> None:
    """Send a QoS 0 PUBLISH, unless it is larger than the client accepts."""
    if connection.mounted:
        message = unmount_message(connection, message)
    if connection.version == V5:
        if not message.is_plain() or identifiers is not None or connection.alias_out is not None:
            send_publish_v5(connection, message, RETAIN_FLAG if retain else 0, 0, identifiers)
            return
        frame = message.frame_v5()
    else:
        frame = message.frame_v4()
    if retain:
        frame = FIRST_BYTE[RETAIN_FLAG] + frame[1:]
    size = len(frame)
    if connection.max_packet_out and size > connection.max_packet_out:
        connection.context.stats.dropped_too_large += 1
        return
    connection.output().append(frame)
    connection.sent_publish(size)


def send_retained_qos0(
    connection: Connection, message: RetainedMessage, identifiers: list[int] | None
) -> None:
    """Send a retained message at QoS 0; its frame is not kept: there may be a million of them."""
    if connection.mounted:
        send_qos0(connection, message.to_publish(), True, identifiers)
        return
    payload = message.payload
    following = len(payload)
    is_v5 = connection.version == V5
    if is_v5:
        if not message.is_plain() or identifiers is not None or connection.alias_out is not None:
            publish = message.to_publish()
            send_publish_v5(connection, publish, RETAIN_FLAG, 0, identifiers)
            return
        following += 1
    head = publish_head(message.topic_bytes, RETAIN_FLAG, following)
    size = len(head) + following
    if connection.max_packet_out and size > connection.max_packet_out:
        connection.context.stats.dropped_too_large += 1
        return
    out = connection.output()
    out.append(head)
    if is_v5:
        out.append(b"\x00")
    out.append(payload)
    connection.sent_publish(size)


def send_delivery(connection: Connection, delivery: Delivery, packet_id: int, dup: bool) -> bool:
    """Send a QoS 1 or 2 PUBLISH; False if it is larger than the client accepts."""
    message = delivery.message
    if connection.mounted:
        message = unmount_message(connection, message)
    qos = delivery.qos
    flags = qos << 1
    if delivery.retain:
        flags |= RETAIN_FLAG
    if dup:
        flags |= DUP_FLAG
    if connection.version == V5:
        if (
            not message.is_plain()
            or delivery.identifiers is not None
            or connection.alias_out is not None
        ):
            return send_publish_v5(connection, message, flags, packet_id, delivery.identifiers)
        payload = message.payload
        if flags == qos << 1:
            head = message.head_v5(qos)
        else:
            head = message.head(flags, 1 + len(payload))
        size = len(head) + 3 + len(payload)
    else:
        payload = message.payload
        if flags == qos << 1:
            head = message.head_v4(qos)
        else:
            head = message.head(flags, len(payload))
        size = len(head) + 2 + len(payload)
    if connection.max_packet_out and size > connection.max_packet_out:
        connection.context.stats.dropped_too_large += 1
        return False
    out = connection.output()
    out.append(head)
    out.append(PACKET_ID[packet_id])
    if connection.version == V5:
        out.append(b"\x00")
    out.append(payload)
    connection.sent_publish(size)
    return True


def send_publish_v5(
    connection: Connection,
    message: Publish,
    flags: int,
    packet_id: int,
    identifiers: list[int] | None,
) -> bool:
    """A PUBLISH whose properties are this subscriber's own."""
    topic = message.topic_bytes
    alias = 0
    aliases = connection.alias_out
    new_alias = False
    # Not at QoS 2: MQTT.js 5 puts such a message aside until PUBREL without its resolved topic.
    if aliases is not None and flags & QOS_FLAGS != QOS_2:
        known = aliases.get(topic)
        if known is not None:
            alias = known
        elif len(aliases) < connection.alias_out_max:
            alias = len(aliases) + 1
            new_alias = True
    properties = message.property_list(connection.wall_now(), identifiers, alias)
    payload = message.payload
    sent_topic = b"" if alias and not new_alias else topic
    head = publish_head(sent_topic, flags, len(properties) + len(payload))
    size = len(head) + len(properties) + len(payload) + (2 if packet_id else 0)
    if connection.max_packet_out and size > connection.max_packet_out:
        connection.context.stats.dropped_too_large += 1
        return False
    if new_alias and aliases is not None:
        aliases[topic] = alias
    out = connection.output()
    out.append(head)
    if packet_id:
        out.append(PACKET_ID[packet_id])
    out.append(properties)
    out.append(payload)
    connection.sent_publish(size)
    return True
