"""[H] What a leaving member of a shared subscription leaves to the others (section 4.8.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robustmq_mqtt.session_log import PAGE_RECORDS

if TYPE_CHECKING:
    from robustmq_mqtt.delivery import Delivery
    from robustmq_mqtt.session import Session
    from robustmq_mqtt.subscription import MqttSubscription

HANDED_OVER: Final = 10_240
"""Queued messages that a session leaves to others when it ends: a few dozen milliseconds."""


def leave_shared(session: Session, subscription: MqttSubscription) -> None:
    """Give queued messages of one shared subscription to another member.

    Called when the member has unsubscribed but stays connected: what is in flight to it is finished
    with it, as the specification allows, so that nothing arrives twice.
    """
    keep: list[Delivery] = []
    leaving: list[Delivery] = []
    for delivery in session.queue.to_list():
        if delivery.shared == subscription.full_filter:
            leaving.append(delivery)
        else:
            keep.append(delivery)
    if not leaving:
        return
    session.queue.clear()
    for delivery in keep:
        session.queue.append(delivery)
    for delivery in leaving:
        session.discard(delivery)
        if not expired(session, delivery):
            session.context.router.redispatch(
                subscription.topic_filter, subscription.group, delivery.message
            )


def hand_over_shared(session: Session) -> None:
    """Give everything unacknowledged from shared subscriptions to other members: the session ends.

    The session must have left its groups already. A QoS 2 message that has been sent is not given
    to anyone else [MQTT-4.8.2-5].
    """
    context = session.context
    if session.shares:
        read_rest(session)
    leaving = [d for d in session.inflight.values() if d.qos == 1]
    leaving.extend(session.queue.to_list())
    for delivery in leaving:
        if not delivery.shared or expired(session, delivery):
            continue
        group, topic_filter = split_shared(delivery.shared)
        context.router.redispatch(topic_filter, group, delivery.message)


def read_rest(session: Session) -> None:
    """Read what is in storage only, if storage can do that at once, so that it can be handed over.

    It has to be now: the session is about to be removed. What is beyond `HANDED_OVER` goes with it.
    """
    log = session.log
    if log is None:
        return
    for _ in range(HANDED_OVER // PAGE_RECORDS):
        log.read()
        if log.reading or log.next == log.end:
            return


def connection_lost_shared(session: Session) -> None:
    """Give what a member has not acknowledged to members that are connected, if there are any.

    Its session goes on without its connection. QoS 2 messages in flight stay with it
    [MQTT-4.8.2-4]; the others need not wait for it to come back.
    """
    for delivery in list(session.inflight.values()):
        if delivery.shared and delivery.qos == 1 and pass_on(session, delivery):
            session.release_slot(delivery)
    keep: list[Delivery] = []
    queued = session.queue.to_list()
    session.queue.clear()
    for delivery in queued:
        if delivery.shared and pass_on(session, delivery):
            session.discard(delivery)
        else:
            keep.append(delivery)
    for delivery in keep:
        session.queue.append(delivery)


def expired(session: Session, delivery: Delivery) -> bool:
    """Whether a message has to go to nobody else any more [MQTT-3.3.2-5]."""
    if not delivery.message.has_expired(session.context.clock.wall):
        return False
    session.context.stats.dropped_expired += 1
    return True


def pass_on(session: Session, delivery: Delivery) -> bool:
    """Give a message to a connected member; False if there is none, or none that takes it."""
    if delivery.message.has_expired(session.context.clock.wall):
        return False
    group, topic_filter = split_shared(delivery.shared)
    passed: bool = session.context.router.redispatch(topic_filter, group, delivery.message, True)
    return passed


def split_shared(full_filter: str) -> tuple[str, str]:
    """Group and filter of "$share/group/filter"."""
    parts = full_filter.split("/", 2)
    return parts[1], parts[2]
