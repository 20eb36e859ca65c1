"""[P] The `[mqtt]` section of the configuration."""

from typing import Literal

from pydantic import Field

from robustmq_common.config.model import Bytes, Seconds, Section, WholeSeconds
from robustmq_mqtt.limits import DISCONNECT_SUBSCRIBER, DROP_NEWEST, DROP_OLDEST, Limits

OVERFLOW = {
    "drop_newest": DROP_NEWEST,
    "drop_oldest": DROP_OLDEST,
    "disconnect": DISCONNECT_SUBSCRIBER,
}
NEVER = 0xFFFFFFFF


class MqttConfig(Section):
    """The MQTT protocol pack: what clients may do, and what is kept for them."""

    connect_timeout: Seconds = Field(
        15.0,
        gt=0,
        le=3600,
        description="Close a connection that sends no complete CONNECT in time.",
    )
    max_packet_size: Bytes = Field(
        1_048_576,
        ge=128,
        le=268_435_460,
        description="Largest packet accepted, all bytes counted; told to 5.0 clients.",
    )
    max_client_id_length: int = Field(
        65_535, ge=23, le=65_535, description="Longest client identifier accepted, in bytes."
    )
    allow_zero_length_client_id: bool = Field(
        True, description="Assign an identifier to clients that come without one."
    )
    max_topic_levels: int = Field(
        128, ge=1, le=65_535, description="Most levels a topic name or filter may have."
    )
    max_qos: int = Field(2, ge=0, le=2, description="Highest QoS; told to 5.0 clients.")
    retain_available: bool = Field(True, description="Whether messages may be retained.")
    max_retained_messages: int = Field(
        1_000_000,
        ge=0,
        description="Topics that may have a retained message; others are not retained. 0: any.",
    )
    wildcard_subscription: bool = Field(True, description="Whether filters may have wildcards.")
    shared_subscription: bool = Field(
        True, description="Whether `$share/group/filter` may be subscribed to."
    )
    max_subscriptions: int = Field(
        100_000, ge=0, description="Subscriptions of one session; more are refused (0x97). 0: any."
    )
    max_sessions: int = Field(
        1_000_000, ge=0, description="Sessions in all; further clients are refused (0x97). 0: any."
    )
    max_topic_alias: int = Field(
        65_535, ge=0, le=65_535, description="Topic aliases a 5.0 client may set on a connection."
    )
    max_topic_alias_outgoing: int = Field(
        64,
        ge=0,
        le=65_535,
        description="Topic aliases the broker sets on a connection, if its client allows them.",
    )
    receive_maximum: int = Field(
        1024,
        ge=1,
        le=65_535,
        description="QoS 1 and 2 messages a 5.0 client may have unacknowledged (0x93 if more).",
    )
    max_inflight: int = Field(
        1024,
        ge=1,
        le=65_535,
        description="QoS 1 and 2 messages sent to one client and not acknowledged by it yet.",
    )
    max_queued_messages: int = Field(
        1000,
        ge=0,
        description="Messages that wait for one session, beyond those in flight. 0: any number.",
    )
    queue_overflow: Literal["drop_newest", "drop_oldest", "disconnect"] = Field(
        "drop_newest",
        description=(
            "When a session's queue is full: drop the new message, drop the oldest one (QoS 0 "
            "first), or disconnect the subscriber (0x97). Drops are counted."
        ),
    )
    queue_qos0_messages: bool = Field(
        False, description="Whether QoS 0 messages wait for a session whose client is away."
    )
    outgoing_buffer: Bytes = Field(
        1_048_576,
        ge=4096,
        le=1_073_741_824,
        description="Bytes collected for one client in one turn before its messages are queued.",
    )
    session_expiry_interval: WholeSeconds = Field(
        7200,
        ge=0,
        le=NEVER,
        description=(
            "How long the session of a 3.x client with Clean Session 0 outlives its connection; "
            "4294967295 seconds for ever."
        ),
    )
    max_session_expiry_interval: WholeSeconds = Field(
        NEVER,
        ge=0,
        le=NEVER,
        description="Longest Session Expiry Interval a 5.0 client gets; 4294967295 for any.",
    )
    max_message_expiry_interval: WholeSeconds = Field(
        0, ge=0, le=NEVER, description="Longest life of a message, whatever it says; 0 for any."
    )
    server_keep_alive: int = Field(
        0, ge=0, le=65_535, description="Keep-alive in seconds imposed on 5.0 clients; 0 for none."
    )
    max_keep_alive: int = Field(
        0,
        ge=0,
        le=65_535,
        description="Longest keep-alive in seconds that a 5.0 client may have; 0 for any.",
    )
    keepalive_multiplier: float = Field(
        1.5, ge=1.0, le=10.0, description="Silence of this many keep-alives closes a connection."
    )
    check_payload_format: bool = Field(
        False, description="Refuse payloads that claim to be UTF-8 and are not (0x99)."
    )
    response_information: str = Field(
        "", max_length=1024, description="Response Information for 5.0 clients that ask for it."
    )
    deny_action: Literal["ignore", "disconnect"] = Field(
        "ignore",
        description=(
            "What a publish that is not authorized costs: the message (with a reason code where "
            "there is one), or the connection."
        ),
    )
    upgrade_qos: bool = Field(
        False, description="Deliver at the subscription's QoS even if it is above the message's."
    )
    sys_interval: Seconds = Field(
        60.0, ge=0, le=86_400, description="How often `$SYS` topics are published; 0 for never."
    )

    def limits(self) -> Limits:
        """The same for the message path."""
        limits = Limits()
        for name in MqttConfig.model_fields:
            if hasattr(limits, name):
                setattr(limits, name, getattr(self, name))
        limits.overflow = OVERFLOW[self.queue_overflow]
        limits.deny_action_disconnect = self.deny_action == "disconnect"
        return limits
