import random
import zlib

import pytest
from websocket_kit import client_frame
from websockets.utils import apply_mask

from robustmq_broker.listeners.websocket.frames import (
    FLUSHED,
    INFLATED_AT_ONCE,
    INVALID_DATA,
    PROTOCOL_ERROR,
    TOO_BIG,
    UNSUPPORTED_DATA,
    FrameDecoder,
    frame,
)

LIMIT = 1_000_000
BINARY, CONTINUATION, CLOSE, PING, PONG = 0x82, 0x80, 0x88, 0x89, 0x8A
FIRST_OF_MORE, MORE = 0x02, 0x00


def decoder(compressed: bool = False, keep_context: bool = True) -> FrameDecoder:
    inflater = (lambda: zlib.decompressobj(-15)) if compressed else None
    return FrameDecoder(apply_mask, LIMIT, inflater, keep_context)


def compressed(data: bytes, compressor: "zlib._Compress | None" = None) -> bytes:
    compressor = compressor or zlib.compressobj(9, zlib.DEFLATED, -15)
    whole = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return whole.removesuffix(FLUSHED)


def decode_all(one: FrameDecoder, data: bytes) -> bytes:
    got = one.feed(data)
    while one.more:
        piece = one.feed(b"")
        assert len(piece) <= INFLATED_AT_ONCE
        got += piece
    return got


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_every_size_of_length(size: int) -> None:
    payload = random.Random(size).randbytes(size)
    assert decoder().feed(client_frame(payload)) == payload


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x82\x00"),
        (125, b"\x82\x7d"),
        (126, b"\x82\x7e\x00\x7e"),
        (65_535, b"\x82\x7e\xff\xff"),
        (65_536, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_what_is_sent_has_the_shortest_head(size: int, head: bytes) -> None:
    assert frame(2, b"x" * size) == head + b"x" * size


STREAM = b"".join(
    [
        client_frame(b"one"),
        client_frame(b""),
        client_frame(b"two, ", FIRST_OF_MORE),
        client_frame(b"in the middle", PING),
        client_frame(b"", MORE),
        client_frame(b"three, ", MORE),
        client_frame(b"unasked for", PONG),
        client_frame(b"four", CONTINUATION),
        client_frame(b"x" * 300, mask=b"\x00\xff\x80\x01"),
        client_frame(b"bye", CLOSE),
        client_frame(b"too late"),
    ]
)


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 64, len(STREAM)])
def test_a_stream_in_pieces_of_any_size(step: int) -> None:
    one = decoder()
    pings = []
    got = b""
    for at in range(0, len(STREAM), step):
        got += one.feed(STREAM[at : at + step])
        if one.ping is not None:
            pings.append(one.ping)
            one.ping = None
    assert got == b"onetwo, three, four" + b"x" * 300
    assert pings == [b"in the middle"]
    assert one.close == b"bye"
    assert one.error == 0


def test_payloads_of_one_read_come_as_one_piece() -> None:
    assert decoder().feed(client_frame(b"a") * 1000) == b"a" * 1000


def test_a_frame_is_not_gathered() -> None:
    one = decoder()
    whole = client_frame(b"abcdefgh")
    assert one.feed(whole[:9]) == b"abc"
    assert one.feed(whole[9:]) == b"defgh"


