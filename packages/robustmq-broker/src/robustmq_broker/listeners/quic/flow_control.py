"""[P] A QUIC connection that serves one stream, and whose peer is not let ahead of its window.

aioquic doubles a window whenever half of it has been used, whether anybody has taken the data or
not. Here it moves with what has been taken (RFC 9000 section 4.1), so that a peer whose data is not
read has at most a window of it waiting.
"""

from collections.abc import Callable
from typing import Any, Final

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import (
    QuicConnection,
    QuicConnectionState,
    stream_is_unidirectional,
)
from aioquic.quic.packet import QuicErrorCode, QuicFrameType
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.quic.recovery import QuicPacketSpace
from aioquic.quic.stream import QuicStream

SERVED: Final = 0
"""The first bidirectional stream that a client opens (RFC 9000 section 2.1)."""
STREAM_REFUSED: Final = 0x01
"""Application error code of RESET_STREAM and STOP_SENDING for all other streams."""
STREAMS_BIDI: Final = 4
STREAMS_UNI: Final = 1
"""Streams a client may open in the life of a connection: enough to be told that one serves."""
_UINT_VAR_MAX_SIZE: Final = 8


class ServedConnection(QuicConnection):
    """The server's end of a connection.

    taken: bytes of the served stream that were handed on.
    """

    def __init__(
        self,
        configuration: QuicConfiguration,
        original_destination_cid: bytes,
        retry_source_cid: bytes | None = None,
        ticket_fetcher: Callable[[bytes], Any] | None = None,
        ticket_handler: Callable[[Any], None] | None = None,
    ) -> None:
        super().__init__(
            configuration=configuration,
            original_destination_connection_id=original_destination_cid,
            retry_source_connection_id=retry_source_cid,
            session_ticket_fetcher=ticket_fetcher,
            session_ticket_handler=ticket_handler,
        )
        self.taken = 0
        self.window = configuration.max_stream_data
        self._local_max_streams_bidi.value = self._local_max_streams_bidi.sent = STREAMS_BIDI
        self._local_max_streams_uni.value = self._local_max_streams_uni.sent = STREAMS_UNI
        self._refused: set[int] = set()

    # -- the served stream ---------------------------------------------------------------------

    def unsent(self) -> int:
        """Bytes written that the peer has not acknowledged."""
        stream = self._streams.get(SERVED)
        if stream is None:
            return 0
        return stream.sender._buffer_stop - stream.sender._buffer_start

    def is_open(self) -> bool:
        """Whether anything can be written to the served stream."""
        stream = self._streams.get(SERVED)
        return (
            self._close_event is None
            and stream is not None
            and stream.sender._buffer_fin is None
            and stream.sender._reset_error_code is None
        )

    def all_delivered(self) -> bool:
        """Whether the peer has acknowledged everything, up to the end of the stream."""
        stream = self._streams.get(SERVED)
        return stream is None or stream.sender.is_finished

    def is_ending(self) -> bool:
        """Whether it is closing or closed, by either side."""
        return self._close_event is not None

    def has_begun(self) -> bool:
        """Whether any packet could be decrypted."""
        return self._state is not QuicConnectionState.FIRSTFLIGHT

    def release(self) -> None:
        """Take apart what refers to itself, at the end: the garbage collector looks too rarely."""
        vars(self).clear()

    def window_is_due(self) -> bool:
        """Whether the peer should be told that it may send on."""
        stream = self._streams.get(SERVED)
        return stream is not None and 2 * self._ahead(stream) <= self.window

    def _ahead(self, stream: QuicStream) -> int:
        return stream.max_stream_data_local - self.taken

    # -- all other streams ---------------------------------------------------------------------

    def refuse_stream(self, stream_id: int) -> bool:
        """Reset a stream that is not served; False if that was done before.

        The peer is asked to stop sending as well (RFC 9000 section 3.5).
        """
        if stream_id in self._refused or stream_id not in self._streams:
            return False
        self._refused.add(stream_id)  # at most as many as a client may open
        self.stop_stream(stream_id, STREAM_REFUSED)
        if not stream_is_unidirectional(stream_id):
            self.reset_stream(stream_id, STREAM_REFUSED)
        return True

    # -- windows -------------------------------------------------------------------------------

    def _write_connection_limits(self, builder: QuicPacketBuilder, space: QuicPacketSpace) -> None:  # noqa: ARG002
        """Raise MAX_DATA by what is not waiting to be taken; MAX_STREAMS stays."""
        limit = self._local_max_data
        stream = self._streams.get(SERVED)
        waiting = 0 if stream is None else stream.receiver.highest_offset - self.taken
        wanted = limit.used - waiting + 2 * self.window
        if 2 * (wanted - limit.value) >= self.window:
            limit.value = wanted
        if limit.value != limit.sent:
            frame = builder.start_frame(
                QuicFrameType.MAX_DATA,
                capacity=1 + _UINT_VAR_MAX_SIZE,
                handler=self._on_connection_limit_delivery,
                handler_args=(limit,),
            )
            frame.push_uint_var(limit.value)
            limit.sent = limit.value

    def _write_stream_limits(
        self,
        builder: QuicPacketBuilder,
        space: QuicPacketSpace,  # noqa: ARG002
        stream: QuicStream,
    ) -> None:
        """Raise MAX_STREAM_DATA of the served stream once half of its window has been taken."""
        if stream.stream_id == SERVED and 2 * self._ahead(stream) <= self.window:
            stream.max_stream_data_local = self.taken + self.window
        if (
            stream.max_stream_data_local_sent != stream.max_stream_data_local
            and not stream.receiver.is_finished
        ):
            frame = builder.start_frame(
                QuicFrameType.MAX_STREAM_DATA,
                capacity=1 + 2 * _UINT_VAR_MAX_SIZE,
                handler=self._on_max_stream_data_delivery,
                handler_args=(stream,),
            )
            assert stream.stream_id is not None
            frame.push_uint_var(stream.stream_id)
            frame.push_uint_var(stream.max_stream_data_local)
            stream.max_stream_data_local_sent = stream.max_stream_data_local


NO_APPLICATION_PROTOCOL: Final = QuicErrorCode.CRYPTO_ERROR + 120
"""The TLS alert for a client that names no protocol we serve (RFC 9001 section 8.1)."""
