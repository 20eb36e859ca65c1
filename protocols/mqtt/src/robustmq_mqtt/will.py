"""[H] Will messages: published when a connection ends without a proper DISCONNECT (3.1.2.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from robustmq_mqtt.codec.publish import Publish, new_publish
from robustmq_mqtt.codec.reason_codes import NOT_AUTHORIZED
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
    decided = WillDecided(session, message)
    if not context.authorizes:
        decided.done(True)
        return
    # Whoever may not publish it when the connection ends may not, whatever held at CONNECT.
    topic = unmounted_topic(session.client.mountpoint, message.topic)
    allowed: bool | None = context.services.authorize(
        session.client, "publish", topic, message.qos, message.retain
    )
    if allowed is not None:
        decided.done(allowed)
        return
    context.services.authorize_later(
        session.client, "publish", topic, message.qos, message.retain, decided.done
    )


@final
class WillDecided:
    """The callback of the authorization of a will."""

    def __init__(self, session: Session, message: Publish) -> None:
        self.session = session
        self.message = message

    def done(self, allowed: bool) -> None:
        session = self.session
        context = session.context
        message = self.message
        if allowed:
            forward(context, message, context.router.route(message.topic))
            return
        context.stats.dropped_not_authorized += 1
        context.refusals.note(
            "will refused", session.client_id, session.client.peer, message.topic, NOT_AUTHORIZED
        )


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