WRONG = {
    "no mask": (client_frame(b"x", mask=None), PROTOCOL_ERROR),
    "text": (client_frame(b"x", 0x81), UNSUPPORTED_DATA),
    "reserved bit 1": (client_frame(b"x", 0xC2), PROTOCOL_ERROR),
    "reserved bit 2": (client_frame(b"x", 0xA2), PROTOCOL_ERROR),
    "reserved bit 3": (client_frame(b"x", 0x92), PROTOCOL_ERROR),
    "reserved bit on a ping": (client_frame(b"x", 0xC9), PROTOCOL_ERROR),
    **{f"opcode {code}": (client_frame(b"", 0x80 | code), PROTOCOL_ERROR) for code in range(3, 8)},
    **{
        f"opcode {code}": (client_frame(b"", 0x80 | code), PROTOCOL_ERROR) for code in range(11, 16)
    },
    "continuation of nothing": (client_frame(b"x", CONTINUATION), PROTOCOL_ERROR),
    "message within a message": (client_frame(b"x", FIRST_OF_MORE) * 2, PROTOCOL_ERROR),
    "final within a message": (
        client_frame(b"x", FIRST_OF_MORE) + client_frame(b"x"),
        PROTOCOL_ERROR,
    ),
    "fragmented ping": (client_frame(b"x", 0x09), PROTOCOL_ERROR),
    "fragmented close": (client_frame(b"x", 0x08), PROTOCOL_ERROR),
    "ping of 126 bytes": (client_frame(b"x" * 126, PING), PROTOCOL_ERROR),
    "ping of 65536 bytes": (client_frame(b"x" * 65_536, PING), PROTOCOL_ERROR),
    "2 bytes for a short length": (client_frame(b"x", length=b"\x7e\x00\x01"), PROTOCOL_ERROR),
    "8 bytes for a short length": (
        client_frame(b"x", length=b"\x7f" + (65_535).to_bytes(8, "big")),
        PROTOCOL_ERROR,
    ),
    "2^63": (client_frame(b"x", length=b"\x7f" + (2**63).to_bytes(8, "big")), PROTOCOL_ERROR),
    "2^63 - 1": (client_frame(b"x", length=b"\x7f" + (2**63 - 1).to_bytes(8, "big")), TOO_BIG),
    "one byte too many": (
        client_frame(b"x", length=b"\x7f" + (LIMIT + 1).to_bytes(8, "big")),
        TOO_BIG,
    ),
}


@pytest.mark.parametrize(("data", "code"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("bytewise", [False, True])
def test_what_clients_may_not_send(data: bytes, code: int, bytewise: bool) -> None:
    one = decoder()
    data = client_frame(b"before") + data
    pieces = [data[at : at + 1] for at in range(len(data))] if bytewise else [data]
    got = b"".join(one.feed(piece) for piece in pieces)
    assert got in (b"before", b"beforex")
    assert one.error == code
    assert one.reason
    assert one.feed(client_frame(b"after")) == b""


def test_the_largest_frame() -> None:
    one = decoder()
    assert len(one.feed(client_frame(bytes(LIMIT)))) == LIMIT
    assert one.error == 0


@pytest.mark.parametrize("keep_context", [True, False])
@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_compressed_messages(keep_context: bool, step: int) -> None:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    messages = [b"hello", b"hello hello", b"", b"hello" * 50_000, b"plain"]
    stream = b""
    for message in messages[:-1]:
        packed = compressed(message, compressor if keep_context else None)
        half = len(packed) // 2
        stream += client_frame(packed[:half], 0x42) + client_frame(b"", PING)
        stream += client_frame(packed[half:], CONTINUATION)
    stream += client_frame(messages[-1])
    one = decoder(compressed=True, keep_context=keep_context)
    got = b"".join(decode_all(one, stream[at : at + step]) for at in range(0, len(stream), step))
    assert one.error == 0, one.reason
    assert got == b"".join(messages)


def test_a_message_that_inflates_to_too_much() -> None:
    one = decoder(compressed=True)
    bomb = client_frame(compressed(bytes(100 * LIMIT)), 0xC2)
    got = decode_all(one, bomb)
    assert one.error == TOO_BIG
    assert len(got) <= LIMIT + INFLATED_AT_ONCE


def test_input_waits_while_a_message_is_inflated() -> None:
    one = decoder(compressed=True)
    stream = client_frame(compressed(b"x" * 300_000), 0xC2) + client_frame(b"next")
    got = one.feed(stream)
    assert len(got) == INFLATED_AT_ONCE
    got += one.feed(client_frame(b", last"))
    got += decode_all(one, b"")
    assert got == b"x" * 300_000 + b"next, last"


def test_what_cannot_be_inflated() -> None:
    one = decoder(compressed=True)
    assert one.feed(client_frame(b"\xff\xff\xff", 0xC2)) == b""
    assert one.error == INVALID_DATA


def test_a_final_block_ends_the_message_only() -> None:
    """RFC 7692 section 7.2.3.4."""
    one = decoder(compressed=True)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(b"Hello") + packer.flush() + b"\x00"
    stream = client_frame(packed, 0xC2) * 2
    assert decode_all(one, stream) == b"HelloHello"
    assert one.error == 0
