"""[P] Making and checking hashes of passwords; slow on purpose, so it belongs into a thread.

The libraries are imported when a hash of their kind is first met.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from robustmq_broker.access.hashing.forms import (
    Argon2id,
    Bcrypt,
    PasswordHash,
    Pbkdf2,
    Salted,
    parse_hash,
)

SALT_BYTES: Final = 16
DIGEST_BYTES: Final = 32
QUICK_ITERATIONS: Final = 1000
_BCRYPT_BYTES: Final = 72
"""bcrypt takes no more of a password into account."""


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """What a new hash costs: memory in KiB, passes over it, and lanes."""

    memory: int
    time: int
    parallelism: int


def make_hash(password: bytes, salt: bytes, cost: Argon2Cost) -> str:
    """Hash a password with argon2id (RFC 9106)."""
    from argon2 import low_level  # noqa: PLC0415 - only who hashes pays for it

    return low_level.hash_secret(
        password, salt, cost.time, cost.memory, cost.parallelism, DIGEST_BYTES, low_level.Type.ID
    ).decode("ascii")


def verify(known: PasswordHash, password: bytes) -> bool:
    """Whether a password has this hash; takes as long for a wrong one as for the right one."""
    if isinstance(known, Argon2id):
        return _verify_argon2(known, password)
    if isinstance(known, Bcrypt):
        import bcrypt  # noqa: PLC0415

        return bcrypt.checkpw(password[:_BCRYPT_BYTES], known.text.encode("ascii"))
    if isinstance(known, Pbkdf2):
        digest = hashlib.pbkdf2_hmac(known.algorithm, password, known.salt, known.iterations)
    else:
        parts = (known.salt, password) if known.position == "prefix" else (password, known.salt)
        digest = hashlib.new(known.algorithm, b"".join(parts)).digest()
    return hmac.compare_digest(digest, known.digest)


def is_quick(known: PasswordHash) -> bool:
    """Whether checking takes less than handing the work to a thread and back, or not much more."""
    quick_pbkdf2 = isinstance(known, Pbkdf2) and known.iterations <= QUICK_ITERATIONS
    return quick_pbkdf2 or isinstance(known, Salted)


def is_outdated(known: PasswordHash, cost: Argon2Cost) -> bool:
    """Whether a hash of argon2id has other parameters than new ones get."""
    return isinstance(known, Argon2id) and cost != Argon2Cost(
        known.memory, known.time, known.parallelism
    )


def decoy(kind: str) -> PasswordHash:
    """A hash that no password has, as costly to check as others of its kind (`forms.kind_of`)."""
    if kind.startswith("$2"):
        return parse_hash(f"{kind}{'.' * 53}")
    digest = "A" * 86 if "sha512" in kind else "A" * 43
    return parse_hash(f"{kind}${'A' * 22}${digest}")


def _verify_argon2(known: Argon2id, password: bytes) -> bool:
    from argon2 import exceptions, low_level  # noqa: PLC0415

    try:
        return low_level.verify_secret(known.text.encode("ascii"), password, low_level.Type.ID)
    except exceptions.VerifyMismatchError:
        return False
