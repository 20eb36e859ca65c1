"""[H] Subscriptions that are not granted any more: after a change of rules, or a change of client.

A session that is resumed may come with another user name, or after rules have changed while it was
away. Many subscriptions are looked at bit by bit. What was queued for a subscription while it was
granted is delivered, as after UNSUBSCRIBE (section 3.10.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from robustmq_mqtt.handle_unsubscribe import remove_subscription
from robustmq_mqtt.mountpoint import unmounted_topic

if TYPE_CHECKING:
    from robustmq_mqtt.context import Context
    from robustmq_mqtt.session import Session
    from robustmq_mqtt.subscription import MqttSubscription

SUBSCRIPTIONS: Final = 100
"""Subscriptions that are looked at in one turn of the event loop."""
SESSIONS: Final = 50
UNKNOWN: Final = "?"
"""The listener of a client that has been away since before the broker started."""


def check_subscriptions(session: Session) -> None:
    """Give up the subscriptions of a session that its client may not have."""
    if session.subscription_count:
        SubscriptionCheck(session).go_on()


@final
class SubscriptionCheck:
    """The subscriptions of a session that are still to be looked at."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.client = session.client
        self.left = session.subscriptions()
        self.left.reverse()

    def go_on(self) -> None:
        session = self.session
        services = session.context.services
        for _ in range(SUBSCRIPTIONS):
            if not self.left or session.ended or session.client is not self.client:
                return
            subscription = self.left.pop()
            if subscription.ended:
                continue
            topic_filter = unmounted_topic(self.client.mountpoint, subscription.topic_filter)
            allowed: bool | None = services.authorize(
                self.client, "subscribe", topic_filter, int(subscription.qos), False
            )
            if allowed is None:
                # One after the other: the answer may come from another server.
                services.authorize_later(
                    self.client,
                    "subscribe",
                    topic_filter,
                    int(subscription.qos),
                    False,
                    Decided(self, subscription).done,
                )
                return
            if not allowed:
                revoke(subscription)
        services.soon(self.go_on)


@final
class Decided:
    """The callback of an answer that took its time."""

    def __init__(self, check: SubscriptionCheck, subscription: MqttSubscription) -> None:
        self.check = check
        self.subscription = subscription

    def done(self, allowed: bool) -> None:
        session = self.check.session
        if not allowed and not self.subscription.ended and session.client is self.check.client:
            revoke(self.subscription)
        session.context.services.soon(self.check.go_on)


def revoke(subscription: MqttSubscription) -> None:
    """Take a subscription away. MQTT has no packet to tell the client."""
    session = subscription.session
    context = session.context
    full = subscription.full_filter
    remove_subscription(session, full)
    context.stats.subscriptions_revoked += 1
    context.log.info(
        "subscription revoked: it is not granted any more",
        client_id=session.client_id,
        topic_filter=full,
    )
    if context.events:
        context.notify("session_unsubscribed", session.client, full)


@final
class AbsentSessions:
    """Looks at the sessions whose clients are away, a few in each turn.

    Of one that was away already when the broker started, address, listener and certificate are not
    known: it is looked at when its client is back.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.left: list[Session] = []

    def begin(self) -> None:
        """The rules changed."""
        under_way = bool(self.left)
        self.left = [
            one
            for one in self.context.sessions.values()
            if one.connection is None and one.subscription_count
        ]
        if self.left and not under_way:
            self.context.services.soon(self.go_on)

    def go_on(self) -> None:
        for _ in range(SESSIONS):
            if not self.left:
                return
            session = self.left.pop()
            if session.connection is not None or session.ended or session.client is None:
                continue
            if session.client.listener != UNKNOWN:
                check_subscriptions(session)
        if self.left:
            self.context.services.soon(self.go_on)
