"""Feeds what reads passwords' files and messages with damaged ones until something else breaks.

    python fuzz/broker/fuzz_passwords.py --seconds 30 --seed 7
    python fuzz/broker/fuzz_passwords.py --input hash:2462...

Every round damages an input of one kind (a hash, a password file, CSV, JSON, SCRAM messages, keys
or a stored user) and checks that it is either read or refused with the error of its kind, and that
what was read can be written, and is read as the same again. A failure prints the input, after its
kind, in hex. The same seed and number of rounds give the same inputs.
"""

import argparse
import base64
import random
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "codec"))

from mutation import Mutator

from robustmq_broker.access.hashing.forms import HashFormError, kind_of, parse_hash
from robustmq_broker.access.hashing.verification import decoy
from robustmq_broker.access.password_file.password_lines import parse_password_file
from robustmq_broker.access.scram.conversation import Conversation
from robustmq_broker.access.scram.keys import derive_keys, parse_keys
from robustmq_broker.access.scram.messages import ScramError, parse_client_first
from robustmq_broker.access.scram.saslprep import saslprep
from robustmq_broker.access.users.user_record import decode_user, encode_user
from robustmq_broker.access.users.user_rows import (
    Columns,
    collect,
    read_csv,
    read_json,
)
from robustmq_common.errors import CallerError

SALT = base64.b64encode(b"saltsalt").decode().rstrip("=")
D32, D64 = (base64.b64encode(b"d" * size).decode().rstrip("=") for size in (32, 64))
KEYS = derive_keys("SCRAM-SHA-256", "pencil", b"s" * 16, 4096)
HASHES = [
    f"$argon2id$v=19$m=19456,t=2,p=1${SALT}AAAAAAAAAAA${D32}",
    "$2b$12$" + "a" * 53,
    f"$pbkdf2-sha256$i=1000${SALT}${D32}",
    f"$sha512$suffix${SALT}${D64}",
    f"$7$101${SALT}=${D64}==",
    f"$6${SALT}=${D64}==",
]
FIRST = "n,,n=us=2Cer,r=rOprNGfwEbeRWgbNEkqO"
FINAL = f"c=biws,r=rOprNGfwEbeRWgbNEkqOserver,p={base64.b64encode(b'p' * 32).decode()}"
PROGRESS_SECONDS = 5.0


def try_hash(data: bytes) -> None:
    """A hash is read as what it says, and its decoy can be made."""
    known = parse_hash(data.decode(errors="surrogateescape"))
    assert str(parse_hash(str(known))) == str(known)
    assert kind_of(str(decoy(kind_of(str(known))))) == kind_of(str(known))


def try_file(data: bytes) -> None:
    """What a password file has can be written as one."""
    users = parse_password_file(data, "file")
    lines = "".join(f"{name}:{known}\n" for name, known in users.items())
    assert parse_password_file(lines.encode(), "file") == users or any(
        name.startswith("#") for name in users
    )


def try_csv(data: bytes) -> None:
    """Rows, or lines that are wrong."""
    collect(read_csv(data.decode(errors="replace").splitlines(keepends=True), Columns()))


def try_json(data: bytes) -> None:
    """Entries, or those that are wrong."""
    collect(read_json(data.decode(errors="replace"), Columns("sha256")))


def try_first(data: bytes) -> None:
    """A first message, whose user name SASLprep may refuse."""
    first = parse_client_first(data)
    assert first.gs2_header + first.bare == data.decode()
    saslprep(first.username)


def try_final(data: bytes) -> None:
    """A last message never gets in without the password."""
    one = Conversation(parse_client_first(FIRST.encode()), KEYS, "server")
    assert one.server_final(data) is None


def try_keys(data: bytes) -> None:
    """Keys are written as they were read."""
    text = data.decode(errors="replace")
    assert str(parse_keys(text)) == text


def try_user(data: bytes) -> None:
    """A user is written as it was read."""
    assert encode_user(decode_user(data)) == data


Check = Callable[[bytes], None]
KINDS: dict[str, tuple[Check, list[str]]] = {
    "hash": (try_hash, HASHES),
    "file": (try_file, ["# users\n" + "".join(f"u{n}:{h}\n" for n, h in enumerate(HASHES))]),
    "csv": (try_csv, [f'user_id,password_hash,is_superuser\n"a,b",{HASHES[0]},true\n']),
    "json": (try_json, [f'[{{"user_id": "a", "password_hash": "{"ab" * 32}", "salt": "s"}}]']),
    "first": (try_first, [FIRST, "y,a=u,n=u,r=12345678,x=y"]),
    "final": (try_final, [FINAL]),
    "keys": (try_keys, [str(KEYS)]),
    "user": (try_user, [f"1 superuser\n{HASHES[0]}\n{KEYS}", f"1\n{HASHES[1]}"]),
}
REFUSALS = (HashFormError, ScramError, CallerError)


@dataclass
class Tally:
    """What became of the inputs."""

    rounds: int = 0
    read: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    def __str__(self) -> str:
        return f"{self.rounds} rounds, read: {self.read}"


def survives(kind: str, data: bytes, tally: Tally) -> bool:
    """Try one input; a failure is printed."""
    tally.rounds += 1
    try:
        KINDS[kind][0](data)
    except REFUSALS:
        return True
    except ValueError as error:
        # Of these, every refusal is a ValueError, as that of UTF-8 is.
        if kind in {"keys", "user", "first"} and type(error) in {ValueError, UnicodeDecodeError}:
            return True
        return _failed(kind, data)
    except Exception:  # noqa: BLE001 - what a fuzzer is for
        return _failed(kind, data)
    tally.read[kind] += 1
    return True


def _failed(kind: str, data: bytes) -> bool:
    traceback.print_exc()
    print(f"--input {kind}:{data.hex()}")
    return False


def run(seed: int, rounds: int | None, seconds: float | None) -> int:
    """Try inputs until the rounds or the time are over, or one fails; returns the exit code."""
    chance = random.Random(seed)
    mutators = {
        kind: Mutator(chance, [one.encode() for one in seeds]) for kind, (_, seeds) in KINDS.items()
    }
    names = list(KINDS)
    tally = Tally()
    end = time.monotonic() + (seconds or float("inf"))
    said = time.monotonic()
    while (rounds is None or tally.rounds < rounds) and time.monotonic() < end:
        kind = chance.choice(names)
        if not survives(kind, mutators[kind].next(), tally):
            print(f"seed {seed}: {tally}")
            return 1
        if time.monotonic() - said > PROGRESS_SECONDS:
            said = time.monotonic()
            print(tally)
    print(f"seed {seed}: {tally}")
    return 0


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="Fuzz what reads passwords.")
    parser.add_argument("--seconds", type=float, help="how long to run (default: 30)")
    parser.add_argument("--rounds", type=int, help="how many inputs to try instead")
    parser.add_argument("--seed", type=int, help="repeat a run (default: a new one)")
    parser.add_argument("--input", help="check only this input: KIND:HEX")
    arguments = parser.parse_args()
    if arguments.input is not None:
        kind, _, text = arguments.input.partition(":")
        return 0 if survives(kind, bytes.fromhex(text), Tally()) else 1
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 32)
    seconds = arguments.seconds
    if seconds is None and arguments.rounds is None:
        seconds = 30.0
    return run(seed, arguments.rounds, seconds)


if __name__ == "__main__":
    sys.exit(main())
