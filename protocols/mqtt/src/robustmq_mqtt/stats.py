"""[H] The pack's counters: plain integers, registered as gauges with the broker's metrics."""

from typing import final


@final
class Stats:
    """Totals since the start. Bytes count whole packets.

    authorization_answered: answers that authorizers gave; for those that were known there is only
        `authorization_cache_hit`, since most messages count there. What is not denied is allowed.
    """

    def __init__(self) -> None:
        self.bytes_received = 0
        self.bytes_sent = 0
        self.packets_received = 0
        self.messages_received = 0
        self.messages_sent = 0
        self.messages_qos0_received = 0
        self.messages_qos1_received = 0
        self.messages_qos2_received = 0
        self.dropped_no_subscribers = 0
        self.dropped_queue_full = 0
        self.dropped_qos0 = 0
        self.dropped_too_large = 0
        self.dropped_expired = 0
        self.dropped_not_authorized = 0
        self.dropped_inflight_discarded = 0
        self.authorization_answered = 0
        self.authorization_deny = 0
        self.authorization_cache_hit = 0
        self.authorization_cache_miss = 0
        self.subscriptions_revoked = 0
        self.dropped_not_stored = 0
        self.connections_accepted = 0
        self.connections_closed = 0
        self.connected = 0
        self.connect_timeouts = 0
        self.protocol_errors = 0
        self.credentials_expired = 0
        self.sessions_created = 0
        self.sessions_resumed = 0
        self.sessions_taken_over = 0
        self.sessions_discarded = 0
        self.sessions_expired = 0

    @property
    def authorization_allow(self) -> int:
        return self.authorization_answered + self.authorization_cache_hit - self.authorization_deny

    def names(self) -> dict[str, str]:
        """Metric name to attribute name, with the names EMQX users know."""
        return {
            "bytes.received": "bytes_received",
            "bytes.sent": "bytes_sent",
            "packets.received": "packets_received",
            "messages.received": "messages_received",
            "messages.sent": "messages_sent",
            "messages.qos0.received": "messages_qos0_received",
            "messages.qos1.received": "messages_qos1_received",
            "messages.qos2.received": "messages_qos2_received",
            "messages.dropped.no_subscribers": "dropped_no_subscribers",
            "delivery.dropped.queue_full": "dropped_queue_full",
            "delivery.dropped.qos0_msg": "dropped_qos0",
            "delivery.dropped.too_large": "dropped_too_large",
            "delivery.dropped.expired": "dropped_expired",
            "delivery.dropped.not_stored": "dropped_not_stored",
            "delivery.dropped.session_discarded": "dropped_inflight_discarded",
            "messages.dropped.not_authorized": "dropped_not_authorized",
            "authorization.allow": "authorization_allow",
            "authorization.deny": "authorization_deny",
            "authorization.cache_hit": "authorization_cache_hit",
            "authorization.cache_miss": "authorization_cache_miss",
            "subscriptions.revoked": "subscriptions_revoked",
            "connections.accepted": "connections_accepted",
            "connections.closed": "connections_closed",
            "connections.connected": "connected",
            "connections.connect_timeout": "connect_timeouts",
            "connections.protocol_error": "protocol_errors",
            "connections.credentials_expired": "credentials_expired",
            "session.created": "sessions_created",
            "session.resumed": "sessions_resumed",
            "session.takenover": "sessions_taken_over",
            "session.discarded": "sessions_discarded",
            "session.expired": "sessions_expired",
        }
