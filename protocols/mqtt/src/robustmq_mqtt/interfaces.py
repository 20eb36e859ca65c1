"""[H] What the message path needs from the modules it must not import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from robustmq_mqtt.codec.publish import Publish
    from robustmq_mqtt.delivery import Delivery
    from robustmq_mqtt.session import Session
    from robustmq_mqtt.subscription import MqttSubscription


class SessionStore(Protocol):
    """Writes the state of sessions that outlive their connection, and retained messages."""

    def session_saved(self, session: Session) -> None:
        """Expiry, will or disconnection time have changed."""

    def session_removed(self, session: Session) -> None: ...
    def subscribed(self, session: Session, subscription: MqttSubscription) -> None: ...
    def unsubscribed(self, session: Session, full_filter: str) -> None: ...
    def delivery_saved(self, session: Session, delivery: Delivery) -> None:
        """Queued, sent or released: the whole present state of one delivery."""

    def delivery_done(self, session: Session, delivery: Delivery) -> None: ...
    def incoming_saved(self, session: Session, packet_id: int) -> None:
        """The QoS 2 message in `session.incoming` was received and is not released yet."""

    def incoming_done(self, session: Session, packet_id: int) -> None: ...
    def retained_saved(self, message: Publish) -> None: ...
    def retained_removed(self, topic: str) -> None: ...
