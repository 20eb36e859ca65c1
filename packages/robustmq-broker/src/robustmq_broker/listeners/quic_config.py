"""[P] The `quic` table of a listener."""

from typing import Literal

from pydantic import Field

from robustmq_common.config.model import Bytes, Seconds, Section


class QuicConfig(Section):
    """What only listeners with `transport = "quic"` have; certificates are in their `tls` table."""

    retry: Literal["auto", "always"] = Field(
        "auto",
        description=(
            "When a client has to show that it can be reached before anything is kept of it (RFC "
            "9000 section 8.1.2), at the price of a round trip: always, or only while a quarter "
            "of `max_handshakes` is under way."
        ),
    )
    zero_rtt: bool = Field(
        False,
        description=(
            "Whether a client that was here before may send with its first packet (0-RTT). Who "
            "records that packet can send it again; each ticket is taken once, so that a replay "
            "to the same broker is a new handshake, but nothing keeps it from going to another "
            "broker that has the same ticket."
        ),
    )
    max_tickets: int = Field(
        4096,
        ge=1,
        le=1_000_000,
        description="Tickets kept for `zero_rtt`, in memory; the oldest are forgotten.",
    )
    max_handshakes: int = Field(
        1024,
        ge=4,
        le=1_000_000,
        description="Handshakes under way at once; beyond, the oldest is given up for each new.",
    )
    idle_timeout: Seconds = Field(
        600.0,
        ge=1,
        le=86_400,
        description=(
            "How long a connection may be silent; a client may ask for less. It should be longer "
            "than the keep-alive of the clients."
        ),
    )
    receive_window: Bytes = Field(
        262_144,
        ge=4096,
        le=67_108_864,
        description=(
            "Bytes a client may send ahead of what the broker has handled: its most per round trip."
        ),
    )
    socket_buffer: Bytes = Field(
        2_097_152,
        ge=65_536,
        le=1_073_741_824,
        description=(
            "Receive and send buffer to ask the system for: all connections share one socket. "
            "Linux gives net.core.rmem_max and wmem_max at most."
        ),
    )
