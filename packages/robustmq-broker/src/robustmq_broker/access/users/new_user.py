"""[P] Makes what is kept of a user out of a password; slow on purpose, so it belongs into a thread.

Salts come from outside.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from robustmq_broker.access.hashing.verification import SALT_BYTES, Argon2Cost, make_hash
from robustmq_broker.access.scram.keys import derive_keys
from robustmq_broker.access.users.user_record import User
from robustmq_common.errors import CallerError

PASSWORD_MAX: Final = 65_535
"""Bytes of a password in CONNECT."""


@dataclass(frozen=True, slots=True)
class NewPassword:
    """How a new password is kept. scram: methods that get keys, each with so many iterations."""

    cost: Argon2Cost
    scram: Sequence[str]
    iterations: int


def new_user(
    name: str,
    password: str,
    how: NewPassword,
    random: Callable[[int], bytes],
    *,
    is_superuser: bool = False,
) -> User:
    """Make a user. Raises CallerError for a name or password that cannot be used."""
    try:
        encoded = password.encode()
    except UnicodeEncodeError:
        raise CallerError("the password is not text that UTF-8 can write") from None
    if not encoded:
        raise CallerError("the password is empty")
    if len(encoded) > PASSWORD_MAX:
        raise CallerError(f"the password is longer than {PASSWORD_MAX} bytes, MQTT's limit")
    keys = []
    if how.scram:
        _check_prepared(name)
        try:
            keys = [
                str(derive_keys(method, password, random(SALT_BYTES), how.iterations))
                for method in how.scram
            ]
        except ValueError as error:
            raise CallerError(
                f"SCRAM (users.scram) does not allow this password: {error}"
            ) from None
    return User(make_hash(encoded, random(SALT_BYTES), how.cost), is_superuser, tuple(keys))


def _check_prepared(name: str) -> None:
    from robustmq_broker.access.scram.saslprep import saslprep  # noqa: PLC0415 - its tables

    try:
        prepared = saslprep(name)
    except ValueError as error:
        raise CallerError(f"SCRAM (users.scram) does not allow this user name: {error}") from None
    if prepared != name:
        raise CallerError(f"with SCRAM (users.scram), this user name has to be {prepared!r}")
