"""[P] The byte stream under a connection, in memory."""

from robustmq_common.spi.access import Certificate


class MemoryTransport:
    """Collects what a connection writes, and remembers how it was closed.

    written: everything written so far; `take` empties it.
    stalled: set it, and nothing that is written leaves the buffer until `drain`.
    closed, aborted, reading: what the connection asked for.
    """

    def __init__(
        self,
        peer: str = "127.0.0.1:50000",
        listener: str = "test",
        certificate: Certificate | None = None,
    ) -> None:
        self.peer = peer
        self.listener = listener
        self.certificate = certificate
        self.written = bytearray()
        self.stalled = False
        self.closed = False
        self.aborted = False
        self.reading = True
        self._buffered = 0

    def write(self, data: bytes) -> None:
        """Keep the bytes; like a real one, silently forget them after `close` or `abort`."""
        if self.closed or self.aborted:
            return
        self.written += data
        if self.stalled:
            self._buffered += len(data)

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True
        self._buffered = 0

    def buffered(self) -> int:
        return self._buffered

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def take(self) -> bytes:
        """What was written since the last `take`."""
        data = bytes(self.written)
        self.written.clear()
        return data

    def drain(self) -> None:
        """The peer has read everything; calling `resume_writing` is up to the test."""
        self._buffered = 0
