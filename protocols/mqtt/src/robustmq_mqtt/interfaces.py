"""[H] What the message path needs from the modules it must not import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from robustmq_mqtt.codec.publish import Publish
    from robustmq_mqtt.delivery import Delivery
    from robustmq_mqtt.session import Session
    from robustmq_mqtt.session_log import SessionLog
    from robustmq_mqtt.subscription import MqttSubscription


class SessionStore(Protocol):
    """Writes the state of sessions that outlive their connection, and retained messages."""

    def shard(self, client_id: str) -> str:
        """The name of a session's shard."""

    def session_saved(self, session: Session) -> None:
        """Expiry, will or disconnection time have changed."""

    def session_removed(self, session: Session) -> None: ...
    def subscribed(self, session: Session, subscription: MqttSubscription) -> None: ...
    def unsubscribed(self, session: Session, full_filter: str) -> None: ...
    def append(self, log: SessionLog, delivery: Delivery) -> None:
        """Add a message to a session's log; `log.committed` follows, or `log.failed`."""

    def flush(self) -> None:
        """Hand over what waits to see whether a message has another recipient."""

    def read_page(self, log: SessionLog) -> None:
        """Read from `log.next` on; `log.page` follows."""

    def put(self, shard: str, key: bytes) -> None:
        """Note something about a message of a log."""

    def trim_later(self, log: SessionLog) -> None:
        """Remove what is below `log.start`, and `log.obsolete`, at the end of this turn."""

    def release_body(self, body_id: int) -> None:
        """One delivery less needs a body; the last one takes it away."""

    def attended(self, any_session: bool) -> None:
        """The first session that is in storage has a connection now, or the last one has none."""

    def incoming_saved(self, session: Session, packet_id: int) -> None:
        """The QoS 2 message in `session.incoming` was received and is not released yet."""

    def incoming_done(self, session: Session, packet_id: int) -> None: ...
    def retained_saved(self, message: Publish) -> None: ...
    def retained_removed(self, topic: str) -> None: ...
