"""[H] SUBSCRIBE (section 3.8): every filter is granted or refused for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from robustmq_common.topic_filters import filter_problem
from robustmq_mqtt.acknowledge import Failed, acknowledge
from robustmq_mqtt.authorization import ALLOWED, UNDECIDED, may_subscribe, note_subscribe
from robustmq_mqtt.codec.errors import PacketError, ProtocolViolation
from robustmq_mqtt.codec.reason_codes import (
    NOT_AUTHORIZED,
    QUOTA_EXCEEDED,
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,
    WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED,
)
from robustmq_mqtt.codec.subscribe import decode_subscribe, encode_suback
from robustmq_mqtt.codec.wire import V3
from robustmq_mqtt.connection_state import CLOSED
from robustmq_mqtt.handle_unsubscribe import remove_subscription
from robustmq_mqtt.mountpoint import mounted_filter
from robustmq_mqtt.reasons import fits, reason_properties, refused_filter
from robustmq_mqtt.retained_delivery import want_retained
from robustmq_mqtt.subscription import MqttSubscription
from robustmq_mqtt.topics import ANY_LEVELS, has_wildcard, parse_filter, without_share

if TYPE_CHECKING:
    from robustmq_mqtt.codec.packets import Subscribe, TopicSubscription
    from robustmq_mqtt.connection import Connection
    from robustmq_mqtt.session import Session

SEND_RETAINED: Final = 0
SEND_RETAINED_IF_NEW: Final = 1


def handle_subscribe(connection: Connection, data: bytes, body: int, end: int) -> None:
    """Grant what may be granted, once it is known what that is."""
    Subscribing(connection, decode_subscribe(data, body, end, connection.version)).go_on()


@final
class Subscribing:
    """A SUBSCRIBE of which it is found out what is allowed, filter by filter.

    answers: ALLOWED or DENIED for each filter so far; one that is not valid is refused later.
    """

    def __init__(self, connection: Connection, packet: Subscribe) -> None:
        self.connection = connection
        self.packet = packet
        self.answers: list[int] = []
        self.epoch = 0
        self.waits = False

    def go_on(self) -> None:
        """Ask about the filters that are left, and grant what may be granted."""
        connection = self.connection
        context = connection.context
        for wanted in self.packet.subscriptions[len(self.answers) :]:
            topic_filter = without_share(wanted.topic_filter)
            if (not context.authorizes and not topic_filter.startswith("$SYS")) or filter_problem(
                topic_filter
            ):
                self.answers.append(ALLOWED)  # what is no filter is refused as such
                continue
            answer = may_subscribe(connection, topic_filter, wanted.qos)
            if answer == UNDECIDED:
                self.ask(topic_filter, wanted.qos)
                return
            self.answers.append(answer)
        grant(connection, self.packet, self.answers)

    def ask(self, topic_filter: str, qos: int) -> None:
        """Wait for an answer; the client is not read from."""
        connection = self.connection
        self.epoch = connection.context.access_epoch
        if not self.waits:
            self.waits = True
            connection.suspend()
        connection.awaits_answer = True
        connection.context.services.authorize_later(
            connection.client, "subscribe", topic_filter, qos, False, self.done
        )

    def done(self, allowed: bool) -> None:
        connection = self.connection
        connection.awaits_answer = False
        if connection.state == CLOSED:
            return
        wanted = self.packet.subscriptions[len(self.answers)]
        topic_filter = without_share(wanted.topic_filter)
        answer = note_subscribe(connection, topic_filter, wanted.qos, allowed, self.epoch)
        self.answers.append(answer)
        try:
            self.go_on()
        except PacketError as error:
            connection.reject(error.reason_code, error.reason)
        if len(self.answers) == len(self.packet.subscriptions):
            connection.resume()


def grant(connection: Connection, packet: Subscribe, answers: list[int]) -> None:
    """Grant what is allowed, answer with one code per filter, then send retained messages."""
    context = connection.context
    context.begin()
    identifier = 0
    if packet.properties is not None:
        identifiers = packet.properties.subscription_identifiers
        if identifiers:
            identifier = identifiers[0]
    codes: list[int] = []
    wants_retained: list[MqttSubscription] = []
    for i in range(len(answers)):
        wanted = packet.subscriptions[i]
        allowed = answers[i] == ALLOWED
        codes.append(subscribe_one(connection, wanted, allowed, identifier, wants_retained))
    session = connection.session
    assert session is not None
    acknowledge(
        connection, suback(connection, packet, codes), NotStored(connection, session, packet)
    )
    for subscription in wants_retained:
        want_retained(subscription)


@final
class NotStored(Failed):
    """Subscriptions of a durable session could not be stored: none of them is granted."""

    def __init__(self, connection: Connection, session: Session, packet: Subscribe) -> None:
        self.connection = connection
        self.session = session
        self.packet = packet

    def storage_failed(self) -> bool:
        connection = self.connection
        session = self.session
        for wanted in self.packet.subscriptions:
            if not session.ended:
                withdraw(session, wanted.topic_filter)
        if connection.version == V3 or connection.state == CLOSED:
            return False  # MQTT 3.1 has no SUBACK that says no
        codes = [QUOTA_EXCEEDED] * len(self.packet.subscriptions)
        connection.send(suback(connection, self.packet, codes))
        return True


def withdraw(session: Session, full: str) -> None:
    """Take back a subscription, unless it was refused as no filter in the first place."""
    try:
        remove_subscription(session, mounted_filter(session.client.mountpoint, full))
    except PacketError:
        return


def suback(connection: Connection, packet: Subscribe, codes: list[int]) -> bytes:
    """The SUBACK frame; its Reason String names the first filter that was refused."""
    version = connection.version
    short = encode_suback(packet.packet_id, codes, None, version)
    filters = [wanted.topic_filter for wanted in packet.subscriptions]
    properties = reason_properties(connection, refused_filter(filters, codes))
    if properties is None:
        return short
    return fits(connection, encode_suback(packet.packet_id, codes, properties, version), short)


def subscribe_one(
    connection: Connection,
    wanted: TopicSubscription,
    allowed: bool,
    identifier: int,
    wants_retained: list[MqttSubscription],
) -> int:
    """Grant one filter; returns the granted QoS or the reason code of the refusal."""
    context = connection.context
    limits = context.limits
    session = connection.session
    assert session is not None
    full = wanted.topic_filter
    try:
        parsed = parse_filter(full, max_topic_levels(connection))
    except PacketError as error:
        context.log.info(
            "subscription refused",
            peer=connection.transport.peer,
            client_id=session.client_id,
            topic_filter=full,
            reason=error.reason,
        )
        return error.reason_code
    if parsed.group and wanted.no_local:
        # [MQTT-3.8.3-4]
        raise ProtocolViolation("No Local is set on a shared subscription")
    seen = parsed.topic_filter
    if connection.mounted:
        try:
            full = mounted_filter(connection.client.mountpoint, full)
        except PacketError as error:
            return error.reason_code
        parsed = parse_filter(full, ANY_LEVELS)
    replaced: MqttSubscription | None = context.router.subscription(
        parsed.topic_filter, session, parsed.group
    )
    code = refusal(connection, parsed.group, seen, allowed, replaced is None)
    if code:
        return code
    qos = min(wanted.qos, limits.max_qos)
    no_local = wanted.no_local
    retain_as_published = wanted.retain_as_published
    if connection.is_bridge and not parsed.group:
        # What a bridge asks for by the top bit of its protocol level: no echo, RETAIN kept.
        no_local = True
        retain_as_published = True
    subscription = MqttSubscription(
        session,
        full,
        qos,
        no_local,
        retain_as_published,
        wanted.retain_handling,
        identifier,
    )
    if replaced is not None:
        session.drop_subscription(replaced)
    session.add_subscription(subscription)
    context.router.subscribe(parsed.topic_filter, subscription, parsed.group)
    if session.expiry_interval:
        context.store.subscribed(session, subscription)
    if context.events:
        context.notify("session_subscribed", connection.client, full, qos)
    # A shared subscription gets no retained messages (4.8.2).
    if not parsed.group and limits.retain_available:
        handling = wanted.retain_handling
        if handling == SEND_RETAINED or (handling == SEND_RETAINED_IF_NEW and replaced is None):
            wants_retained.append(subscription)  # [MQTT-3.3.1-9], [MQTT-3.3.1-10]
    return qos


def refusal(
    connection: Connection, group: str, topic_filter: str, allowed: bool, is_new: bool
) -> int:
    """The reason code against a valid filter, without its mountpoint; 3.x gets 0x80 for any."""
    context = connection.context
    limits = context.limits
    session = connection.session
    assert session is not None
    if group and not limits.shared_subscription:
        return SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
    if not limits.wildcard_subscription and has_wildcard(topic_filter):
        return WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED
    maximum = limits.max_subscriptions
    if maximum and is_new and session.subscription_count >= maximum:
        return QUOTA_EXCEEDED
    if not allowed:
        context.refusals.note(
            "subscription not authorized",
            session.client_id,
            connection.transport.peer,
            topic_filter,
            NOT_AUTHORIZED,
        )
        return NOT_AUTHORIZED
    if connection.limited and is_new:
        own = connection.client.limits
        if not own.grants_subscription(session.subscription_count):
            return QUOTA_EXCEEDED
    return 0


def max_topic_levels(connection: Connection) -> int:
    """How many levels a filter of this client may have."""
    most = connection.context.limits.max_topic_levels
    if not connection.limited:
        return most
    own: int = connection.client.limits.max_topic_levels
    return min(most, own) if own else most
