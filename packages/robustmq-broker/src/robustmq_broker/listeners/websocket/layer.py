"""[P] The layers of the transports "ws" and "wss": first the handshake, then frames."""

from typing import Final

from robustmq_broker.listeners.layer import Host, Layer, StreamTransport, Upper
from robustmq_broker.listeners.websocket.close import answer_to_close, close_frame
from robustmq_broker.listeners.websocket.deflate import Deflate
from robustmq_broker.listeners.websocket.frames import (
    GOING_AWAY,
    NORMAL,
    PING,
    PONG,
    FrameDecoder,
    Mask,
    frame,
    frame_head,
)
from robustmq_broker.listeners.websocket.handshake import (
    HEAD_END,
    HEAD_MAX,
    Answers,
    Opened,
    Refused,
    not_http,
    too_long,
)
from robustmq_broker.listeners.websocket.settings import WebSocketConfig
from robustmq_common.spi.services import TimerHandle

_FINAL_BINARY: Final = 0x82
_COPY_BELOW: Final = 262_144
"""A head is put before this many bytes; before more it is written for itself."""


class HandshakeLayer(Layer):
    """Waits for the HTTP request, answers it, and gives way to a `WebSocketLayer`."""

    __slots__ = ("_done", "_head", "answers", "mask")

    def __init__(
        self, below: StreamTransport, host: Host, upper: Upper, answers: Answers, mask: Mask
    ) -> None:
        super().__init__(below, host, upper)
        self.answers = answers
        self.mask = mask
        self._head = b""
        self._done = False
        self.begin(answers.config.handshake_timeout, self._timed_out)

    def data_received(self, data: bytes) -> None:
        if self._done:
            return
        # Nothing but HTTP begins with a capital letter; do not wait for the end of what it is.
        if not self._head and not 0x41 <= data[0] <= 0x5A:
            self._refuse(not_http(self.answers.config, data))
            return
        seen = max(0, len(self._head) - len(HEAD_END))
        self._head += data
        end = self._head.find(HEAD_END, seen)
        if (end if end >= 0 else len(self._head)) > HEAD_MAX:
            self._refuse(too_long())
        elif end >= 0:
            end += len(HEAD_END)
            self._answer(self._head[:end], self._head[end:])

    def connection_lost(self) -> None:
        self._done = True
        super().connection_lost()

    def _answer(self, head: bytes, rest: bytes) -> None:
        below = self.below
        answer = self.answers.answer(head, self.peer)
        if isinstance(answer, Refused):
            self._refuse(answer)
            return
        if self.answers.trusts(self.peer) and not self.host.admits(answer.peer):
            self._end()
            below.abort()
            return
        self._end()
        below.write(answer.response)
        layer = WebSocketLayer(self, answer)
        below.replace(layer)
        layer.open()
        if rest:
            layer.data_received(rest)

    def _refuse(self, refused: Refused) -> None:
        self._end()
        self.host.refused("websocket", self.peer, refused.reason)
        self.below.write(refused.response)
        self.below.close()

    def _timed_out(self) -> None:
        self._end()
        seconds = self.answers.config.handshake_timeout
        self.host.refused("handshake_timeout", self.peer, f"no HTTP request within {seconds:g}s")
        self.below.abort()

    def _end(self) -> None:
        self._done = True
        self._head = b""
        self._end_handshake()


class WebSocketLayer(Layer):
    """The byte stream in a client's binary frames, and ours in one binary frame per write."""

    __slots__ = (
        "_closing",
        "_decoder",
        "_deflate",
        "_feeding",
        "_heard",
        "_paused",
        "_silent",
        "_timer",
        "config",
    )

    def __init__(self, handshake: HandshakeLayer, opened: Opened) -> None:
        super().__init__(handshake.below, handshake.host, handshake.upper)
        self.peer = opened.peer
        self.config: WebSocketConfig = handshake.answers.config
        self._deflate: Deflate | None = opened.deflate
        self._decoder = _decoder(self.config, handshake.mask, opened.deflate)
        self._closing = False
        self._heard = True
        self._silent = False
        self._paused = False
        self._feeding = False
        self._timer: TimerHandle | None = None
        self._watch()

    # What the connection above calls.

    def write(self, data: bytes) -> None:
        if self._closing:
            return
        if self._deflate is not None:
            self.below.write(self._deflate.frame(data))
            return
        size = len(data)
        head = frame_head(_FINAL_BINARY, size)
        if size < _COPY_BELOW:
            self.below.write(head + data)
        else:
            self.below.write(head)
            self.below.write(data)

    def close(self) -> None:
        self._close(close_frame(NORMAL))

    def pause_reading(self) -> None:
        self._paused = True
        self.below.pause_reading()

    def resume_reading(self) -> None:
        self._paused = False
        self.below.resume_reading()
        if self._decoder.more and not self._feeding:
            self.data_received(b"")

    # What the transport below calls.

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        self._heard = True
        decoder = self._decoder
        self._feeding = True
        payload = decoder.feed(data)
        while payload or decoder.more:
            if payload and self.above is not None:
                self.above.data_received(payload)
            # What inflates to a lot comes in pieces, and a pause holds between them, too.
            if not decoder.more or self._paused or self._closing:
                break
            payload = decoder.feed(b"")
        self._feeding = False
        if decoder.ping is not None:
            pong, decoder.ping = decoder.ping, None
            if not self._closing:
                self.below.write(frame(PONG, pong))
        if decoder.error:
            self._violated(decoder.error, decoder.reason)
        elif decoder.close is not None:
            self._leave(answer_to_close(decoder.close))

    def connection_lost(self) -> None:
        self._closing = True
        self._end_watch()
        super().connection_lost()

    def _violated(self, code: int, reason: str) -> None:
        if self._closing:
            return
        self.host.metrics.count("connections.closed.websocket")
        self.host.log.info(
            "websocket closed", peer=self.peer, listener=self.listener, code=code, reason=reason
        )
        self._leave(close_frame(code, reason))

    def _leave(self, farewell: bytes) -> None:
        """Close, and tell the upper one now: nothing will come that it could wait for."""
        self._close(farewell)
        above, self.above = self.above, None
        if above is not None:
            above.connection_lost()

    def _close(self, farewell: bytes) -> None:
        if self._closing:
            return
        self._closing = True
        self._end_watch()
        self.below.write(farewell)
        self.below.close()

    def _watch(self) -> None:
        seconds = self.config.ping_interval or self.config.idle_timeout / 2
        self._timer = self.host.timers.after(seconds, self._look)

    def _look(self) -> None:
        """Ping a client that was silent since the last look; one since two looks is gone."""
        if self._heard:
            self._heard = False
            self._silent = False
        elif self._silent:
            self._violated(GOING_AWAY, "nothing came for too long")
            return
        else:
            self._silent = True
        if self._silent and self.config.ping_interval:
            self.below.write(frame(PING, b""))
        self._watch()

    def _end_watch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _decoder(config: WebSocketConfig, mask: Mask, deflate: Deflate | None) -> FrameDecoder:
    if deflate is None:
        return FrameDecoder(mask, config.max_frame_size)
    return FrameDecoder(mask, config.max_frame_size, deflate.inflater, deflate.keep_client_context)
