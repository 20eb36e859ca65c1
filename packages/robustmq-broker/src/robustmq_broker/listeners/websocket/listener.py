"""[D] The transports "ws" and "wss"."""

from collections.abc import Callable

from robustmq_broker.listeners.layer import StreamTransport, Upper
from robustmq_broker.listeners.tcp import TcpListener
from robustmq_common.errors import ConfigError
from robustmq_common.spi.pack import Connection


class WebSocketListener(TcpListener):
    """Puts the WebSocket layers between each socket, or its TLS, and the pack's connection."""

    default_alpn = ("http/1.1",)

    _trusts: Callable[[str], bool]

    def application(self) -> Upper:
        config = self.config.websocket
        if config.check_origin and not config.allowed_origins:
            raise ConfigError(
                f"listeners.{self.name}.websocket.check_origin lets no page in: "
                f"set listeners.{self.name}.websocket.allowed_origins, too"
            )
        # The library takes 50 ms to import, which only those pay who have such a listener.
        try:
            from websockets.speedups import apply_mask  # noqa: PLC0415
        except ImportError:  # there is no wheel for this machine
            from websockets.utils import apply_mask  # noqa: PLC0415

        from robustmq_broker.listeners.websocket.handshake import Answers  # noqa: PLC0415
        from robustmq_broker.listeners.websocket.layer import HandshakeLayer  # noqa: PLC0415

        answers = Answers(config)
        self._trusts = answers.trusts
        upper = super().application()

        def websocket(transport: StreamTransport) -> Connection:
            return HandshakeLayer(transport, self, upper, answers, apply_mask)

        return websocket

    def lets_in(self, peer: str) -> bool:
        # Of a proxy's connection the gates are asked once it has said whom it forwards.
        return self.has_room(peer) if self._trusts(peer) else super().lets_in(peer)


class SecureWebSocketListener(WebSocketListener):
    """The same over TLS."""

    secure = True
