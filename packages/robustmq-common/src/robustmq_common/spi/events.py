"""[P] Events that plugins can listen to. An event nobody listens to costs one truth test."""

from robustmq_common.spi.access import ClientInfo


class EventListener:
    """Base with no-op methods: override what you care about. Calls must return at once."""

    name: str = "unnamed"

    def client_connected(self, client: ClientInfo) -> None:
        """A client's connection was accepted."""

    def client_disconnected(self, client: ClientInfo, reason: str) -> None:
        """A client's connection ended."""

    def session_subscribed(self, client: ClientInfo, topic_filter: str, qos: int) -> None:
        """A subscription was granted."""

    def session_unsubscribed(self, client: ClientInfo, topic_filter: str) -> None:
        """A subscription was removed on the client's request."""
