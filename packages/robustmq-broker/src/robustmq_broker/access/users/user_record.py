"""[P] A user as it is stored: lines of text, the first with the version and flags.

    1 superuser
    $argon2id$v=19$m=19456,t=2,p=1$...
    SCRAM-SHA-256$600000:...

Lines from the third on are SCRAM keys, one for each method; there may be none.
"""

from dataclasses import dataclass
from typing import Final

from robustmq_broker.access.scram.keys import ScramKeys, parse_keys
from robustmq_common.errors import CallerError

VERSION: Final = "1"
SUPERUSER: Final = "superuser"
NAME_MAX: Final = 1024
"""Bytes of a user name."""


@dataclass(frozen=True, slots=True)
class User:
    """What is kept of a user. hash: in its own form (`hashing.forms`)."""

    hash: str
    is_superuser: bool = False
    scram: tuple[str, ...] = ()

    def keys(self, method: str) -> ScramKeys | None:
        """Keys for a SCRAM method, if there are any. Raises ValueError for damaged ones."""
        found = next((one for one in self.scram if one.startswith(f"{method}$")), None)
        return None if found is None else parse_keys(found)


def encode_user(user: User) -> bytes:
    """Write a user down."""
    head = f"{VERSION} {SUPERUSER}" if user.is_superuser else VERSION
    return "\n".join((head, user.hash, *user.scram)).encode()


def decode_user(data: bytes) -> User:
    """Read what `encode_user` wrote. Raises ValueError for anything else."""
    head, *lines = data.decode().split("\n")
    if head not in (VERSION, f"{VERSION} {SUPERUSER}") or not lines:
        raise ValueError("it is damaged, or of a newer version")
    return User(lines[0], head != VERSION, tuple(lines[1:]))


def check_name(name: str) -> None:
    """Raise CallerError for what cannot be a user name in MQTT, or not be told from another."""
    if not name:
        raise CallerError("a user name cannot be empty")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise CallerError("a user name has to be text that UTF-8 can write") from None
    if size > NAME_MAX:
        raise CallerError(f"a user name cannot be longer than {NAME_MAX} bytes")
    bad = next((one for one in name if ord(one) < 32 or ord(one) == 127), None)
    if bad is not None:
        raise CallerError(f"a user name cannot have the control character U+{ord(bad):04X}")
