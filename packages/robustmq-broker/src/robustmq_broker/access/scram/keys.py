"""[P] What a server keeps of a password for SCRAM (RFC 5802 section 3), and its textual form.

The form is `SCRAM-SHA-256$ITERATIONS:SALT$STORED_KEY:SERVER_KEY`, in Base64. Who reads it cannot
log in with it, but can guess passwords, at the price of `iterations` for each guess.
"""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

ALGORITHMS: Final = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
"""The hash function of each method."""
ITERATIONS_MIN: Final = 4096
"""RFC 7677 section 4."""
ITERATIONS_MAX: Final = 10_000_000
SALT_BYTES: Final = 16
_FORM: Final = re.compile(
    r"(SCRAM-SHA-(?:256|512))\$([0-9]{1,8}):([A-Za-z0-9+/=]{4,1024})"
    r"\$([A-Za-z0-9+/=]{4,128}):([A-Za-z0-9+/=]{4,128})"
)


@dataclass(frozen=True, slots=True)
class ScramKeys:
    """What is kept of one password for one method."""

    method: str
    iterations: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    def __str__(self) -> str:
        salt, stored, server = (
            base64.b64encode(one).decode("ascii")
            for one in (self.salt, self.stored_key, self.server_key)
        )
        return f"{self.method}${self.iterations}:{salt}${stored}:{server}"


def derive_keys(method: str, password: str, salt: bytes, iterations: int) -> ScramKeys:
    """Derive the keys of a password; slow on purpose.

    Raises ValueError for a password that SASLprep does not allow.
    """
    from robustmq_broker.access.scram.saslprep import saslprep  # noqa: PLC0415 - its tables

    algorithm = ALGORITHMS[method]
    prepared = saslprep(password).encode()
    salted = hashlib.pbkdf2_hmac(algorithm, prepared, salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", algorithm)
    return ScramKeys(
        method,
        iterations,
        salt,
        hashlib.new(algorithm, client_key).digest(),
        hmac.digest(salted, b"Server Key", algorithm),
    )


def parse_keys(text: str) -> ScramKeys:
    """Read the textual form. Raises ValueError, which does not repeat it."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError("expected METHOD$ITERATIONS:SALT$STORED_KEY:SERVER_KEY")
    try:
        salt, stored, server = (
            base64.b64decode(match[group], validate=True) for group in (3, 4, 5)
        )
    except binascii.Error:
        raise ValueError("salt and keys have to be in Base64") from None
    keys = ScramKeys(match[1], int(match[2]), salt, stored, server)
    size = hashlib.new(ALGORITHMS[keys.method]).digest_size
    if len(stored) != size or len(server) != size:
        raise ValueError(f"the keys of {keys.method} have to have {size} bytes")
    if not ITERATIONS_MIN <= keys.iterations <= ITERATIONS_MAX:
        raise ValueError(f"expected {ITERATIONS_MIN} to {ITERATIONS_MAX} iterations")
    if str(keys) != text:
        raise ValueError("it is not written as it should be")
    return keys


def decoy_keys(method: str, username: str, secret: bytes, iterations: int) -> ScramKeys:
    """Keys of somebody who does not exist: always the same, and no password has them.

    secret: nobody else knows it, so nobody can tell the salt from a real one (RFC 5802 section 9).
    """
    algorithm = ALGORITHMS[method]
    seed = f"{method}\0{username}".encode()
    salt = hmac.digest(secret, b"salt\0" + seed, "sha256")[:SALT_BYTES]
    key = hmac.digest(secret, b"key\0" + seed, algorithm)
    return ScramKeys(method, iterations, salt, key, key)
