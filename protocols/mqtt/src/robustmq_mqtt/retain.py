"""[H] Retaining what is published with RETAIN, and sending it to new subscriptions (3.3.1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from robustmq_mqtt.delivery import Delivery

if TYPE_CHECKING:
    from robustmq_mqtt.codec.publish import Publish
    from robustmq_mqtt.context import Context
    from robustmq_mqtt.subscription import MqttSubscription


def retain_message(context: Context, message: Publish) -> None:
    """Keep a message as its topic's retained one; an empty payload removes it."""
    topic = message.topic
    tree = context.retained
    if message.payload_size() == 0:
        # [MQTT-3.3.1-6], [MQTT-3.3.1-11]
        if tree.remove(topic):
            context.store.retained_removed(topic)
        return
    limit = context.limits.max_retained_messages
    if limit and tree.count >= limit and tree.get(topic) is None:
        context.services.metrics.count("messages.dropped.retained_limit")
        context.log.warning(
            "message not retained: mqtt.max_retained_messages is reached", topic=topic, limit=limit
        )
        return
    tree.set(topic, message)
    context.store.retained_saved(message)
    if message.expires_at != 0.0:
        watch_expiry(context, message)


def watch_expiry(context: Context, message: Publish) -> None:
    """Remove a retained message when it expires, not only when somebody asks for it."""
    now: float = context.clock.wall
    context.timers.after(
        max(message.expires_at - now, 0.0), RetainedExpiry(context, message).due
    )


@final
class RetainedExpiry:
    """The callback of a retained message's expiry."""

    def __init__(self, context: Context, message: Publish) -> None:
        self.context = context
        self.message = message

    def due(self) -> None:
        context = self.context
        topic = self.message.topic
        if context.retained.get(topic) is self.message:
            context.retained.remove(topic)
            context.store.retained_removed(topic)


def send_retained(context: Context, subscription: MqttSubscription) -> None:
    """Queue the retained messages that match a subscription, with RETAIN set [MQTT-3.3.1-8].

    They leave as the client's window has room, so that any number of them fits.
    """
    now: float = context.clock.wall
    session = subscription.session
    for message in context.retained.match(subscription.topic_filter):
        if message.has_expired(now):
            if context.retained.remove(message.topic):
                context.store.retained_removed(message.topic)
            continue
        if subscription.no_local and message.publisher == session.client_id:
            continue
        qos = subscription.qos
        if qos > message.qos and not session.upgrade_qos:
            qos = message.qos
        session.retained_queue.append(
            Delivery(message, qos, True, subscription.identifiers, "")
        )
    session.pump()
