"""[D] The UDP socket of a QUIC listener: whose datagram is it, and who may open a connection."""

import asyncio
import os
from typing import Any, Final

from aioquic.buffer import Buffer  # type: ignore[attr-defined]
from aioquic.quic.configuration import SMALLEST_MAX_DATAGRAM_SIZE, QuicConfiguration
from aioquic.quic.connection import NetworkAddress
from aioquic.quic.packet import (
    QuicHeader,
    QuicPacketType,
    encode_quic_retry,
    encode_quic_version_negotiation,
    pull_quic_header,
)
from aioquic.quic.retry import QuicRetryTokenHandler

from robustmq_broker.listeners.listener import Listener
from robustmq_broker.listeners.quic.connection import QuicTransport
from robustmq_broker.listeners.quic.flow_control import ServedConnection
from robustmq_broker.listeners.quic.tickets import TicketStore
from robustmq_common.config.quantities import format_address

LONG_HEADER: Final = 0x80
CID_LENGTH: Final = 8
UNSENT_MAX: Final = 4_194_304
"""Bytes of datagrams that wait for the socket; more are dropped, as a full network does."""


class QuicEndpoint(asyncio.DatagramProtocol):
    """All connections of one listener.

    configuration: what new connections are made with; it may be replaced at any time.
    """

    def __init__(self, listener: Listener, configuration: QuicConfiguration) -> None:
        self.listener = listener
        self.config = config = listener.config.quic
        self.configuration = configuration
        self.high_watermark = listener.config.high_watermark
        self.loop = asyncio.get_running_loop()
        self.tickets = TicketStore(config.max_tickets) if config.zero_rtt else None
        self.transport: Any = None
        self._by_cid: dict[bytes, QuicTransport] = {}
        self._pending: dict[QuicTransport, None] = {}
        self._retry = QuicRetryTokenHandler()

    # -- the socket ----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def error_received(self, exc: Exception) -> None:
        """Some client cannot be reached; its connection finds that out by itself."""
        self.listener.log.debug("QUIC: a datagram was not taken", reason=str(exc))

    def send(self, data: bytes, address: NetworkAddress) -> None:
        transport = self.transport
        if transport is None:
            return
        if transport.get_write_buffer_size() > UNSENT_MAX:
            self.listener.metrics.count("quic.datagrams.unsent")
            return
        transport.sendto(data, address)

    def close(self) -> None:
        """Close the socket."""
        if self.transport is not None:
            self.transport.close()
            self.transport = None

    # -- datagrams -----------------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: NetworkAddress) -> None:
        if data and not data[0] & LONG_HEADER:
            connection = self._by_cid.get(data[1 : 1 + CID_LENGTH])
            if connection is not None:
                connection.receive(data, addr)
                return
            self._ignored()
            return
        try:
            header = pull_quic_header(Buffer(data=data), host_cid_length=CID_LENGTH)
        except ValueError:
            self._ignored()
            return
        connection = self._by_cid.get(header.destination_cid)
        if connection is not None:
            connection.receive(data, addr)
        elif len(data) < SMALLEST_MAX_DATAGRAM_SIZE or header.version is None:
            self._ignored()
        elif header.packet_type == QuicPacketType.VERSION_NEGOTIATION:
            self._ignored()  # answering one would make two servers answer each other for ever
        elif header.version not in self.configuration.supported_versions:
            self.send(
                encode_quic_version_negotiation(
                    source_cid=header.destination_cid,
                    destination_cid=header.source_cid,
                    supported_versions=self.configuration.supported_versions,
                ),
                addr,
            )
        elif header.packet_type == QuicPacketType.INITIAL:
            self._initial(data, addr, header)
        else:
            self._ignored()

    def _ignored(self) -> None:
        self.listener.metrics.count("quic.datagrams.ignored")

    def _initial(self, data: bytes, addr: NetworkAddress, header: QuicHeader) -> None:
        """The first datagram of a client, or the one that brings its Retry token."""
        peer = format_address(*addr[:2])
        listener = self.listener
        if not listener.accepting or not listener.admits(peer):
            return
        original, retry_cid = header.destination_cid, None
        if header.token:
            validated = self._validated(header, addr)
            if validated is not None:
                original, retry_cid = validated, header.destination_cid
        if retry_cid is None and self._wants_retry():
            # One that does not hold is no better than none (RFC 9000 section 8.1.3).
            self._send_retry(header, addr)
            return
        if listener.has_room(peer):
            self._accept(data, addr, header.destination_cid, original, retry_cid)

    def _validated(self, header: QuicHeader, addr: NetworkAddress) -> bytes | None:
        """The connection id that a client with a Retry token used first; None if it is not ours."""
        try:
            return self._retry.validate_token(
                address=addr,
                destination_cid=header.destination_cid,
                token=header.token,
                now=self.loop.time(),
            )
        except ValueError:
            self.listener.metrics.count("quic.tokens.invalid")
            return None

    def _wants_retry(self) -> bool:
        config = self.config
        return config.retry == "always" or 4 * len(self._pending) >= config.max_handshakes

    def _send_retry(self, header: QuicHeader, addr: NetworkAddress) -> None:
        assert header.version is not None
        source_cid = os.urandom(CID_LENGTH)
        token = self._retry.create_token(
            address=addr,
            original_destination_connection_id=header.destination_cid,
            retry_source_connection_id=source_cid,
            now=self.loop.time(),
        )
        self.listener.metrics.count("quic.retries.sent")
        self.send(
            encode_quic_retry(
                version=header.version,
                source_cid=source_cid,
                destination_cid=header.source_cid,
                original_destination_cid=header.destination_cid,
                retry_token=token,
            ),
            addr,
        )

    def _accept(
        self,
        data: bytes,
        addr: NetworkAddress,
        cid: bytes,
        original: bytes,
        retry_cid: bytes | None,
    ) -> None:
        if len(self._pending) >= self.config.max_handshakes:
            self.listener.metrics.count("quic.handshakes.given_up")
            next(iter(self._pending)).give_up()
        fetch, keep = (None, None)
        if self.tickets is not None:
            fetch, keep = self.tickets.take, self.tickets.add
        quic = ServedConnection(self.configuration, original, retry_cid, fetch, keep)
        connection = QuicTransport(self, quic, addr)
        self._pending[connection] = None
        self.listener.connections.add(connection)
        self.issued(connection, cid)
        self.issued(connection, quic.host_cid)
        connection.receive(data, addr)
        if connection.quic is not None and not quic.has_begun():
            self._ignored()
            connection.give_up()

    # -- what connections tell -----------------------------------------------------------------

    def issued(self, connection: QuicTransport, cid: bytes) -> None:
        self._by_cid[cid] = connection
        connection.cids.add(cid)

    def retired(self, connection: QuicTransport, cid: bytes) -> None:
        connection.cids.discard(cid)
        self._by_cid.pop(cid, None)

    def handshake_ended(self, connection: QuicTransport) -> None:
        self._pending.pop(connection, None)

    def ended(self, connection: QuicTransport) -> None:
        self._pending.pop(connection, None)
        for cid in connection.cids:
            self._by_cid.pop(cid, None)
        connection.cids.clear()
        self.listener.closed(connection)

    def known(self) -> dict[str, Any]:
        """How much is kept, for tests and gauges."""
        return {"connection ids": len(self._by_cid), "handshakes": len(self._pending)}
