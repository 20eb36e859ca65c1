"""Feeds a whole broker in memory with damaged packets of several clients.

    python fuzz/server/fuzz_server.py --seconds 30 --seed 7
    python fuzz/server/fuzz_server.py --rounds 1000
    python fuzz/server/fuzz_server.py --input '{"configuration": 0, "moves": [[0, 1, 2, null]]}'

What must hold is said in `tests/support/server_fuzz.py`. A failure is made as short as it gets,
then printed with the bytes that were sent, the seed, and what to give to --input; the exit code is
1. The same seed and number of rounds give the same inputs.
"""

import argparse
import json
import random
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "support"))

from server_fuzz import MOVES, Damage, Move, play  # noqa: E402

PROGRESS_SECONDS = 5.0
CLIENTS = 3
MOVES_MAX = 40


def scenario(chance: random.Random) -> tuple[int, list[Move]]:
    """A configuration and moves, of which about a quarter is damaged."""
    moves = []
    for _ in range(chance.randrange(1, MOVES_MAX)):
        damage = None
        if chance.random() < 0.25:
            damage = Damage(chance.randrange(8), chance.randrange(200), chance.randrange(256))
        client, number = chance.randrange(CLIENTS), chance.randrange(MOVES)
        moves.append(Move(client, number, chance.randrange(256), damage))
    return chance.randrange(4), moves


def failure(configuration: int, moves: Sequence[Move]) -> str:
    """What goes wrong, with its traceback; empty if nothing does."""
    try:
        play(configuration, moves)
    except Exception:  # noqa: BLE001 - whatever it is, it is what we look for
        return traceback.format_exc()
    return ""


def shorter(moves: list[Move]) -> Iterator[list[Move]]:
    """The same moves with fewer of them, and with less damage."""
    size = len(moves) // 2
    while size:
        for at in range(0, len(moves), size):
            yield moves[:at] + moves[at + size :]
        size //= 2
    for at, move in enumerate(moves):
        if move.damage is not None:
            yield [*moves[:at], Move(move.client, move.number, move.detail), *moves[at + 1 :]]


def shrunk(configuration: int, moves: list[Move]) -> list[Move]:
    """As few of the moves as still fail."""
    changed = True
    while changed:
        changed = False
        for fewer in shorter(moves):
            if failure(configuration, fewer):
                moves, changed = fewer, True
                break
    return moves


def to_json(configuration: int, moves: Sequence[Move]) -> str:
    rows = [
        [
            *(move.client, move.number, move.detail),
            move.damage and [move.damage.way, move.damage.place, move.damage.value],
        ]
        for move in moves
    ]
    return json.dumps({"configuration": configuration, "moves": rows})


def from_json(text: str) -> tuple[int, list[Move]]:
    given = json.loads(text)
    moves = [
        Move(client, number, detail, Damage(*damage) if damage else None)
        for client, number, detail, damage in given["moves"]
    ]
    return given["configuration"], moves


def report(configuration: int, moves: list[Move]) -> None:
    fewest = shrunk(configuration, moves)
    print(failure(configuration, fewest))
    print(f"FAILED: --input '{to_json(configuration, fewest)}'", flush=True)


def run(seed: int, rounds: int | None, seconds: float | None) -> int:
    """Fuzz until `rounds` or `seconds` are over; return the exit code."""
    print(f"seed {seed}", flush=True)
    chance = random.Random(seed)
    begin = reported = time.monotonic()
    done = made = 0
    while rounds is None or done < rounds:
        now = time.monotonic()
        if seconds is not None and now - begin >= seconds:
            break
        if now - reported >= PROGRESS_SECONDS:
            print(f"{now - begin:.0f} s, {done} scenarios, {made} moves", flush=True)
            reported = now
        configuration, moves = scenario(chance)
        done += 1
        made += len(moves)
        if failure(configuration, moves):
            report(configuration, moves)
            print(f"seed {seed}, round {done}", flush=True)
            return 1
    print(f"done, {done} scenarios, {made} moves", flush=True)
    return 0


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="Fuzz a whole broker in memory.")
    parser.add_argument("--seconds", type=float, help="how long to run (default: 30)")
    parser.add_argument("--rounds", type=int, help="how many scenarios to try instead")
    parser.add_argument("--seed", type=int, help="repeat a run (default: a new one)")
    parser.add_argument("--input", help="play only this scenario, as a failure printed it")
    arguments = parser.parse_args()
    if arguments.input is not None:
        configuration, moves = from_json(arguments.input)
        found = failure(configuration, moves)
        print(found or "passed")
        return 1 if found else 0
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 32)
    seconds = arguments.seconds
    if seconds is None and arguments.rounds is None:
        seconds = 30.0
    return run(seed, arguments.rounds, seconds)


if __name__ == "__main__":
    sys.exit(main())
