import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustmq_broker.protection.ban import (
    KINDS,
    Ban,
    ban_key,
    checked_ban,
    checked_value,
    decode_ban,
    encode_ban,
)
from robustmq_common.errors import CallerError, StorageError

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=50)


def test_a_ban_is_over_at_its_end() -> None:
    assert not Ban("clientid", "c").is_over(9e9)
    assert not Ban("clientid", "c", until=10.0).is_over(9.9)
    assert Ban("clientid", "c", until=10.0).is_over(10.0)


@pytest.mark.parametrize(
    ("kind", "value", "compared"),
    [
        ("clientid", " c ", " c "),
        ("username", "Bob", "Bob"),
        ("peerhost", "::ffff:192.0.2.1", "192.0.2.1"),
        ("peerhost_net", "10.1.2.3/8", "10.0.0.0/8"),
        ("clientid_re", "^a.*z$", "^a.*z$"),
    ],
)
def test_values_are_kept_as_they_are_compared(kind: str, value: str, compared: str) -> None:
    assert checked_value(kind, value) == compared


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("client", "c", "'client' cannot be banned; there are clientid, username"),
        ("clientid", "", "a value of 1 to 65535 bytes"),
        ("clientid", "é" * 40_000, "a value of 1 to 65535 bytes"),
        ("peerhost", "10.0.0.0/8", "not an IP address; for a network"),
        ("peerhost_net", "10.0.0.0/40", "not a network"),
        ("clientid_re", "(", r"not a regular expression: missing \)"),
        ("username_re", "a" * 513, "at most 512 characters"),
    ],
)
def test_wrong_values_are_told(kind: str, value: str, said: str) -> None:
    with pytest.raises(CallerError, match=said):
        checked_ban(Ban(kind, value))


@pytest.mark.parametrize("reason", ["x" * 257, "two\nlines", "\x1b[2J"])
def test_reasons_are_short_and_printable(reason: str) -> None:
    with pytest.raises(CallerError, match="reason of a ban"):
        checked_ban(Ban("clientid", "c", reason=reason))


@given(st.sampled_from(["clientid", "username"]), st.text(min_size=1), st.floats(0, 1e12), TEXT)
def test_what_is_stored_is_read_again(kind: str, value: str, until: float, reason: str) -> None:
    ban = Ban(kind, value, until, reason, "someone", 5.0)
    assert decode_ban(ban_key(kind, value), encode_ban(ban)) == ban


@given(st.binary(max_size=40), st.binary(max_size=80))
def test_damaged_bans_are_told_and_nothing_else(key: bytes, value: bytes) -> None:
    with pytest.raises(StorageError, match="is damaged"):
        decode_ban(key, value)


@pytest.mark.parametrize("value", [b"{}", b"[]", b'{"until":"x","reason":"","by":"","at":0}'])
def test_ban_without_its_fields_is_damaged(value: bytes) -> None:
    with pytest.raises(StorageError, match="is damaged"):
        decode_ban(ban_key("clientid", "c"), value)


def test_every_kind_has_a_key_of_its_own() -> None:
    assert len({ban_key(kind, "1") for kind in KINDS}) == len(KINDS)
