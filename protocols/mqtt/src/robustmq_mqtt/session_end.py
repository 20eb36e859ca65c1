"""[H] How a connection lets go of its session, and how a session ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from robustmq_mqtt.session import NO_INCOMING
from robustmq_mqtt.shared import connection_lost_shared, hand_over_shared
from robustmq_mqtt.will import cancel_will, connection_dropped, publish_will

if TYPE_CHECKING:
    from robustmq_mqtt.connection import Connection
    from robustmq_mqtt.session import Session

NEVER_EXPIRES: Final = 0xFFFFFFFF


def connection_ended(connection: Connection, was_connected: bool) -> None:
    """Detach a client's session: its will, its expiry, its end.

    Without `was_connected` it ended before CONNACK was sent, and its will goes with it.
    """
    context = connection.context
    session = connection.session
    connection.session = None
    if was_connected:
        context.stats.connected -= 1
        context.stats.connections_closed += 1
        if context.events:
            context.notify("client_disconnected", connection.client, connection.close_reason)
    if session is None or session.connection is not connection:
        return
    session.connection = None
    context.set_attended(session, False)
    session.disconnected_at = connection.wall_now()
    session.retained = None
    drop_queued_qos0(session)
    connection_lost_shared(session)
    if connection.keep_will and was_connected:
        connection_dropped(session)
    else:
        cancel_will(session)
    if session.expiry_interval == 0:
        end_session(session)
        return
    context.store.session_saved(session)
    start_expiry(session, float(session.expiry_interval))


def drop_queued_qos0(session: Session) -> None:
    """QoS 0 messages wait only for a slow connection, unless configured to be kept."""
    if session.context.limits.queue_qos0_messages and session.expiry_interval:
        return
    while session.queued_qos0:
        delivery = session.queue.drop_first_qos0()
        if delivery is None:
            session.queued_qos0 = 0
            return
        session.context.stats.dropped_qos0 += 1
        session.discard(delivery)


def start_expiry(session: Session, seconds: float) -> None:
    """End the session unless its client is back in time [MQTT-3.1.2-23]."""
    if session.expiry_interval != NEVER_EXPIRES:
        due = SessionExpiry(session)
        session.expiry_timer = session.context.timers.after(max(seconds, 0.0), due.due)


@final
class SessionExpiry:
    """The callback of a session's expiry."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def due(self) -> None:
        session = self.session
        session.expiry_timer = None
        if session.connection is None and not session.ended:
            session.context.stats.sessions_expired += 1
            end_session(session)


def end_session(session: Session) -> None:
    """Forget a session: publish a will still waiting, leave its subscriptions, drop its queue."""
    if session.ended:
        return
    session.ended = True
    context = session.context
    if session.expiry_timer is not None:
        session.expiry_timer.cancel()
        session.expiry_timer = None
    publish_will(session)  # the delay ends with the session (3.1.3.2.2)
    if context.sessions.get(session.client_id) is session:
        del context.sessions[session.client_id]
    for subscription in session.subscriptions():
        context.router.unsubscribe(subscription.topic_filter, session, subscription.group)
        session.drop_subscription(subscription)
    hand_over_shared(session)
    context.stats.dropped_inflight_discarded += session.waiting()
    context.store.session_removed(session)
    session.log = None
    session.inflight = {}
    session.queue.clear()
    session.resend.clear()
    session.incoming = NO_INCOMING
