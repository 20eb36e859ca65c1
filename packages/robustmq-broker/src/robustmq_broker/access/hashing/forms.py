"""[P] How a hash of a password is written down, and what is read from that.

Every kind has one form, in the style of the PHC string format ("$", the algorithm, its parameters,
salt and digest in Base64 without padding), and argon2id and bcrypt the ones that their libraries
write:

    $argon2id$v=19$m=19456,t=2,p=1$SALT$DIGEST
    $2b$12$...
    $pbkdf2-sha512$i=210000$SALT$DIGEST
    $sha256$prefix$SALT$DIGEST      the salt comes before the password, or after it: suffix

The two forms of mosquitto_passwd are read, too: `$7$ITERATIONS$SALT$DIGEST` is PBKDF2 with SHA-512,
`$6$SALT$DIGEST` SHA-512 with the salt as suffix, both in Base64 with padding.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final, Literal

DIGEST_BYTES: Final = {"sha256": 32, "sha512": 64}
ITERATIONS_MAX: Final = 10_000_000
"""Five seconds of one core; who can write hashes could otherwise stop all who log in."""
ARGON2_MEMORY_MAX: Final = 1_048_576
"""KiB."""
ARGON2_TIME_MAX: Final = 100
ARGON2_PARALLELISM_MAX: Final = 64
BCRYPT_COST_MAX: Final = 16
SALT_MAX: Final = 1024
TEXT_MAX: Final = 4096

_ARGON2: Final = re.compile(
    r"\$argon2id\$v=19\$m=([0-9]{1,8}),t=([0-9]{1,4}),p=([0-9]{1,3})"
    r"\$([A-Za-z0-9+/]{11,128})\$([A-Za-z0-9+/]{16,128})"
)
_BCRYPT: Final = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}")
_REFUSED: Final = {
    "$1$": "MD5 (crypt)",
    "$5$": "SHA-256 (crypt)",
    "$apr1$": "MD5 (Apache)",
    "{SHA}": "unsalted SHA-1",
    "{SSHA}": "SHA-1",
    "{MD5}": "MD5",
}


class HashFormError(ValueError):
    """Text that is no hash of a password which can be checked; the message says why."""


@dataclass(frozen=True, slots=True)
class Argon2id:
    """argon2id; memory in KiB."""

    text: str
    memory: int
    time: int
    parallelism: int

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Bcrypt:
    """bcrypt; 2 to the power of `cost` rounds."""

    text: str
    cost: int

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Pbkdf2:
    """PBKDF2 with HMAC; algorithm is "sha256" or "sha512"."""

    algorithm: str
    iterations: int
    salt: bytes
    digest: bytes

    def __str__(self) -> str:
        fields = f"i={self.iterations}${_text(self.salt)}${_text(self.digest)}"
        return f"$pbkdf2-{self.algorithm}${fields}"


@dataclass(frozen=True, slots=True)
class Salted:
    """One round of SHA-2 over password and salt: quick to guess, so only for what is imported."""

    algorithm: str
    position: Literal["prefix", "suffix"]
    salt: bytes
    digest: bytes

    def __str__(self) -> str:
        return f"${self.algorithm}${self.position}${_text(self.salt)}${_text(self.digest)}"


PasswordHash = Argon2id | Bcrypt | Pbkdf2 | Salted


def parse_hash(text: str) -> PasswordHash:
    """Read a hash. Raises HashFormError, which never repeats the text."""
    if len(text) > TEXT_MAX:
        raise HashFormError(f"it is longer than {TEXT_MAX} characters")
    for beginning, name in _REFUSED.items():
        if text.startswith(beginning):
            raise HashFormError(f"{name} is too weak, or not supported; set a new password")
    kind = text[1:].partition("$")[0] if text.startswith("$") else ""
    if kind == "argon2id":
        return _argon2(text)
    if kind in {"2a", "2b", "2y"}:
        return _bcrypt(text)
    fields = text.split("$")
    if kind.startswith("pbkdf2-") and len(fields) == 5 and fields[2].startswith("i="):
        return pbkdf2(kind[7:], fields[2][2:], _bytes(fields[3]), _bytes(fields[4]))
    if kind in DIGEST_BYTES and len(fields) == 5:
        return salted(kind, fields[2], _bytes(fields[3]), _bytes(fields[4]))
    if kind == "7" and len(fields) == 5:
        return pbkdf2("sha512", fields[2], _padded(fields[3]), _padded(fields[4]))
    if kind == "6" and len(fields) == 4:
        if len(fields[3]) == 86:
            raise HashFormError("this $6$ is that of crypt(3), not mosquitto's")
        return salted("sha512", "suffix", _padded(fields[2]), _padded(fields[3]))
    raise HashFormError(
        "it is no hash in a known form: $argon2id$, $2b$, $pbkdf2-sha256$, $pbkdf2-sha512$, "
        "$sha256$, $sha512$, or mosquitto's $6$ and $7$"
    )


def pbkdf2(algorithm: str, iterations: str, salt: bytes, digest: bytes) -> Pbkdf2:
    """Make one of its parts. Raises HashFormError."""
    _check(algorithm, salt, digest)
    if not re.fullmatch("[0-9]{1,8}", iterations) or not 1 <= int(iterations) <= ITERATIONS_MAX:
        raise HashFormError(f"expected 1 to {ITERATIONS_MAX} iterations")
    if not salt:
        raise HashFormError("it has no salt")
    return Pbkdf2(algorithm, int(iterations), salt, digest)


def salted(algorithm: str, position: str, salt: bytes, digest: bytes) -> Salted:
    """Make one of its parts; the salt may be empty. Raises HashFormError."""
    _check(algorithm, salt, digest)
    if position == "prefix":
        return Salted(algorithm, "prefix", salt, digest)
    if position == "suffix":
        return Salted(algorithm, "suffix", salt, digest)
    raise HashFormError("the place of its salt is neither prefix nor suffix")


def kind_of(text: str) -> str:
    """What a hash in its own form costs to check: the text up to its salt.

    Hashes of one kind take the same time. For text that `parse_hash` has accepted.
    """
    if text.startswith("$2"):
        return text[:7]
    return text.rsplit("$", 2)[0]


def _check(algorithm: str, salt: bytes, digest: bytes) -> None:
    wanted = DIGEST_BYTES.get(algorithm)
    if wanted is None:
        raise HashFormError("its algorithm is neither sha256 nor sha512")
    if len(digest) != wanted:
        raise HashFormError(f"its digest has {len(digest)} bytes, {algorithm} makes {wanted}")
    if len(salt) > SALT_MAX:
        raise HashFormError(f"its salt is longer than {SALT_MAX} bytes")


def _argon2(text: str) -> Argon2id:
    match = _ARGON2.fullmatch(text)
    if match is None:
        raise HashFormError("it begins as $argon2id$ but does not go on like one")
    memory, time, parallelism = (int(match[group]) for group in (1, 2, 3))
    if not (
        8 * parallelism <= memory <= ARGON2_MEMORY_MAX
        and 1 <= time <= ARGON2_TIME_MAX
        and 1 <= parallelism <= ARGON2_PARALLELISM_MAX
    ):
        raise HashFormError(
            f"its parameters are out of bounds: at most m={ARGON2_MEMORY_MAX},"
            f"t={ARGON2_TIME_MAX},p={ARGON2_PARALLELISM_MAX}, and m at least 8 times p"
        )
    _bytes(match[4])
    _bytes(match[5])
    return Argon2id(text, memory, time, parallelism)


def _bcrypt(text: str) -> Bcrypt:
    match = _BCRYPT.fullmatch(text)
    if match is None:
        raise HashFormError(f"it begins as {text[:4]} but does not go on like a bcrypt hash")
    cost = int(match[1])
    if not 4 <= cost <= BCRYPT_COST_MAX:
        raise HashFormError(f"its cost is not from 4 to {BCRYPT_COST_MAX}")
    return Bcrypt(text, cost)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    if "=" in text:
        raise HashFormError("its Base64 has padding, which this form has not")
    return _padded(text + "=" * (-len(text) % 4))


def _padded(text: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise HashFormError("its salt or digest is not in Base64") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise HashFormError("its salt or digest has stray bits in its Base64")
    return data
