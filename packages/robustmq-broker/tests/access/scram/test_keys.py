"""Keys of passwords: derived as RFC 5802 says, written down and read."""

import base64

import pytest

from robustmq_broker.access.scram.keys import decoy_keys, derive_keys, parse_keys

SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")


def test_keys_of_both_methods_can_be_written_and_read() -> None:
    for method in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
        keys = derive_keys(method, "pencil", SALT, 4096)
        assert parse_keys(str(keys)) == keys
        assert keys != derive_keys(method, "pencils", SALT, 4096)
        assert keys == derive_keys(method, "pen\u00adcil", SALT, 4096)  # SASLprep


def test_a_password_that_saslprep_refuses() -> None:
    with pytest.raises(ValueError, match="not allowed"):
        derive_keys("SCRAM-SHA-256", "\u0007", SALT, 4096)


GOOD = str(derive_keys("SCRAM-SHA-256", "pencil", SALT, 4096))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SCRAM-SHA-256",
        GOOD.replace("256", "1"),
        GOOD.replace("256", "512"),
        GOOD.replace("4096", "4095"),
        GOOD.replace("4096", "04096"),
        GOOD.replace("4096", "99999999"),
        GOOD[:-4],
        GOOD + "=",
        GOOD.replace("$", ":"),
    ],
)
def test_what_is_not_written_so_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - a sentence for each
        parse_keys(text)


def test_strangers_have_keys_that_never_change_and_nobody_can_know() -> None:
    one = decoy_keys("SCRAM-SHA-256", "nobody", b"secret", 4096)
    assert one == decoy_keys("SCRAM-SHA-256", "nobody", b"secret", 4096)
    assert len(one.salt) == 16
    others = [
        decoy_keys("SCRAM-SHA-256", "somebody", b"secret", 4096),
        decoy_keys("SCRAM-SHA-256", "nobody", b"other", 4096),
        decoy_keys("SCRAM-SHA-512", "nobody", b"secret", 4096),
    ]
    assert len({one.salt, *(other.salt for other in others)}) == 4
    assert len(one.stored_key) == 32
    assert len(others[2].stored_key) == 64
