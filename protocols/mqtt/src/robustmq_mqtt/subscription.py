"""[H] One subscription of one session: what the router calls for every matching message."""

from typing import TYPE_CHECKING, Any, final

from mypy_extensions import mypyc_attr, u8

from robustmq_mqtt.codec.publish import Publish
from robustmq_mqtt.foreign import as_publish
from robustmq_mqtt.topics import SHARE_PREFIX

if TYPE_CHECKING:
    from robustmq_mqtt.session import Session


@final
@mypyc_attr(acyclic=True)
class MqttSubscription:
    """A granted topic filter with its options (section 3.8.3.1).

    There may be a million: small integers take a byte each, and `next` and `previous` chain those
    of one session, at 16 bytes where an entry of a dict takes 31 and a dict for one filter 232.
    `ended` says that it was given up or replaced.
    """

    def __init__(
        self,
        session: "Session",
        full_filter: str,
        qos: u8,
        no_local: bool,
        retain_as_published: bool,
        retain_handling: u8,
        identifier: int,
    ) -> None:
        self.session = session
        self.full_filter = full_filter
        self.is_shared = full_filter.startswith(SHARE_PREFIX)
        self.qos: u8 = qos
        self.no_local = no_local
        self.retain_as_published = retain_as_published
        self.retain_handling: u8 = retain_handling
        self.identifiers: list[int] | None = [identifier] if identifier else None
        self.ended = False
        self.next: MqttSubscription | None = None
        self.previous: MqttSubscription | None = None

    @property
    def subscriber(self) -> "Session":
        return self.session

    @property
    def topic_filter(self) -> str:
        """The filter without "$share/group/"."""
        return self.full_filter.split("/", 2)[2] if self.is_shared else self.full_filter

    @property
    def group(self) -> str:
        """The name of the shared subscription, or nothing."""
        return self.full_filter.split("/", 2)[1] if self.is_shared else ""

    @property
    def identifier(self) -> int:
        """The Subscription Identifier, 0 for none."""
        identifiers = self.identifiers
        return identifiers[0] if identifiers else 0

    def available(self) -> bool:
        return self.session.connection is not None

    def stores(self) -> bool:
        """Whether a QoS 1 or 2 message to it is written to storage."""
        return self.session.expiry_interval != 0 and self.qos > 0

    def deliver(self, message: Any) -> bool:
        """Send or queue a message; False if this session does not take it."""
        publish = message if isinstance(message, Publish) else as_publish(message)
        session = self.session
        if self.no_local and publish.publisher == session.client_id:
            return False  # [MQTT-3.8.3-3]
        qos = publish.qos
        if qos > int(self.qos) or session.upgrade_qos:
            qos = int(self.qos)  # the lower of the two [MQTT-3.8.4-8]
        retain = publish.retain and self.retain_as_published  # [MQTT-3.3.1-12], [MQTT-3.3.1-13]
        if qos == 0:
            return session.send_qos0(publish, retain, self.identifiers)
        shared = self.full_filter if self.is_shared else ""
        return session.send(publish, qos, retain, self.identifiers, shared)

    def merged(self, others: list[Any]) -> "MergedSubscription":
        return MergedSubscription(self.session, [self, *others])


@final
class MergedSubscription:
    """Overlapping subscriptions of one session: one copy at the highest QoS [MQTT-3.3.4-2]."""

    def __init__(self, session: "Session", subscriptions: list[MqttSubscription]) -> None:
        self.session = session
        self.subscriptions = subscriptions
        self.topic_filter = subscriptions[0].topic_filter

    @property
    def subscriber(self) -> "Session":
        return self.session

    def available(self) -> bool:
        return self.session.connection is not None

    def stores(self) -> bool:
        return self.session.expiry_interval != 0

    def deliver(self, message: Any) -> bool:
        publish = message if isinstance(message, Publish) else as_publish(message)
        session = self.session
        own = publish.publisher == session.client_id
        granted = -1
        retain = False
        identifiers: list[int] | None = None
        for subscription in self.subscriptions:
            if own and subscription.no_local:
                continue
            if int(subscription.qos) > granted:
                granted = int(subscription.qos)
            if subscription.retain_as_published:
                retain = publish.retain
            if subscription.identifiers is not None:
                identifiers = [*(identifiers or []), *subscription.identifiers]
        if granted < 0:
            return False
        qos = publish.qos
        if qos > granted or session.upgrade_qos:
            qos = granted
        if qos == 0:
            return session.send_qos0(publish, retain, identifiers)
        return session.send(publish, qos, retain, identifiers, "")

    def merged(self, others: list[Any]) -> "MergedSubscription":
        return MergedSubscription(self.session, [*self.subscriptions, *others])
