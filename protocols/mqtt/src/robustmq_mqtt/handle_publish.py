"""[H] PUBLISH from a client (section 3.3): the way of a message begins here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from robustmq_mqtt.acknowledge import Failed, acknowledge
from robustmq_mqtt.authorization import (
    ALLOWED,
    UNDECIDED,
    is_known_to_be_allowed,
    may_publish,
    note_publish,
)
from robustmq_mqtt.codec.acks import encode_ack
from robustmq_mqtt.codec.errors import MalformedPacket, PacketError, ProtocolViolation
from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.publish import Publish, decode_publish
from robustmq_mqtt.codec.reason_codes import (
    NO_MATCHING_SUBSCRIBERS,
    NOT_AUTHORIZED,
    PAYLOAD_FORMAT_INVALID,
    QOS_NOT_SUPPORTED,
    QUOTA_EXCEEDED,
    RECEIVE_MAXIMUM_EXCEEDED,
    RETAIN_NOT_SUPPORTED,
    SUCCESS,
    TOPIC_ALIAS_INVALID,
)
from robustmq_mqtt.codec.wire import PACKET_ID, PUBACK, PUBREC, V5
from robustmq_mqtt.connection_state import CLOSED
from robustmq_mqtt.forward import forward, limit_expiry
from robustmq_mqtt.mountpoint import mount_publish, unmounted_topic
from robustmq_mqtt.reasons import failed_ack
from robustmq_mqtt.session import IN_MEMORY
from robustmq_mqtt.topics import check_topic_name, has_wildcard, is_utf8

if TYPE_CHECKING:
    from robustmq_mqtt.connection import Connection
    from robustmq_mqtt.session import Session

PUBACK_PREFIX: Final = b"\x40\x02"
PUBREC_PREFIX: Final = b"\x50\x02"
DOLLAR: Final = 0x24
NOT_KNOWN_YET: Final = -1
"""In place of a reason code: the broker has to ask elsewhere."""


def handle_publish(connection: Connection, data: bytes, start: int, body: int, end: int) -> None:
    """Check, route and acknowledge one message; raises PacketError if the connection must go."""
    context = connection.context
    session = connection.session
    assert session is not None
    if context.stopping:
        return  # not acknowledged: its client sends it again, to whoever comes next
    packet = decode_publish(data, start, body, end, connection.version)
    stats = context.stats
    stats.messages_received += 1
    if packet.properties is not None:
        apply_properties(connection, packet, packet.properties)
    if connection.mounted:
        mount_publish(connection, packet)
    route: Any = context.routes.get(packet.topic_bytes)
    if route is None:
        route = resolve(connection, packet)
    packet.topic = route.topic
    packet.publisher = session.client_id
    packet.timestamp = connection.wall
    if context.limits.max_message_expiry_interval:
        limit_expiry(packet, context.limits.max_message_expiry_interval)
    qos = packet.qos
    if qos == 0:
        stats.messages_qos0_received += 1
    elif qos == 1:
        stats.messages_qos1_received += 1
        if connection.version == V5:
            check_receive_maximum(connection, session)
    else:
        stats.messages_qos2_received += 1
        if packet.packet_id in session.incoming:
            # Seen before: acknowledged again, not kept again [MQTT-4.3.3-10].
            context.begin()
            acknowledge(connection, PUBREC_PREFIX + PACKET_ID[packet.packet_id])
            return
        check_receive_maximum(connection, session)
    if (
        packet.retain
        or packet.topic_bytes[0] == DOLLAR
        or qos > context.limits.max_qos
        or packet.properties is not None
        or (context.authorizes and not is_known_to_be_allowed(connection, packet.topic, qos))
    ):
        code = admit(connection, packet)
        if code:
            if code == NOT_KNOWN_YET:
                ask_for_publish(connection, packet)
            else:
                refuse_publish(connection, packet, code)
            return
    if qos == 0:
        context.begin()
        forward(context, packet, route)
    else:
        accept(connection, session, packet, route)


def accept(connection: Connection, session: Session, packet: Publish, route: Any) -> None:
    """The message is allowed: have it delivered or kept, and acknowledge it."""
    context = connection.context
    qos = packet.qos
    context.begin()
    if qos == 2:
        receive_qos2(connection, session, packet, route)
        return
    forward(context, packet, route)
    if qos == 1:
        if connection.version != V5 or not route.is_empty():
            frame = PUBACK_PREFIX + PACKET_ID[packet.packet_id]
        else:
            frame = encode_ack(PUBACK, packet.packet_id, NO_MATCHING_SUBSCRIBERS, None, V5)
        if not context.wrote and context.topic_log is None and not connection.acks:
            connection.send(frame)
        else:
            failed = NotStored(connection, session, PUBACK, packet.packet_id)
            acknowledge(connection, frame, failed, packet.payload_size())


def receive_qos2(connection: Connection, session: Session, packet: Publish, route: Any) -> None:
    """Keep the message until PUBREL, so that a repetition is not a second one (4.3.3)."""
    packet_id = packet.packet_id
    session.keep_incoming(packet_id, packet)
    # Once PUBREC is sent the message is ours: nobody must find then that it cannot be stored.
    context = session.context
    if context.has_rules:
        policy = route.policy
        if policy is not None:
            context.durability = policy.durability
    if (
        session.expiry_interval or packet.retain or route.stores()
    ) and context.durability != IN_MEMORY:
        context.store.incoming_saved(session, packet_id)
    if connection.version != V5 or not route.is_empty():
        frame = PUBREC_PREFIX + PACKET_ID[packet_id]
    else:
        frame = encode_ack(PUBREC, packet_id, NO_MATCHING_SUBSCRIBERS, None, V5)
    if not session.context.wrote and not connection.acks:
        connection.send(frame)
    else:
        failed = NotStored(connection, session, PUBREC, packet_id)
        acknowledge(connection, frame, failed, packet.payload_size())


@final
class NotStored(Failed):
    """A message of QoS 1 (PUBACK) or 2 (PUBREC) could not be stored."""

    def __init__(
        self, connection: Connection, session: Session, packet_type: int, packet_id: int
    ) -> None:
        self.connection = connection
        self.session = session
        self.packet_type = packet_type
        self.packet_id = packet_id

    def storage_failed(self) -> bool:
        connection = self.connection
        if self.packet_type == PUBREC:
            self.session.incoming.pop(self.packet_id, None)
        if connection.version != V5 or connection.state == CLOSED:
            return False
        reason = "the message could not be stored"
        connection.send(
            failed_ack(connection, self.packet_type, self.packet_id, QUOTA_EXCEEDED, reason)
        )
        return True


def check_receive_maximum(connection: Connection, session: Session) -> None:
    """More unacknowledged QoS 1 and 2 messages than announced are an error [MQTT-3.3.4-9]."""
    limit = connection.context.limits.receive_maximum
    if len(session.incoming) >= limit:
        raise PacketError(
            RECEIVE_MAXIMUM_EXCEEDED, f"more than {limit} unacknowledged QoS 1 and 2 messages"
        )


def apply_properties(connection: Connection, packet: Publish, properties: Properties) -> None:
    """Topic alias and expiry of a 5.0 PUBLISH."""
    if properties.subscription_identifiers is not None:
        # [MQTT-3.3.4-6]
        raise ProtocolViolation("a client's PUBLISH has a Subscription Identifier")
    response_topic = properties.response_topic
    if response_topic is not None and has_wildcard(response_topic):
        raise ProtocolViolation("the Response Topic contains a wildcard")  # [MQTT-3.3.2-14]
    alias = properties.topic_alias
    if alias is not None:
        resolve_alias(connection, packet, alias)
    interval = properties.message_expiry_interval
    if interval is not None:
        packet.expires_at = connection.wall + interval


def resolve_alias(connection: Connection, packet: Publish, alias: int) -> None:
    """Set or use a topic alias (3.3.2.3.4)."""
    if alias > connection.context.limits.max_topic_alias:
        # [MQTT-3.3.2-9]
        raise PacketError(TOPIC_ALIAS_INVALID, f"topic alias {alias} is above the maximum")
    aliases = connection.alias_in
    if aliases is None:
        aliases = {}
        connection.alias_in = aliases
    if packet.topic_bytes:
        aliases[alias] = packet.topic_bytes
        return
    known = aliases.get(alias)
    if known is None:
        raise ProtocolViolation(f"topic alias {alias} has no topic yet")
    packet.topic_bytes = known


def resolve(connection: Connection, packet: Publish) -> Any:
    """The route of a topic not seen lately: decode and check its name."""
    if not packet.topic_bytes and connection.version == V5:
        raise ProtocolViolation("PUBLISH has neither a topic name nor a topic alias")
    try:
        topic = packet.topic_bytes.decode()
    except UnicodeDecodeError:
        raise MalformedPacket("the topic name is not valid UTF-8") from None
    if "\0" in topic:
        raise MalformedPacket("the topic name contains U+0000")  # [MQTT-1.5.4-2]
    check_topic_name(topic, connection.context.limits.max_topic_levels)
    return connection.context.router.new_route(topic, packet.topic_bytes)


def admit(connection: Connection, packet: Publish) -> int:
    """The checks that most messages do not need; returns 0, NOT_KNOWN_YET, or why it is refused."""
    context = connection.context
    limits = context.limits
    if packet.qos > limits.max_qos:
        # [MQTT-3.2.2-11]
        raise PacketError(QOS_NOT_SUPPORTED, f"QoS {packet.qos} is above the maximum")
    if packet.retain and not limits.retain_available:
        raise PacketError(RETAIN_NOT_SUPPORTED, "retained messages are not available")
    if packet.topic_bytes[0] == DOLLAR and packet.topic_bytes.startswith((b"$SYS/", b"$share/")):
        return NOT_AUTHORIZED
    properties = packet.properties
    if properties is not None and limits.check_payload_format:
        if properties.payload_format_indicator == 1 and not is_utf8(packet.payload):
            return PAYLOAD_FORMAT_INVALID
    if context.authorizes:
        answer = may_publish(connection, packet)
        if answer != ALLOWED:
            return NOT_KNOWN_YET if answer == UNDECIDED else NOT_AUTHORIZED
    return SUCCESS


def ask_for_publish(connection: Connection, packet: Publish) -> None:
    """Wait until the broker knows whether a message is allowed; the client is not read from."""
    connection.suspend()
    connection.awaits_answer = True
    asked = PublishAsked(connection, packet)
    client = connection.client
    topic = unmounted_topic(client.mountpoint, packet.topic)
    connection.context.services.authorize_later(
        client, "publish", topic, packet.qos, packet.retain, asked.done
    )


@final
class PublishAsked:
    """The callback of an authorization that takes its time."""

    def __init__(self, connection: Connection, packet: Publish) -> None:
        self.connection = connection
        self.packet = packet
        self.epoch = connection.context.access_epoch

    def done(self, allowed: bool) -> None:
        connection = self.connection
        session = connection.session
        connection.awaits_answer = False
        if connection.state == CLOSED or session is None:
            return
        packet = self.packet
        try:
            if note_publish(connection, packet, allowed, self.epoch) == ALLOWED:
                # The route may have changed in the meantime.
                route = connection.context.routes.get(packet.topic_bytes)
                accept(connection, session, packet, route or resolve(connection, packet))
            else:
                refuse_publish(connection, packet, NOT_AUTHORIZED)
        except PacketError as error:
            connection.reject(error.reason_code, error.reason)
        connection.resume()


def refuse_publish(connection: Connection, packet: Publish, code: int) -> None:
    """Say no to one message: by reason code, by disconnecting, or by dropping it quietly."""
    context = connection.context
    context.stats.dropped_not_authorized += 1
    if code == PAYLOAD_FORMAT_INVALID:
        reason = "the payload is not the UTF-8 text it claims to be"
    else:
        topic = unmounted_topic(connection.client.mountpoint, packet.topic)
        reason = f"publishing to {topic!r} is not allowed"
    context.refusals.note(
        "publish refused", packet.publisher, connection.transport.peer, packet.topic, code
    )
    if code == PAYLOAD_FORMAT_INVALID and packet.qos == 0:
        raise PacketError(code, reason)
    if code == NOT_AUTHORIZED and context.limits.deny_action_disconnect:
        raise PacketError(code, reason)
    context.begin()
    if packet.qos == 1:
        acknowledge(connection, failed_ack(connection, PUBACK, packet.packet_id, code, reason))
    elif packet.qos == 2:
        if connection.version != V5:
            # 3.x cannot be told no: it goes through the motions, the message goes nowhere [4.3.3].
            session = connection.session
            if session is not None:
                session.keep_incoming(packet.packet_id, None)
        acknowledge(connection, failed_ack(connection, PUBREC, packet.packet_id, code, reason))
