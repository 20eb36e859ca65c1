"""[P] The PROXY protocol as a layer, which is gone after the header.

It is the first thing on the socket, below TLS. A header is believed only of a trusted proxy; from
anybody else a connection is refused, header or not, since there is nobody who would write one.
"""

import ipaddress
from collections.abc import Callable, Sequence

from robustmq_broker.listeners.handshakes import Handshake
from robustmq_broker.listeners.layer import Host, StreamTransport, Upper
from robustmq_broker.listeners.proxy_header import UNIX, read_header
from robustmq_common.errors import PeerError
from robustmq_common.first_bytes import describe_first_bytes

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ProxyLayer:
    """Waits for the header, tells the transport its peer, and hands over to the upper one."""

    __slots__ = ("_buffer", "_ended", "_handshake", "below", "host", "upper")

    def __init__(
        self,
        below: StreamTransport,
        host: Host,
        upper: Upper,
        trusted: Callable[[str], bool],
        seconds: float,
    ) -> None:
        self.below = below
        self.host = host
        self.upper = upper
        self._buffer = b""
        self._ended = False
        self._handshake: Handshake | None = None
        if trusted(below.peer):
            self._handshake = host.handshakes.begin(below, seconds, self._timed_out)
        else:
            self._fail(f"it is not among listeners.{below.listener}.trusted_proxies")

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        self._buffer = buffer = self._buffer + data if self._buffer else data
        try:
            header = read_header(buffer)
        except PeerError as error:
            self._fail(f"expected a PROXY header, but {error}; {describe_first_bytes(buffer)}")
            return
        if header is None:
            return
        self._end()
        below = self.below
        if header.peer:
            below.peer = header.peer
        if not self.host.admits(below.peer):
            below.abort()
            return
        upper = self.upper(below)
        below.replace(upper)
        rest = buffer[header.size :]
        if rest:
            upper.data_received(rest)

    def eof_received(self) -> None:
        # A health check that only connects is no news.
        self._end()
        self.below.abort()

    def connection_lost(self) -> None:
        self._end()

    def pause_writing(self) -> None:
        """Nothing is written here."""

    def resume_writing(self) -> None:
        """Nothing is written here."""

    def _timed_out(self) -> None:
        self._fail("the PROXY header took too long")

    def _fail(self, reason: str) -> None:
        self._end()
        self.host.refused("proxy", self.below.peer, reason)
        self.below.abort()

    def _end(self) -> None:
        self._ended = True
        self._buffer = b""
        if self._handshake is not None:
            self._handshake.end()
            self._handshake = None


def trusts(networks: Sequence[str]) -> Callable[[str], bool]:
    """Whether a peer is in one of the networks; those of a Unix socket always are."""
    parsed = [ipaddress.ip_network(text, strict=False) for text in networks]

    def trusted(peer: str) -> bool:
        if peer == UNIX:
            return True
        address = ipaddress.ip_address(peer.rpartition(":")[0].strip("[]").partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in network for network in parsed)

    return trusted
