"""[H] Retaining what is published with RETAIN, and sending it to new subscriptions (3.3.1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

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
        remove_retained(context, topic)
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
    watch_expiry(context, message)


def remove_retained(context: Context, topic: str) -> None:
    """Forget what is retained for a topic, if anything is."""
    timer: Any = context.retained_timers.pop(topic, None)
    if timer is not None:
        timer.cancel()
    if context.retained.remove(topic):
        context.store.retained_removed(topic)


def watch_expiry(context: Context, message: Publish) -> None:
    """Remove a retained message when it expires, not only when somebody asks for it.

    The timer of the message it replaces is cancelled, and lets go of that message.
    """
    timers = context.retained_timers
    timer: Any = timers.pop(message.topic, None)
    if timer is not None:
        timer.cancel()
    if message.expires_at != 0.0:
        seconds = max(message.expires_at - context.clock.wall, 0.0)
        due = RetainedExpiry(context, message).due
        timers[message.topic] = context.timers.after(seconds, due)


@final
class RetainedExpiry:
    """The callback of a retained message's expiry."""

    def __init__(self, context: Context, message: Publish) -> None:
        self.context = context
        self.message = message

    def due(self) -> None:
        topic = self.message.topic
        if self.context.retained.get(topic) is self.message:
            remove_retained(self.context, topic)


def want_retained(context: Context, subscription: MqttSubscription) -> None:
    """Have the retained messages that match a new subscription sent [MQTT-3.3.1-8].

    What is retained later than now comes to it as any other message.
    """
    session = subscription.session
    subscription.retained_until = context.retained.serial
    wanted = session.retained_wanted
    wanted.pop(subscription.full_filter, None)
    wanted[subscription.full_filter] = subscription
    session.collect_soon()


def queue_retained(context: Context, subscription: MqttSubscription) -> None:
    """Queue the retained messages that match a subscription, with RETAIN set.

    They leave as the client's window has room, so that any number of them fits.
    """
    now: float = context.clock.wall
    session = subscription.session
    until = subscription.retained_until
    for message in context.retained.match(subscription.topic_filter, until):
        if message.has_expired(now):
            remove_retained(context, message.topic)
            continue
        if subscription.no_local and message.publisher == session.client_id:
            continue
        qos = subscription.qos
        if qos > message.qos and not session.upgrade_qos:
            qos = message.qos
        delivery = Delivery(message, qos, True, subscription.identifiers, "")
        delivery.source = subscription
        session.retained_queue.append(delivery)
