"""[A] The transports there are, by the name that a listener's `transport` key says."""

from collections.abc import Callable, Mapping
from typing import Final

from robustmq_broker.listeners.listener import Listener, ListenerSetup
from robustmq_broker.listeners.quic.listener import QuicListener
from robustmq_broker.listeners.tcp import TcpListener, TlsListener
from robustmq_broker.listeners.unix import UnixListener
from robustmq_broker.listeners.websocket.listener import (
    SecureWebSocketListener,
    WebSocketListener,
)

TRANSPORTS: Final[Mapping[str, Callable[[ListenerSetup], Listener]]] = {
    "quic": QuicListener,
    "tcp": TcpListener,
    "tls": TlsListener,
    "unix": UnixListener,
    "ws": WebSocketListener,
    "wss": SecureWebSocketListener,
}
"""Nothing heavy is imported for a transport that no listener uses: that is done in its `open`."""
