"""The client's side of a WebSocket in bytes, and the layers over a transport in memory."""

from typing import Any, Final

from websockets.utils import apply_mask

from robustmq_broker.listeners.handshakes import Handshakes
from robustmq_broker.listeners.websocket.handshake import Answers
from robustmq_broker.listeners.websocket.layer import HandshakeLayer
from robustmq_broker.listeners.websocket.settings import WebSocketConfig
from robustmq_common.testing import FakeMetrics, FakeTimers, MemoryTransport, RecordingLog

MASK: Final = b"\x12\x34\x56\x78"
KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT: Final = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The answer to KEY, from RFC 6455 section 1.3."""

HEADERS: Final = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "mqtt",
}


def request(
    headers: dict[str, str | None] | None = None, line: str = "GET /mqtt HTTP/1.1"
) -> bytes:
    """A handshake; a header given as None is left out."""
    whole = {**HEADERS, **(headers or {})}
    lines = [line, *(f"{name}: {value}" for name, value in whole.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def client_frame(
    payload: bytes, first: int = 0x82, mask: bytes | None = MASK, length: bytes | None = None
) -> bytes:
    """A frame as clients send it; `length` in place of the right one."""
    size = len(payload)
    if length is None:
        if size < 126:
            length = bytes((size,))
        elif size < 65_536:
            length = b"\x7e" + size.to_bytes(2, "big")
        else:
            length = b"\x7f" + size.to_bytes(8, "big")
    if mask is None:
        return bytes((first,)) + length + payload
    masked = apply_mask(payload, mask)
    return bytes((first, length[0] | 0x80)) + length[1:] + mask + masked


class Below(MemoryTransport):
    """The transport below, which feeds whatever was put on it last."""

    connection: Any = None

    def replace(self, connection: Any) -> None:
        self.connection = connection


class Above:
    """A pack's connection that keeps what happens to it."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.reads: list[bytes] = []
        self.events: list[str] = []
        self.pause_after = 0

    @property
    def data(self) -> bytes:
        return b"".join(self.reads)

    def data_received(self, data: bytes) -> None:
        self.reads.append(data)
        if len(self.reads) == self.pause_after:
            self.transport.pause_reading()

    def eof_received(self) -> None:
        self.events.append("eof")

    def connection_lost(self) -> None:
        self.events.append("lost")

    def pause_writing(self) -> None:
        self.events.append("pause")

    def resume_writing(self) -> None:
        self.events.append("resume")


class MemoryWebSocket:
    """A WebSocket connection without sockets; it is the layers' host, too."""

    def __init__(self, peer: str = "127.0.0.1:50000", admits: bool = True, **config: Any) -> None:
        self.name = "ws"
        self.log = RecordingLog()
        self.metrics = FakeMetrics()
        self.timers = FakeTimers()
        self.handshakes = Handshakes(self.timers)
        self.asked: list[str] = []
        self.refusals: list[tuple[str, str]] = []
        self._admits = admits
        self.below = Below(peer)
        self.made: list[Above] = []
        answers = Answers(WebSocketConfig(**config))
        self.below.connection = HandshakeLayer(
            self.below,
            self,  # type: ignore[arg-type]
            self._upper,
            answers,
            apply_mask,
        )

    @property
    def above(self) -> Above:
        assert len(self.made) == 1
        return self.made[0]

    def _upper(self, transport: Any) -> Above:
        self.made.append(Above(transport))
        return self.made[-1]

    def admits(self, peer: str) -> bool:
        self.asked.append(peer)
        return self._admits

    def refused(self, counter: str, _peer: str, reason: str) -> None:
        self.refusals.append((counter, reason))

    def receive(self, data: bytes) -> bytes:
        """Feed bytes; returns what is written because of them."""
        self.below.take()
        self.below.connection.data_received(data)
        return self.below.take()

    def open(self, headers: dict[str, str | None] | None = None) -> "MemoryWebSocket":
        assert self.receive(request(headers)).startswith(b"HTTP/1.1 101 ")
        return self
