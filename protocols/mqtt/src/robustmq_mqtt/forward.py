"""[H] From an accepted message to its topic's subscribers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from robustmq_mqtt.retain import retain_message

if TYPE_CHECKING:
    from robustmq_mqtt.codec.publish import Publish
    from robustmq_mqtt.context import Context


def forward(context: Context, message: Publish, route: Any) -> None:
    """Retain a message if it asks for that, and hand it to everyone who subscribed to its topic."""
    if context.has_rules:
        policy = route.policy
        if policy is not None:
            apply_policy(context, message, policy)
    if message.retain:
        retain_message(context, message)
    reached: int = route.deliver(message)
    if reached == 0:
        context.stats.dropped_no_subscribers += 1
    if context.wrote:
        # With what else this packet writes: a will is forgotten by the commit that stores it.
        context.store.flush()


def apply_policy(context: Context, message: Publish, policy: Any) -> None:
    """What the rules for topics say: how durable a message is, and whether its topic has a log."""
    message.durability = policy.durability
    context.durability = policy.durability
    if policy.logged:
        storage = context.services.topic_logs.append(message, policy)
        if storage is context.storage:
            context.wrote = True
        else:
            context.topic_log = storage


def limit_expiry(message: Publish, longest: int) -> None:
    """Have a message expire after `longest` seconds, or sooner if it says so."""
    latest = message.timestamp + longest
    if message.expires_at == 0.0 or message.expires_at > latest:
        message.expires_at = latest
