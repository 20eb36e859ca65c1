"""[H] Retaining what is published with RETAIN, until it is replaced or expires (3.3.1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from robustmq_mqtt.codec.publish import Publish
    from robustmq_mqtt.context import Context
    from robustmq_mqtt.retained_message import RetainedMessage


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
    kept = tree.set(topic, message)
    context.store.retained_saved(message)
    watch_expiry(context, topic, kept)


def remove_retained(context: Context, topic: str) -> None:
    """Forget what is retained for a topic, if anything is."""
    timer: Any = context.retained_timers.pop(topic, None)
    if timer is not None:
        timer.cancel()
    if context.retained.remove(topic):
        context.store.retained_removed(topic)


def watch_expiry(context: Context, topic: str, message: RetainedMessage) -> None:
    """Remove a retained message when it expires, not only when somebody asks for it.

    The timer of the message it replaces is cancelled, and lets go of that message.
    """
    timers = context.retained_timers
    timer: Any = timers.pop(topic, None)
    if timer is not None:
        timer.cancel()
    if message.expires_at != 0.0:
        seconds = max(message.expires_at - context.clock.wall, 0.0)
        timers[topic] = context.timers.after(seconds, RetainedExpiry(context, topic, message).due)


@final
class RetainedExpiry:
    """The callback of a retained message's expiry."""

    def __init__(self, context: Context, topic: str, message: RetainedMessage) -> None:
        self.context = context
        self.topic = topic
        self.message = message

    def due(self) -> None:
        if self.context.retained.get(self.topic) is self.message:
            remove_retained(self.context, self.topic)
