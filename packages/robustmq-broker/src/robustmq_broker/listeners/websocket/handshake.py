"""[P] The opening handshake (RFC 6455 section 4.2): an HTTP request, and what is answered to it.

What a request says and whether it is a handshake is up to the library `websockets`; here is what
this listener wants beyond that.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from websockets.datastructures import MultipleValuesError
from websockets.extensions.permessage_deflate import (
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Origin, Subprotocol

from robustmq_broker.listeners.websocket.deflate import Deflate
from robustmq_broker.listeners.websocket.forwarded import forwarded_peer, trusted
from robustmq_broker.listeners.websocket.settings import WebSocketConfig
from robustmq_common.first_bytes import describe_first_bytes

HEAD_MAX: Final = 16_384
"""Bytes of an HTTP request, up to its empty line."""
HEAD_END: Final = b"\r\n\r\n"
SUBPROTOCOLS: Final = ("mqtt", "mqttv3.1")
"""[MQTT-6.0.0-3], and what clients of MQTT 3.1 offered before."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The handshake is done once `response` is sent."""

    response: bytes
    peer: str
    deflate: Deflate | None


@dataclass(frozen=True, slots=True)
class Refused:
    """`response` says to the client why, `reason` to the log."""

    response: bytes
    reason: str


class Refusal(Exception):
    """A handshake that is not to succeed."""

    def __init__(self, status: int, text: str, **headers: str) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers


class Answers:
    """Answers the requests that come to one listener."""

    def __init__(self, config: WebSocketConfig) -> None:
        self.config = config
        self.proxies = [ipaddress.ip_network(one) for one in config.trusted_proxies]
        self._origins: list[Origin | None] | None = None
        if config.check_origin:
            self._origins = [Origin(one) for one in config.allowed_origins]
            if config.allow_origin_absence:
                self._origins.append(None)
        self._extensions: list[ServerPerMessageDeflateFactory] = []
        if config.compress:
            forget = not config.compress_context
            self._extensions.append(ServerPerMessageDeflateFactory(forget, forget))

    def trusts(self, peer: str) -> bool:
        """Whether the peer is a proxy that says whom it forwards."""
        return bool(self.proxies) and trusted(peer, self.proxies)

    def answer(self, head: bytes, peer: str) -> Opened | Refused:
        """Answer a request that ends with its empty line."""
        protocol = ServerProtocol(
            origins=self._origins,
            extensions=self._extensions,
            subprotocols=[Subprotocol(one) for one in SUBPROTOCOLS],
            select_subprotocol=None if self.config.require_subprotocol else _any_subprotocol,
        )
        try:
            request = _parse(protocol, head)
            self._check(request)
            peer = self._peer(request, peer)
        except Refusal as refusal:
            response = protocol.reject(refusal.status, f"{refusal}\n")
            for name, value in refusal.headers.items():
                response.headers[name.replace("_", "-")] = value
            return Refused(response.serialize(), str(refusal))
        response = protocol.accept(request)
        if response.status_code != 101:
            return Refused(response.serialize(), _reason(response))
        return Opened(response.serialize(), peer, _deflate(protocol))

    def _check(self, request: Request) -> None:
        """What is checked besides what the library does."""
        path = request.path.partition("?")[0]
        if path != self.config.path:
            raise Refusal(404, f"There is nothing at {path[:100]}; MQTT is at {self.config.path}.")
        if not request.headers.get_all("Upgrade"):
            return
        # Section 4.2.2: the versions we know go into the answer.
        version = request.headers.get_all("Sec-WebSocket-Version")
        if version != ["13"]:
            raise Refusal(
                426,
                f"WebSocket version 13 is spoken here, not {', '.join(version)[:100] or 'unsaid'}.",
                Sec_WebSocket_Version="13",
                Upgrade="websocket",
            )
        offered = ", ".join(request.headers.get_all("Sec-WebSocket-Protocol"))
        names = {name.strip() for name in offered.split(",")}
        if self.config.require_subprotocol and names.isdisjoint(SUBPROTOCOLS):
            raise Refusal(
                400,
                "Offer the subprotocol mqtt (Sec-WebSocket-Protocol: mqtt), "
                f"not {offered[:100] or 'none'}.",
            )

    def _peer(self, request: Request, peer: str) -> str:
        if not self.trusts(peer):
            return peer
        headers = request.headers
        try:
            port = headers.get("X-Forwarded-Port")
            return forwarded_peer(peer, headers.get_all("X-Forwarded-For"), port, self.proxies)
        except (ValueError, MultipleValuesError) as error:
            raise Refusal(400, f"X-Forwarded-For or X-Forwarded-Port is wrong: {error}.") from None


def not_http(config: WebSocketConfig, data: bytes) -> Refused:
    """The refusal for bytes that are no HTTP request."""
    text = f"This is not an HTTP request; open a WebSocket at {config.path}.\n"
    reason = f"expected HTTP, but {describe_first_bytes(data)}"
    return Refused(ServerProtocol().reject(400, text).serialize(), reason)


def too_long() -> Refused:
    """The refusal for a request that has no end."""
    text = f"an HTTP request of more than {HEAD_MAX} bytes"
    return Refused(ServerProtocol().reject(431, f"This is {text}.\n").serialize(), text)


def _parse(protocol: ServerProtocol, head: bytes) -> Request:
    protocol.receive_data(head)
    for event in protocol.events_received():
        if isinstance(event, Request):
            return event
    error: BaseException | None = protocol.handshake_exc
    while error is not None and error.__cause__ is not None:
        error = error.__cause__
    raise Refusal(400, f"This HTTP request cannot be read: {str(error)[:200]}.")


def _reason(response: Response) -> str:
    text = (response.body or b"").decode(errors="replace")
    return text.partition("\n")[0]


def _any_subprotocol(
    _protocol: ServerProtocol, offered: Sequence[Subprotocol]
) -> Subprotocol | None:
    for name in SUBPROTOCOLS:
        if name in offered:
            return Subprotocol(name)
    return None


def _deflate(protocol: ServerProtocol) -> Deflate | None:
    for extension in protocol.extensions:
        if isinstance(extension, PerMessageDeflate):
            return Deflate(
                keep_client_context=not extension.remote_no_context_takeover,
                keep_server_context=not extension.local_no_context_takeover,
                client_window=extension.remote_max_window_bits,
                server_window=extension.local_max_window_bits,
            )
    return None
