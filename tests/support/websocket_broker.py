"""A real broker with a listener for WebSocket, and one for WebSocket over TLS."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from broker_process import START_DEADLINE, BrokerProcess
from certificates import Authority, Issued


@dataclass(frozen=True)
class WebSocketBroker:
    """`ca` is the PEM file that clients of "wss" need."""

    broker: BrokerProcess
    certificate: Issued
    ca: Path

    def address(self, transport: str) -> tuple[str, int]:
        """Of the listener "ws" or "wss"."""
        return self.broker.addresses[transport]

    def url(self, transport: str) -> str:
        host, port = self.address(transport)
        return f"{transport}://{host}:{port}/mqtt"


@contextmanager
def websocket_broker(
    folder: Path, settings: dict[str, str] | None = None, plugins: Path | None = None
) -> Iterator[WebSocketBroker]:
    authority = Authority(folder / "ca")
    certificate = authority.server()
    given = {"listeners.wss.tls.certfile": str(certificate.certificate)}
    given["listeners.wss.tls.keyfile"] = str(certificate.key)
    for transport in ("ws", "wss"):
        given[f"listeners.{transport}.protocol"] = "mqtt"
        given[f"listeners.{transport}.transport"] = transport
        given[f"listeners.{transport}.bind"] = "127.0.0.1:0"
    with BrokerProcess(folder / "data", {**given, **(settings or {})}, plugins) as broker:
        both = {"ws", "wss"}
        broker.wait_for(lambda: both <= broker.addresses.keys(), START_DEADLINE, "both listeners")
        yield WebSocketBroker(broker, certificate, authority.file)
