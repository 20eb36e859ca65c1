"""Feeds the MQTT decoders with damaged packets until one raises what it must not.

    python fuzz/codec/fuzz_decoder.py --seconds 30 --seed 7
    python fuzz/codec/fuzz_decoder.py --rounds 100000
    python fuzz/codec/fuzz_decoder.py --input 10000004

Every round takes frames from the codec's case table, damages them and checks that

- a decoder returns a packet or raises PacketError, nothing else;
- byte by byte, a packet ends where it ends when it comes in one piece, or fails the same way;
- what was decoded can be encoded, and decodes to the same packet again.

A failure prints the input in hex, and the seed, and exits with 1. The same seed and number of
rounds give the same inputs.
"""

import argparse
import random
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [
    str(Path(__file__).parent),
    str(REPOSITORY / "protocols" / "mqtt" / "tests" / "codec"),
]

from codec_cases import CASES  # noqa: E402
from codec_cases.case import comparable, decode, encode  # noqa: E402
from mutation import Mutator  # noqa: E402

from robustmq_mqtt.codec.connect import connect_version  # noqa: E402
from robustmq_mqtt.codec.decoder import decode_packet  # noqa: E402
from robustmq_mqtt.codec.errors import PacketError  # noqa: E402
from robustmq_mqtt.codec.fixed_header import body_start, frame_end  # noqa: E402
from robustmq_mqtt.codec.wire import CONNACK, CONNECT, V5  # noqa: E402

MAX_PACKET_SIZE = 4_096
VERSIONS = (0, 3, 4, 5)
PROGRESS_SECONDS = 5.0


@dataclass
class Tally:
    """What became of the inputs."""

    rounds: int = 0
    decoded: int = 0
    refused: int = 0
    unfinished: int = 0

    def __str__(self) -> str:
        return (
            f"{self.rounds} rounds: {self.decoded} decoded, {self.refused} refused, "
            f"{self.unfinished} unfinished"
        )


def framed(data: bytes, limit: int, version: int) -> int | str:
    """Where the first packet ends (0: not yet), or the error it fails with."""
    try:
        return frame_end(data, 0, limit, MAX_PACKET_SIZE, version)
    except PacketError as error:
        return f"0x{error.reason_code:02x} {error.reason}"


def check_byte_by_byte(data: bytes, version: int) -> int | str:
    """Frame `data` whole and byte by byte; return the outcome, which must be the same."""
    whole = framed(data, len(data), version)
    stepwise: int | str = 0
    for limit in range(len(data) + 1):
        stepwise = framed(data, limit, version)
        if stepwise != 0:
            break
    assert stepwise == whole, f"whole: {whole}, byte by byte: {stepwise}"
    return whole


def check_refusal(error: PacketError) -> None:
    """A refusal has a reason code that an answer can carry, and a sentence."""
    assert 0x80 <= error.reason_code <= 0xA2, error.reason_code
    assert error.reason


def check(data: bytes, version: int, tally: Tally) -> None:
    """Send one input through framing, decoding and back; AssertionError if a rule is broken."""
    end = check_byte_by_byte(data, version)
    if isinstance(end, str):
        tally.refused += 1
        return
    if end == 0:
        tally.unfinished += 1
        return
    assert 2 <= end <= min(len(data), MAX_PACKET_SIZE), end
    try:
        packet = decode_packet(data, 0, end, version)
    except PacketError as error:
        check_refusal(error)
        tally.refused += 1
        return
    tally.decoded += 1
    packet_type = data[0] >> 4
    if packet_type == CONNECT:
        version = connect_version(data, body_start(data, 0), end)
    elif version == 0:
        return
    again = decode(encode(packet, version), version)
    # A 3.x CONNACK is decoded to its return code and encoded from an MQTT 5 reason code.
    if packet_type != CONNACK or version == V5:
        assert comparable(again) == comparable(packet), f"{again!r} != {packet!r}"


def run(seed: int, rounds: int | None, seconds: float | None) -> int:
    """Fuzz until `rounds` or `seconds` are over; return the exit code."""
    print(f"seed {seed}, {len(CASES)} cases", flush=True)
    mutator = Mutator(random.Random(seed), [case.data for case in CASES])
    tally = Tally()
    begin = time.monotonic()
    reported = begin
    while rounds is None or tally.rounds < rounds:
        now = time.monotonic()
        if seconds is not None and now - begin >= seconds:
            break
        if now - reported >= PROGRESS_SECONDS:
            print(f"{now - begin:.0f} s, {tally}", flush=True)
            reported = now
        data = mutator.next()
        tally.rounds += 1
        for version in VERSIONS:
            if not survives(data, version, tally):
                print(f"seed {seed}, round {tally.rounds}", flush=True)
                return 1
    print(f"done, {tally}", flush=True)
    return 0


def survives(data: bytes, version: int, tally: Tally) -> bool:
    """Check one input; print it and what went wrong if it breaks a rule."""
    try:
        check(data, version, tally)
    except Exception:  # noqa: BLE001 - whatever it is, it is what we look for
        traceback.print_exc(file=sys.stdout)
        print(f"FAILED: version {version}, input {data.hex()}", flush=True)
        return False
    return True


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="Fuzz the MQTT decoders.")
    parser.add_argument("--seconds", type=float, help="how long to run (default: 30)")
    parser.add_argument("--rounds", type=int, help="how many inputs to try instead")
    parser.add_argument("--seed", type=int, help="repeat a run (default: a new one)")
    parser.add_argument("--input", help="check only this input, in hex")
    arguments = parser.parse_args()
    if arguments.input is not None:
        data = bytes.fromhex(arguments.input)
        tally = Tally(rounds=1)
        passed = [survives(data, version, tally) for version in VERSIONS]
        print(tally)
        return 0 if all(passed) else 1
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 32)
    seconds = arguments.seconds
    if seconds is None and arguments.rounds is None:
        seconds = 30.0
    return run(seed, arguments.rounds, seconds)


if __name__ == "__main__":
    sys.exit(main())
