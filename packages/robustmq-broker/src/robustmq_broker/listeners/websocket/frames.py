"""[H] Frames of RFC 6455 as a stream: what a client's frames carry, and ours around bytes.

MQTT does not care where frames begin and end [MQTT-6.0.0-2], so nothing is gathered: all payloads
of one read come out as one piece, also those of frames that are not complete yet. Kept between
reads are the beginning of a frame's head or of a control frame, 130 bytes at most, and in
compressed connections what is not inflated yet of one read.
"""

import zlib
from collections.abc import Callable
from typing import Final, final

CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10

NORMAL: Final = 1000
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
UNSUPPORTED_DATA: Final = 1003
INVALID_DATA: Final = 1007
TOO_BIG: Final = 1009

CONTROL_MAX: Final = 125
"""Bytes a control frame may carry (section 5.5)."""

INFLATED_AT_ONCE: Final = 65_536
"""How much of a compressed message is inflated in one step (bytes)."""

FLUSHED: Final = b"\x00\x00\xff\xff"
"""What is taken off the end of each compressed message (RFC 7692 section 7.2.1)."""

Mask = Callable[[bytes, bytes], bytes]
"""`data` XOR the four bytes of the mask, repeated (section 5.3)."""


def frame(opcode: int, payload: bytes) -> bytes:
    """A final frame, unmasked as servers send them."""
    return frame_head(0x80 | opcode, len(payload)) + payload


def frame_head(first: int, size: int) -> bytes:
    """The head of an unmasked frame with this first byte and this many bytes of payload."""
    if size < 126:
        return bytes((first, size))
    if size < 65_536:
        return bytes((first, 126, size >> 8, size & 255))
    return bytes((first, 127)) + size.to_bytes(8, "big")


