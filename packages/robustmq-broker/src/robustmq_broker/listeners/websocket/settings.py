"""[P] The keys of a listener that speaks WebSocket."""

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field

from robustmq_common.config.model import Bytes, Expected, Seconds, Section


def _check_path(path: str) -> str:
    if not path.startswith("/") or "?" in path or "#" in path or not path.isascii():
        raise ValueError('expected a path such as "/mqtt"')
    return path


def _check_network(network: str) -> str:
    try:
        ipaddress.ip_network(network)
    except ValueError as error:
        raise ValueError(f'expected an address or network such as "10.0.0.0/8": {error}') from None
    return network


class WebSocketConfig(Section):
    """How the transports "ws" and "wss" speak WebSocket."""

    path: Annotated[str, AfterValidator(_check_path), Expected("a path", name="path")] = Field(
        "/mqtt", min_length=1, max_length=255, description="The path of the URL that clients open."
    )
    require_subprotocol: bool = Field(
        True,
        description=(
            "Refuse clients that do not offer the subprotocol `mqtt` (or `mqttv3.1`), as MQTT "
            "wants it."
        ),
    )
    max_frame_size: Bytes = Field(
        2_097_152,
        ge=1024,
        le=268_435_460,
        description=(
            "Longest frame accepted, and longest message when inflated. Clients send a packet per "
            "frame, so let it be more than `mqtt.max_packet_size`."
        ),
    )
    compress: bool = Field(
        False,
        description=(
            "Compress (permessage-deflate) with clients that offer it; takes memory and CPU for "
            "each of them."
        ),
    )
    compress_context: bool = Field(
        True,
        description=(
            "Whether compressed messages may refer to earlier ones: smaller, but up to 300 KiB of "
            "memory for each client stay in use."
        ),
    )
    check_origin: bool = Field(
        False,
        description="Let in only pages of `allowed_origins`; browsers say where a page is from.",
    )
    allowed_origins: list[str] = Field(
        default_factory=list,
        max_length=1000,
        description='Origins such as "https://example.org", with the port if it is not the usual.',
    )
    allow_origin_absence: bool = Field(
        True,
        description="With `check_origin`: whether to let in who is no browser and has no origin.",
    )
    trusted_proxies: list[Annotated[str, AfterValidator(_check_network)]] = Field(
        default_factory=list,
        max_length=1000,
        description=(
            "Addresses and networks of reverse proxies whose `X-Forwarded-For` and "
            "`X-Forwarded-Port` say who the client is."
        ),
    )
    handshake_timeout: Seconds = Field(
        10.0, ge=0.1, le=3600, description="How long a client may take for the HTTP request."
    )
    idle_timeout: Seconds = Field(
        7200.0,
        ge=1,
        le=604_800,
        description="After how long without a byte from it a client is disconnected.",
    )
    ping_interval: Seconds = Field(
        0.0,
        ge=0,
        le=86_400,
        description=(
            "How often to send a Ping to clients that are silent, so that proxies keep the "
            "connection; 0 is never. Who does not answer is disconnected at the next but one."
        ),
    )
