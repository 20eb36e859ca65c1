"""A user as it is stored."""

import pytest

from robustmq_broker.access.scram.keys import derive_keys
from robustmq_broker.access.users.user_record import User, check_name, decode_user, encode_user
from robustmq_common.errors import CallerError

KEYS = derive_keys("SCRAM-SHA-256", "pencil", b"s" * 16, 4096)


@pytest.mark.parametrize(
    "user", [User("$x"), User("$x", True), User("$x", True, (str(KEYS), "SCRAM-SHA-512$..."))]
)
def test_what_is_written_is_read(user: User) -> None:
    assert decode_user(encode_user(user)) == user


def test_the_form_stays_as_it_is_on_disk() -> None:
    assert encode_user(User("$x", True, ("a", "b"))) == b"1 superuser\n$x\na\nb"


@pytest.mark.parametrize("data", [b"", b"1", b"2\n$x", b"1 admin\n$x", b"\xff\n$x"])
def test_what_is_damaged_is_told(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of UTF-8, or our own
        decode_user(data)


def test_keys_are_found_by_their_method() -> None:
    user = User("$x", False, (str(KEYS),))
    assert user.keys("SCRAM-SHA-256") == KEYS
    assert user.keys("SCRAM-SHA-512") is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [("", "empty"), ("a\nb", r"U\+000A"), ("\x7f", r"U\+007F"), ("a\0", r"U\+0000")]
    + [("x" * 1025, "1024 bytes"), ("\ud800", "UTF-8")],
)
def test_what_cannot_be_a_name(name: str, problem: str) -> None:
    with pytest.raises(CallerError, match=problem):
        check_name(name)


def test_names_may_have_anything_else() -> None:
    for name in ("a", "a b", "ä:,;#+/", "x" * 1024):
        check_name(name)
