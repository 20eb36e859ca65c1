"""[D] What a QUIC connection uses of the endpoint it came in by."""

import asyncio
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from robustmq_broker.listeners.listener import Listener
    from robustmq_broker.listeners.quic.connection import QuicTransport


class Endpoint(Protocol):
    """The UDP socket of a listener, and who is behind which connection id."""

    listener: "Listener"
    loop: asyncio.AbstractEventLoop
    high_watermark: int

    def send(self, data: bytes, address: tuple[str, int]) -> None: ...
    def issued(self, connection: "QuicTransport", cid: bytes) -> None: ...
    def retired(self, connection: "QuicTransport", cid: bytes) -> None: ...
    def handshake_ended(self, connection: "QuicTransport") -> None: ...
    def ended(self, connection: "QuicTransport") -> None: ...
