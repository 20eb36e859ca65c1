"""Feeds the reader of PROXY headers with damaged ones until it raises what it must not.

    python fuzz/broker/fuzz_proxy_header.py --seconds 30 --seed 7
    python fuzz/broker/fuzz_proxy_header.py --input 50524f585920

Every round checks that the reader returns a header, None or PeerError; that byte by byte the same
comes out; that no header is larger than what the reader allows; and that it never waits for more.
"""

import argparse
import random
import struct
import sys
import time

from robustmq_broker.listeners.proxy_header import SIGNATURE, V1_MAX, V2_MAX, Header, read_header
from robustmq_common.errors import PeerError

SEEDS = [
    b"PROXY TCP4 192.0.2.1 192.0.2.2 5 1883\r\n",
    b"PROXY TCP6 2001:db8::1 2001:db8::2 65535 1883\r\n",
    b"PROXY UNKNOWN\r\n",
    SIGNATURE + b"\x21\x11" + struct.pack(">H", 12) + bytes(12),
    SIGNATURE + b"\x21\x21" + struct.pack(">H", 36) + bytes(36),
    SIGNATURE + b"\x21\x31" + struct.pack(">H", 216) + bytes(216),
    SIGNATURE + b"\x20\x00" + struct.pack(">H", 0),
    SIGNATURE + b"\x21\x11" + struct.pack(">H", 19) + bytes(12) + b"\x03\x00\x04abcd",
    SIGNATURE + b"\x21\x11" + struct.pack(">H", 24) + bytes(12) + b"\x20\x00\x09\x01\0\0\0\0abcd",
]


def outcome(data: bytes) -> Header | str | None:
    try:
        return read_header(data)
    except PeerError as error:
        return str(error) and "refused"


def check(data: bytes) -> None:
    whole = outcome(data)
    stepwise: Header | str | None = None
    for end in range(1, len(data) + 1):
        stepwise = outcome(data[:end])
        if stepwise is not None:
            break
    assert stepwise == whole, f"whole: {whole}, byte by byte: {stepwise}"
    if isinstance(whole, Header):
        assert 0 < whole.size <= min(len(data), V2_MAX)
    if whole is None:
        assert len(data) < (V2_MAX if data.startswith(SIGNATURE) else V1_MAX)


def damaged(chance: random.Random) -> bytes:
    data = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randrange(5)):
        at = chance.randrange(len(data)) if data else 0
        how = chance.randrange(5)
        if how == 0 and data:
            data[at] = chance.randrange(256)
        elif how == 1:
            del data[at : at + chance.randrange(1, 8)]
        elif how == 2:
            data[at:at] = chance.randbytes(chance.randrange(1, 40))
        elif how == 3:
            del data[at:]
        else:
            data += chance.choice(SEEDS)[at:]
    return bytes(data)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--input", default="")
    given = parser.parse_args()
    if given.input:
        check(bytes.fromhex(given.input))
        return 0
    chance = random.Random(given.seed)
    end = time.monotonic() + given.seconds
    rounds = 0
    while rounds < given.rounds or (not given.rounds and time.monotonic() < end):
        data = damaged(chance)
        rounds += 1
        try:
            check(data)
        except Exception:
            print(f"--input {data.hex()}  (seed {given.seed}, round {rounds})", file=sys.stderr)
            raise
    print(f"{rounds} rounds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
