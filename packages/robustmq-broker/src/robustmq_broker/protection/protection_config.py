"""[P] The sections `[bans]`, `[flapping]`, `[limits]`, `[overload]` and `[attempts]`."""

from typing import Literal

from pydantic import Field, model_validator

from robustmq_common.config.model import ByteRate, Bytes, Rate, Seconds, Section


class BansConfig(Section):
    """Bans, which `robust-ctl ban` and flapping detection add."""

    max_bans: int = Field(
        100_000,
        ge=10,
        le=10_000_000,
        description="How many there may be; the last tenth is not given to flapping detection.",
    )


class FlappingConfig(Section):
    """Detection of clients that connect and are gone again, over and over."""

    enabled: bool = Field(False, description="Whether to ban such clients.")
    max_count: int = Field(
        15, ge=2, le=1000, description="Ends of connections within `window` that are too many."
    )
    window: Seconds = Field(60.0, ge=1, le=86_400, description="The time they are counted in.")
    ban_time: Seconds = Field(
        300.0, ge=1, le=31_536_000, description="How long the client identifier is banned."
    )
    count_normal: bool = Field(
        False, description="Whether to count ends with a DISCONNECT of the client, too."
    )


class RateLimits(Section):
    """Messages and bytes that are published."""

    messages_rate: Rate | None = Field(
        None, description="PUBLISH packets accepted; unset, any number."
    )
    messages_burst: int = Field(
        0, ge=0, le=1_000_000_000, description="Packets on top of what the rate has at once."
    )
    bytes_rate: ByteRate | None = Field(
        None, description="Bytes of PUBLISH packets accepted; unset, any number."
    )
    bytes_burst: Bytes = Field(
        0, ge=0, le=1_099_511_627_776, description="Bytes on top of what the rate has at once."
    )


class ListenerLimits(RateLimits):
    """Limits of a listener: rates are for all of its clients together."""

    max_subscriptions: int = Field(
        0, ge=0, description="Subscriptions of one of its clients (0x97 if more). 0: any number."
    )
    max_topic_levels: int = Field(
        0,
        ge=0,
        le=65_535,
        description="Levels of its clients' topics, besides `mqtt.max_topic_levels`. 0: any.",
    )


class ClientLimits(RateLimits):
    """Limits of each client, by its client identifier."""

    connect_rate: Rate | None = Field(
        None, description="How often it may connect (0x9F if more often); unset, at any rate."
    )
    connect_burst: int = Field(
        0, ge=0, le=1_000_000, description="Connects on top of what the rate has at once."
    )
    max_subscriptions: int = Field(
        0, ge=0, description="Its subscriptions, at most (0x97 if more). 0: any number."
    )


class UserLimits(ClientLimits):
    """Limits of each user: all clients with one username together."""

    max_connections: int = Field(
        0, ge=0, description="Clients connected at once (0x97 if more). 0: any number."
    )
    max_subscriptions: int = Field(
        0,
        ge=0,
        description="Subscriptions of all its connected clients (0x97 if more). 0: any number.",
    )


class LimitsConfig(Section):
    """How much clients and users may do; `listeners.NAME.limits` has that of listeners."""

    qos0: Literal["pause", "drop"] = Field(
        "pause",
        description=(
            "What becomes of a QoS 0 message that is over a rate: it waits, unread, as those of "
            "QoS 1 and 2 do, or is dropped and counted."
        ),
    )
    client: ClientLimits = Field(
        default_factory=ClientLimits, description="What each client may do."
    )
    user: UserLimits = Field(
        default_factory=UserLimits, description="What all clients of a user may do together."
    )


class OverloadConfig(Section):
    """Refusing new connections while there is too much to do."""

    enabled: bool = Field(False, description="Whether to measure, and to refuse.")
    high: Seconds = Field(
        0.5, ge=0.2, le=60, description="It begins when the event loop is late by so much."
    )
    low: Seconds = Field(
        0.2, ge=0.2, le=60, description="It may end when the event loop is late by no more."
    )
    cooldown: Seconds = Field(5.0, ge=0, le=3600, description="It ends after such a time.")

    @model_validator(mode="after")
    def _ordered(self) -> "OverloadConfig":
        if self.low > self.high:
            raise ValueError("expected overload.low to be no more than overload.high")
        return self


class AttemptsConfig(Section):
    """Failed authentications: from some on, an address has to wait for each answer."""

    enabled: bool = Field(True, description="Whether to slow down who fails to authenticate.")
    free: int = Field(
        5, ge=1, le=1_000_000, description="Failures of an address whose answers do not wait."
    )
    window: Seconds = Field(
        300.0, ge=1, le=86_400, description="Time without a failure after which none counts."
    )
    first_delay: Seconds = Field(
        0.1, ge=0.1, le=60, description="Delay of the first answer that waits; it doubles."
    )
    max_delay: Seconds = Field(10.0, ge=0.1, le=600, description="The longest delay.")
    max_waiting: int = Field(
        10,
        ge=1,
        le=10_000,
        description="Answers of an address that wait; while they do, others are refused (0x9F).",
    )
    max_records: int = Field(
        100_000,
        ge=100,
        le=10_000_000,
        description="Addresses remembered, and users known to them, at most; 300 bytes each.",
    )
