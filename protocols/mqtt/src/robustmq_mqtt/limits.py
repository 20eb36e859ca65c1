"""[H] The configured limits, copied out of the configuration into plain attributes."""

from typing import Final, final

DROP_NEWEST: Final = 0
DROP_OLDEST: Final = 1
DISCONNECT_SUBSCRIBER: Final = 2


@final
class Limits:
    """What the message path compares against; sizes in bytes, times in seconds, 0 = no limit."""

    def __init__(self) -> None:
        self.connect_timeout = 15.0
        self.max_packet_size = 1_048_576
        self.max_client_id_length = 65_535
        self.max_topic_levels = 128
        self.max_qos = 2
        self.max_topic_alias = 65_535
        self.max_topic_alias_outgoing = 64
        self.retain_available = True
        self.wildcard_subscription = True
        self.shared_subscription = True
        self.check_payload_format = False
        self.allow_zero_length_client_id = True
        self.response_information = ""
        self.server_keep_alive = 0
        self.max_keep_alive = 0
        self.keepalive_multiplier = 1.5
        self.session_expiry_interval = 7200
        self.max_session_expiry_interval = 0xFFFFFFFF
        self.max_message_expiry_interval = 0
        self.receive_maximum = 1024
        self.max_inflight = 1024
        self.max_queued_messages = 1000
        self.queue_qos0_messages = False
        self.overflow = DROP_NEWEST
        self.max_subscriptions = 100_000
        self.max_retained_messages = 1_000_000
        self.max_sessions = 1_000_000
        self.outgoing_buffer = 1_048_576
        self.deny_action_disconnect = False
        self.upgrade_qos = False