@final
class FrameDecoder:
    """What one client sends.

    mask: takes the mask off.
    max_frame_size: the longest payload of a frame, and of a compressed message inflated (bytes).
    inflater: makes what inflates; None if compression was not agreed on.
    keep_context: whether messages may refer to earlier ones.
    """

    __slots__ = (
        "_compressed",
        "_fin",
        "_fragmented",
        "_grown",
        "_inflated",
        "_inflater",
        "_keep_context",
        "_key",
        "_left",
        "_make_inflater",
        "_mask",
        "_rest",
        "_stepping",
        "_tail",
        "close",
        "error",
        "max_frame_size",
        "more",
        "ping",
        "reason",
    )

    def __init__(
        self,
        mask: Mask,
        max_frame_size: int,
        inflater: "Callable[[], zlib._Decompress] | None" = None,
        keep_context: bool = True,
    ) -> None:
        self.max_frame_size = max_frame_size
        self.close: bytes | None = None
        """The payload of the Close frame, once it came; nothing is decoded after it."""
        self.ping: bytes | None = None
        """The payload of the latest Ping, which is the only one that needs an answer (section
        5.5.3); the caller takes it."""
        self.error = 0
        """The close code for what the client did wrong, 0 for nothing; nothing is decoded after."""
        self.reason = ""
        self.more = False
        """Whether `feed(b"")` would go on with input that is not inflated yet."""
        self._mask = mask
        self._make_inflater = inflater
        self._keep_context = keep_context
        self._inflater: zlib._Decompress | None = None
        self._inflated = 0
        self._grown = 0
        self._stepping = False
        self._tail = b""
        self._rest = b""
        self._left = 0
        self._key = b""
        self._fin = True
        self._fragmented = False
        self._compressed = False

    def ended(self) -> bool:
        """Whether the client has sent its last, by its own Close frame or by an error."""
        return self.error != 0 or self.close is not None

    def feed(self, data: bytes) -> bytes:
        """The payload that these bytes bring."""
        if self.ended():
            return b""
        if self._rest:
            data = self._rest + data
            self._rest = b""
        parts: list[bytes] = []
        at = 0
        self.more = False
        self._grown = 0
        if self._stepping and self._inflate(parts, self._tail):
            self._put_off(data, at)
            return b"".join(parts)
        end = len(data)
        while True:
            if self._left == 0:
                payload_at = self._head(data, at, end)
                if payload_at < 0:
                    break
                at = payload_at
                if self._left == 0 and not self._compressed:
                    continue
            size = self._left
            key = self._key
            if size > end - at:
                size = end - at
                if size == 0:
                    break
                turn = size & 3
                self._key = key[turn:] + key[:turn]
            piece = self._mask(data[at : at + size], key)
            at += size
            self._left -= size
            if self._compressed:
                if self._inflate(parts, self._message_end(piece)):
                    self._put_off(data, at)
                    break
                if self.ended():
                    break
            else:
                parts.append(piece)
        if len(parts) == 1:
            return parts[0]
        return b"".join(parts)

    def _head(self, data: bytes, at: int, end: int) -> int:
        """Read heads and control frames up to the payload of a data frame.

        Returns where that begins, or -1 if it is not there yet or will never be.
        """
        while True:
            if end - at < 2:
                return self._wait(data, at)
            first = data[at]
            size = data[at + 1] & 0x7F
            opcode = first & 0x0F
            self._check(first, data[at + 1], opcode)
            if self.error:
                return -1
            payload_at = at + 6
            if size == 126:
                payload_at = at + 8
                if end - at < 4:
                    return self._wait(data, at)
                size = data[at + 2] << 8 | data[at + 3]
                if size < 126:
                    return self._fail(PROTOCOL_ERROR, "a length in more bytes than it needs")
            elif size == 127:
                payload_at = at + 14
                if end - at < 10:
                    return self._wait(data, at)
                size = int.from_bytes(data[at + 2 : at + 10], "big")
                if size < 65_536 or size >> 63:
                    return self._fail(PROTOCOL_ERROR, "a length that is not one")
            if size > self.max_frame_size:
                return self._fail(
                    TOO_BIG, f"a frame of {size} bytes, with max_frame_size = {self.max_frame_size}"
                )
            if payload_at > end:
                return self._wait(data, at)
            if opcode < CLOSE:
                self._key = data[payload_at - 4 : payload_at]
                self._begin(first, opcode, size)
                return payload_at
            if payload_at + size > end:
                return self._wait(data, at)
            payload = data[payload_at : payload_at + size]
            payload = self._mask(payload, data[payload_at - 4 : payload_at])
            at = payload_at + size
            if opcode == PING:
                self.ping = payload
            elif opcode == CLOSE:
                self.close = payload
                return -1

    def _check(self, first: int, second: int, opcode: int) -> None:
        """Whether the first two bytes of a frame may come now (sections 5.2, 5.4, 5.5 and 8)."""
        reserved = first & 0x70
        if reserved and not (
            reserved == 0x40 and self._make_inflater is not None and 0 < opcode < CLOSE
        ):
            self._fail(PROTOCOL_ERROR, "a reserved bit that was not agreed on")
        elif not second & 0x80:
            self._fail(PROTOCOL_ERROR, "a frame without a mask")
        elif opcode >= CLOSE:
            if opcode > PONG:
                self._fail(PROTOCOL_ERROR, f"an unknown kind of frame, {opcode}")
            elif not first & 0x80:
                self._fail(PROTOCOL_ERROR, "a control frame in fragments")
            elif second & 0x7F > CONTROL_MAX:
                self._fail(PROTOCOL_ERROR, "a control frame of more than 125 bytes")
        elif opcode > 2:
            self._fail(PROTOCOL_ERROR, f"an unknown kind of frame, {opcode}")
        elif opcode == 0 and not self._fragmented:
            self._fail(PROTOCOL_ERROR, "a continuation of nothing")
        elif opcode != 0 and self._fragmented:
            self._fail(PROTOCOL_ERROR, "a new message in the middle of a fragmented one")
        elif opcode == 1:
            # [MQTT-6.0.0-1]
            self._fail(UNSUPPORTED_DATA, "a text frame; MQTT is sent in binary ones")

    def _begin(self, first: int, opcode: int, size: int) -> None:
        self._left = size
        self._fin = first & 0x80 != 0
        self._fragmented = not self._fin
        if opcode != 0:
            self._compressed = first & 0x40 != 0
            self._inflated = 0

    def _wait(self, data: bytes, at: int) -> int:
        self._rest = data[at:]
        return -1

    def _fail(self, code: int, reason: str) -> int:
        self.error = code
        self.reason = reason
        return -1

    def _message_end(self, piece: bytes) -> bytes:
        """The piece, with what its sender took off if it is the last one of a message."""
        return piece + FLUSHED if self._left == 0 and self._fin else piece

    def _put_off(self, data: bytes, at: int) -> None:
        self._rest = data[at:]
        self.more = self._stepping or len(self._rest) > 0

    def _inflate(self, parts: list[bytes], data: bytes) -> bool:
        """One step; returns whether that is enough for one `feed`."""
        make = self._make_inflater
        assert make is not None
        inflater = self._inflater
        if inflater is None:
            inflater = self._inflater = make()
        self._stepping = False
        room = INFLATED_AT_ONCE - self._grown
        try:
            out = inflater.decompress(data, room)
        except zlib.error:
            self._fail(INVALID_DATA, "a compressed message that cannot be inflated")
            return False
        if out:
            parts.append(out)
        size = len(out)
        self._grown += size
        self._inflated += size
        limit = self.max_frame_size
        if self._inflated > limit:
            self._fail(TOO_BIG, f"a message that inflates to more than max_frame_size = {limit}")
            return False
        self._tail = inflater.unconsumed_tail
        # Output may also be held back with all of the input taken.
        self._stepping = len(self._tail) > 0 or size == room
        if not self._stepping and self._left == 0 and self._fin:
            self._compressed = False
            if inflater.eof or not self._keep_context:
                self._inflater = None
        return size == room
