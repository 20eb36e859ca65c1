"""[H] One subscription of one session: what the router calls for every matching message."""

from typing import TYPE_CHECKING, Any, final

from robustmq_mqtt.codec.publish import Publish
from robustmq_mqtt.foreign import as_publish

if TYPE_CHECKING:
    from robustmq_mqtt.session import Session


@final
class MqttSubscription:
    """A granted topic filter with its options (section 3.8.3.1)."""

    def __init__(
        self,
        session: "Session",
        full_filter: str,
        topic_filter: str,
        group: str,
        qos: int,
        no_local: bool,
        retain_as_published: bool,
        retain_handling: int,
        identifier: int,
    ) -> None:
        self.session = session
        self.full_filter = full_filter
        self.topic_filter = topic_filter
        self.group = group
        self.qos = qos
        self.no_local = no_local
        self.retain_as_published = retain_as_published
        self.retain_handling = retain_handling
        self.identifier = identifier
        self.identifiers: list[int] | None = [identifier] if identifier else None
        self.shared = full_filter if group else ""
        self.retained_until = 0

    @property
    def subscriber(self) -> "Session":
        return self.session

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
        if qos > self.qos or session.upgrade_qos:
            qos = self.qos  # the lower of the two [MQTT-3.8.4-8]
        retain = publish.retain and self.retain_as_published  # [MQTT-3.3.1-12], [MQTT-3.3.1-13]
        if qos == 0:
            return session.send_qos0(publish, retain, self.identifiers)
        return session.send(publish, qos, retain, self.identifiers, self.shared)

    def merged(self, others: list[Any]) -> "MergedSubscription":
        return MergedSubscription(self.session, [self, *others])


@final
class MergedSubscription:
    """Overlapping subscriptions of one session: one copy at the highest QoS [MQTT-3.3.4-2]."""

    def __init__(self, session: "Session", subscriptions: list[MqttSubscription]) -> None:
        self.session = session
        self.subscriptions = subscriptions

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
            if subscription.qos > granted:
                granted = subscription.qos
            if subscription.retain_as_published:
                retain = publish.retain
            if subscription.identifier:
                if identifiers is None:
                    identifiers = []
                identifiers.append(subscription.identifier)
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
