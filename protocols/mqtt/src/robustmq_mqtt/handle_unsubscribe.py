"""[H] UNSUBSCRIBE (section 3.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robustmq_mqtt.acknowledge import acknowledge
from robustmq_mqtt.codec.errors import PacketError
from robustmq_mqtt.codec.reason_codes import NO_SUBSCRIPTION_EXISTED, SUCCESS
from robustmq_mqtt.codec.subscribe import decode_unsubscribe, encode_unsuback
from robustmq_mqtt.mountpoint import mounted_filter
from robustmq_mqtt.reasons import fits, reason_properties, refused_filter
from robustmq_mqtt.shared import leave_shared
from robustmq_mqtt.topics import ANY_LEVELS, parse_filter

if TYPE_CHECKING:
    from robustmq_mqtt.codec.packets import Unsubscribe
    from robustmq_mqtt.connection import Connection
    from robustmq_mqtt.session import Session
    from robustmq_mqtt.subscription import MqttSubscription


def handle_unsubscribe(connection: Connection, data: bytes, body: int, end: int) -> None:
    """Remove each filter, compared character by character, and answer for each [MQTT-3.10.4-1]."""
    packet = decode_unsubscribe(data, body, end, connection.version)
    connection.context.begin()
    codes: list[int] = []
    for full in packet.topic_filters:
        codes.append(unsubscribe_one(connection, full))
    if connection.limited and connection.session is not None:
        connection.client.limits.subscribed(connection.session.subscription_count)
    acknowledge(connection, unsuback(connection, packet, codes))


def unsuback(connection: Connection, packet: Unsubscribe, codes: list[int]) -> bytes:
    """The UNSUBACK frame; its Reason String names the first filter that was refused."""
    version = connection.version
    short = encode_unsuback(packet.packet_id, codes, None, version)
    properties = reason_properties(connection, refused_filter(packet.topic_filters, codes))
    if properties is None:
        return short
    return fits(connection, encode_unsuback(packet.packet_id, codes, properties, version), short)


def unsubscribe_one(connection: Connection, full: str) -> int:
    context = connection.context
    session = connection.session
    assert session is not None
    try:
        full = mounted_filter(connection.client.mountpoint, full)
        if not remove_subscription(session, full):
            parse_filter(full, context.limits.max_topic_levels)
            return NO_SUBSCRIPTION_EXISTED
    except PacketError as error:
        return error.reason_code
    if context.events:
        context.notify("session_unsubscribed", connection.client, full)
    return SUCCESS


def remove_subscription(session: Session, full: str) -> bool:
    """Give a subscription up; False if there is none. Raises PacketError for what is no filter."""
    context = session.context
    parsed = parse_filter(full, ANY_LEVELS)
    subscription: MqttSubscription | None = context.router.subscription(
        parsed.topic_filter, session, parsed.group
    )
    if subscription is None:
        return False
    session.drop_subscription(subscription)
    if session.retained is not None:
        session.retained.forget(full)
    context.router.unsubscribe(parsed.topic_filter, session, parsed.group)
    if session.expiry_interval:
        context.store.unsubscribed(session, full)
    if parsed.group:
        leave_shared(session, subscription)
    return True
