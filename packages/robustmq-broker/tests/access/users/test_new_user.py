"""What is kept of a new password."""

import pytest

from robustmq_broker.access.hashing.forms import parse_hash
from robustmq_broker.access.hashing.verification import Argon2Cost, verify
from robustmq_broker.access.scram.keys import derive_keys
from robustmq_broker.access.users.new_user import NewPassword, new_user
from robustmq_common.errors import CallerError

PLAIN = NewPassword(Argon2Cost(64, 1, 1), (), 4096)
SCRAM = NewPassword(Argon2Cost(64, 1, 1), ("SCRAM-SHA-256", "SCRAM-SHA-512"), 4096)


def random(size: int) -> bytes:
    return b"r" * size


def test_a_hash_and_keys_for_the_methods_that_are_wanted() -> None:
    user = new_user("u", "pässword", PLAIN, random, is_superuser=True)
    assert verify(parse_hash(user.hash), "pässword".encode())
    assert (user.is_superuser, user.scram) == (True, ())
    user = new_user("u", "pässword", SCRAM, random)
    for method in SCRAM.scram:
        assert user.keys(method) == derive_keys(method, "pässword", b"r" * 16, 4096)


@pytest.mark.parametrize(
    ("name", "password", "problem"),
    [
        ("u", "", "empty"),
        ("u", "x" * 65_536, "65535 bytes"),
        ("u", "\ud800", "UTF-8"),
        ("u", "\u0007", "does not allow this password"),
        ("\u00aa", "x", "has to be 'a'"),
        ("\U0001f600", "x", "does not allow this user name"),
    ],
)
def test_what_cannot_be_kept_is_told(name: str, password: str, problem: str) -> None:
    with pytest.raises(CallerError, match=problem) as raised:
        new_user(name, password, SCRAM, random)
    assert len(password) < 2 or password not in str(raised.value)
