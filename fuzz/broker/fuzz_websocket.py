"""Feeds the WebSocket layers with damaged handshakes and frames.

    python fuzz/broker/fuzz_websocket.py --seconds 30 --seed 7
    python fuzz/broker/fuzz_websocket.py --rounds 100000

Every round makes a stream of frames, valid and not, damages it, and checks that

- the connection stays open or is closed with a code of RFC 6455, and nothing is raised;
- cut into pieces anywhere, it gives the same payload and ends in the same way;
- a damaged handshake is answered, or waited for, and nothing is raised.

A failure prints the seed and the input in hex, and exits with 1. The same seed and number of rounds
give the same inputs.
"""

import argparse
import random
import sys
import time
import traceback
import zlib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "packages" / "robustmq-broker" / "tests" / "support")]

from websocket_kit import MemoryWebSocket, client_frame, request  # noqa: E402
from websockets.utils import apply_mask  # noqa: E402

from robustmq_broker.listeners.websocket.frames import FLUSHED, FrameDecoder  # noqa: E402

CODES = (0, 1002, 1003, 1007, 1009)
MAX_FRAME_SIZE = 100_000

FIRSTS = (0x82, 0x82, 0x82, 0x02, 0x00, 0x80, 0x89, 0x8A, 0x88, 0x81, 0xC2, 0x42, 0xFF)


def packed(chance: random.Random, payload: bytes) -> bytes:
    compressor = zlib.compressobj(chance.randrange(10), zlib.DEFLATED, -15)
    whole: bytes = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return whole.removesuffix(FLUSHED)


def some_payload(chance: random.Random) -> bytes:
    size = chance.choice((0, 1, 3, 125, 126, 300, 70_000))
    if chance.random() < 0.5:
        return bytes(size)
    return chance.randbytes(min(size, 300))


def some_frame(chance: random.Random) -> bytes:
    first = chance.choice(FIRSTS)
    payload = some_payload(chance)
    if first & 0x70:
        payload = packed(chance, payload * chance.choice((1, 1, 50)))
    elif first & 0x08:
        payload = payload[:125]
    return client_frame(payload, first, chance.randbytes(4))


def damaged(chance: random.Random, data: bytes) -> bytes:
    made = bytearray(data)
    for _ in range(chance.choice((0, 0, 1, 1, 2, 5))):
        if made:
            made[chance.randrange(len(made))] = chance.randrange(256)
    if made and chance.random() < 0.2:
        del made[chance.randrange(len(made)) :]
    return bytes(made)


def ending(pieces: list[bytes], compressed: bool) -> tuple[bytes, int, bytes | None]:
    inflater = (lambda: zlib.decompressobj(-15)) if compressed else None
    decoder = FrameDecoder(apply_mask, MAX_FRAME_SIZE, inflater)
    got = b""
    for piece in pieces:
        got += decoder.feed(piece)
        while decoder.more:
            got += decoder.feed(b"")
    assert decoder.error in CODES, decoder.error
    return got, decoder.error, decoder.close


def cut(chance: random.Random, data: bytes) -> list[bytes]:
    if len(data) < 2_000 and chance.random() < 0.3:
        return [data[at : at + 1] for at in range(len(data))]
    places = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(1, 8)))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True) if a < b]


def check_frames(data: bytes, pieces: list[bytes], compressed: bool) -> None:
    whole, in_pieces = ending([data], compressed), ending(pieces, compressed)
    assert whole[1:] == in_pieces[1:], (whole[1:], in_pieces[1:])
    # A message that turns out to be wrong may have been passed on up to another point.
    shorter, longer = sorted((whole[0], in_pieces[0]), key=len)
    assert longer.startswith(shorter)
    assert whole[1] or shorter == longer


def check_handshake(pieces: list[bytes]) -> None:
    ws = MemoryWebSocket(trusted_proxies=["127.0.0.1"], compress=True)
    for piece in pieces:
        ws.receive(piece)
        assert len(ws.made) <= 1
    ws.below.connection.connection_lost()
    assert not ws.handshakes.running


def some_head(chance: random.Random) -> bytes:
    headers: dict[str, str | None] = {
        "X-Forwarded-For": chance.choice((None, "192.0.2.1", "[::1]:7, 127.0.0.1")),
        "X-Forwarded-Port": chance.choice((None, "5", "x")),
        "Sec-WebSocket-Extensions": chance.choice(
            (None, "permessage-deflate", "permessage-deflate; server_max_window_bits=9; x")
        ),
    }
    return damaged(chance, request(headers))


def one_round(chance: random.Random) -> bytes:
    """Returns the input, for the report of a failure."""
    compressed = chance.random() < 0.5
    stream = b"".join(some_frame(chance) for _ in range(chance.randrange(1, 8)))
    data = damaged(chance, stream)
    head = some_head(chance)
    try:
        check_frames(data, cut(chance, data), compressed)
        check_handshake(cut(chance, head + data))
    except BaseException:
        print(f"head: {head.hex()}\nframes: {data.hex()}")
        raise
    return data


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=0, help="stop after so many instead")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    given = parser.parse_args()
    chance = random.Random(given.seed)
    end = time.monotonic() + given.seconds
    rounds = 0
    try:
        while rounds < given.rounds if given.rounds else time.monotonic() < end:
            one_round(chance)
            rounds += 1
    except Exception:  # noqa: BLE001 - whatever it is, it is what was looked for
        traceback.print_exc()
        print(f"failed in round {rounds} with --seed {given.seed}")
        return 1
    print(f"{rounds} rounds with --seed {given.seed}: nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
