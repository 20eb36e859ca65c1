"""[H] Retaining what is published with RETAIN, until it is replaced or expires (3.3.1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robustmq_mqtt.codec.publish import Publish
    from robustmq_mqtt.context import Context


def retain_message(context: Context, message: Publish) -> None:
    """Keep a message as its topic's retained one; an empty payload removes it."""
    topic = message.topic
    tree = context.retained
    if message.payload_size() == 0:
        # [MQTT-3.3.1-6], [MQTT-3.3.1-11]
        remove_retained(context, topic)
        return
    limit = context.limits.max_retained_messages
    replaced = tree.get(topic)
    if limit and tree.count >= limit and replaced is None:
        context.services.metrics.count("messages.dropped.retained_limit")
        context.log.warning(
            "message not retained: mqtt.max_retained_messages is reached", topic=topic, limit=limit
        )
        return
    kept = tree.set(topic, message)
    if replaced is not None:
        context.retained_expiry.discard(replaced)
    context.retained_expiry.add(kept)
    context.store.retained_saved(message)


def remove_retained(context: Context, topic: str) -> None:
    """Forget what is retained for a topic, if anything is."""
    message = context.retained.get(topic)
    if message is not None:
        context.retained.remove(topic)
        context.retained_expiry.discard(message)
        context.store.retained_removed(topic)
