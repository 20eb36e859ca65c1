"""[H] Will messages: published when a connection ends without a proper DISCONNECT (3.1.2.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robustmq_mqtt.codec.publish import Publish, new_publish
from robustmq_mqtt.forward import forward, limit_expiry
from robustmq_mqtt.mountpoint import unmounted_topic

if TYPE_CHECKING:
    from robustmq_mqtt.codec.packets import Will
    from robustmq_mqtt.session import Session


def will_delay(session: Session) -> int:
    """Seconds between the end of the connection and the will; the session's end cuts it short."""
    will = session.will
    if will is None or will.properties is None:
        return 0
    delay = will.properties.will_delay_interval
    return 0 if delay is None else delay


def connection_dropped(session: Session, seconds_ago: float = 0.0) -> None:
    """The connection ended without DISCONNECT: publish the will now or after its delay."""
    if session.will is None:
        return
    delay = will_delay(session) - seconds_ago
    if delay <= 0.0 or session.expiry_interval == 0:
        publish_will(session)
        return
    session.will_timer = session.context.timers.after(delay, WillDue(session).due)


class WillDue:
    """The callback of a will delay."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def due(self) -> None:
        self.session.will_timer = None
        if self.session.connection is None:
            publish_will(self.session)


def cancel_will(session: Session) -> None:
    """Forget the will: a proper DISCONNECT [MQTT-3.1.2-10], or back in time [MQTT-3.1.3-9]."""
    session.will = None
    if session.will_timer is not None:
        session.will_timer.cancel()
        session.will_timer = None


def publish_will(session: Session) -> None:
    """Publish and forget the will [MQTT-3.1.2-8]; it is published once at most."""
    will = session.will
    if will is None:
        return
    cancel_will(session)
    context = session.context
    if session.expiry_interval:
        context.store.session_saved(session)
    message = will_message(session, will)
    if context.authorizes and not context.services.authorize(
        session.client,
        "publish",
        unmounted_topic(session.client.mountpoint, message.topic),
        message.qos,
        message.retain,
    ):
        context.stats.dropped_not_authorized += 1
        context.log.info("will refused", client_id=session.client_id, topic=message.topic)
        return
    forward(context, message, context.router.route(message.topic))


def will_message(session: Session, will: Will) -> Publish:
    message = new_publish(will.topic, will.payload, will.qos, will.retain)
    message.publisher = session.client_id
    now: float = session.context.clock.wall
    message.timestamp = now
    given = will.properties
    if given is not None:
        message.properties = given.of_message()
        if given.message_expiry_interval is not None:
            message.expires_at = now + given.message_expiry_interval
    longest = session.context.limits.max_message_expiry_interval
    if longest:
        limit_expiry(message, longest)
    return message
