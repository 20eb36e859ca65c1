"""[D] TLS as a layer: OpenSSL between two buffers in memory.

The same layer works on any transport below and any connection above, and each connection takes
the context that is in force when it begins, which is all that reloading certificates takes.
"""

import ssl
from collections.abc import Callable
from typing import Final

from robustmq_broker.listeners.layer import Host, Layer, StreamTransport, Upper
from robustmq_broker.listeners.peer_certificate import peer_certificate
from robustmq_common.first_bytes import describe_first_bytes

RECORD: Final = 16_384
"""RFC 8446 section 5.1: what a record holds at most, so what one read gives at most."""
PIECE: Final = 2 * RECORD
"""What is put into OpenSSL's buffers at once: they grow to what they once held, and stay."""
HANDSHAKE: Final = 0x16
"""RFC 8446 section 5.1: the content type that every connection begins with."""


class TlsLayer(Layer):
    """The server's side of one TLS connection."""

    __slots__ = ("_closing", "_data", "_incoming", "_outgoing", "_tls")

    def __init__(
        self,
        below: StreamTransport,
        host: Host,
        upper: Upper,
        context: Callable[[], ssl.SSLContext],
        seconds: float,
    ) -> None:
        super().__init__(below, host, upper)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context().wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._closing = False
        self._data = False
        self.begin(seconds, self._timed_out)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        if not self._data:
            self._data = True
            if data[0] != HANDSHAKE:
                self._fail(f"expected TLS, but {describe_first_bytes(data)}")
                return
        if self.above is None:
            # Within the handshake a peer has little to say: certificates at most.
            self._incoming.write(data)
            if self._handshaken():
                self._decrypt(b"")
        else:
            self._decrypt(data)

    def _handshaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        except ssl.SSLError as error:
            # The alert that says why.
            self._flush()
            self._fail(handshake_failure(error))
            return False
        self._flush()
        der = self._tls.getpeercert(binary_form=True)
        if der is not None:
            self.certificate = peer_certificate(self._tls.getpeercert() or {}, der)
        self.open()
        return True

    def _decrypt(self, data: bytes) -> None:
        parts: list[bytes] = []
        ended = False
        try:
            if len(data) <= PIECE:
                ended = self._read(data, parts)
            else:
                view = memoryview(data)
                for at in range(0, len(data), PIECE):
                    ended = self._read(view[at : at + PIECE], parts)
                    if ended:
                        break
        except ssl.SSLError as error:
            self.host.log.info(
                "connection closed for a TLS error",
                peer=self.peer,
                listener=self.listener,
                reason=_reason(error),
            )
            self._closing = True
            self._flush()
            self.below.close()
            return
        if self._outgoing.pending:
            self._flush()  # the answer to a key update
        above = self.above
        if parts and above is not None:
            above.data_received(parts[0] if len(parts) == 1 else b"".join(parts))
        if ended and not self._closing and self.above is not None:
            # close_notify: the peer sends no more, but may still read (RFC 8446 section 6.1).
            self.above.eof_received()
            self.close()

    def _read(self, data: bytes | memoryview, parts: list[bytes]) -> bool:
        """Add what more bytes hold to the parts; whether the peer said that there is no more."""
        tls, incoming = self._tls, self._incoming
        incoming.write(data)
        try:
            # A record at a time. Asking when there is nothing left would raise an exception, which
            # costs more than this look at the buffers.
            while incoming.pending or tls.pending():
                part = tls.read(RECORD)
                if not part:
                    return True
                parts.append(part)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            return True
        return False

    def write(self, data: bytes) -> None:
        if self._closing or not data:
            return
        try:
            if len(data) <= PIECE:
                self._tls.write(data)
                self.below.write(self._outgoing.read())
            else:
                view = memoryview(data)
                for at in range(0, len(data), PIECE):
                    self._tls.write(view[at : at + PIECE])
                    self.below.write(self._outgoing.read())
        except ssl.SSLError:
            self.below.abort()

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # it wants the peer's close_notify, which nobody waits for
        self._flush()
        self.below.close()

    def connection_lost(self) -> None:
        self._closing = True
        super().connection_lost()

    def eof_received(self) -> None:
        if self.above is None and not self._closing:
            self._closing = True
            if self._data:
                self.host.refused("tls", self.peer, "it left in the middle of the TLS handshake")
            self.below.abort()
            return
        super().eof_received()

    def _timed_out(self) -> None:
        self._fail("the TLS handshake took too long")
        self.below.abort()

    def _fail(self, reason: str) -> None:
        self._closing = True
        self.host.refused("tls", self.peer, reason)
        self.below.close()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self.below.write(self._outgoing.read())


def handshake_failure(error: ssl.SSLError) -> str:
    """What went wrong, for whoever runs the broker."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused: {error.verify_message}"
    if error.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        return "it has no certificate, which this listener requires"
    return f"the TLS handshake failed: {_reason(error)}"


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()
