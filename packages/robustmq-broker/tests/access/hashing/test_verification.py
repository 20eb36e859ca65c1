"""Making and checking hashes, against values that other programs made."""

import hashlib

import bcrypt
import pytest

from robustmq_broker.access.hashing.forms import PasswordHash, kind_of, parse_hash, pbkdf2, salted
from robustmq_broker.access.hashing.verification import (
    Argon2Cost,
    decoy,
    is_outdated,
    is_quick,
    make_hash,
    verify,
)

CHEAP = Argon2Cost(64, 1, 1)
# From the test vectors of the reference implementation of Argon2, version 1.3.
REFERENCE = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
# By mosquitto_passwd 2.0 for "secret".
MOSQUITTO_7 = (
    "$7$101$cH2D3qo/8YcD//jo$zgvQ7zj8BdCgwKN7+5IshPUXLRXdVHH7q5ecero0cbP2Umz0PRPypTTTuLMjKB+N0x89oj"
    "/OGgvKUNbojp6ygg=="
)
MOSQUITTO_6 = (
    "$6$f5nOqEF9/NwRGu+I$e5BRPVIg2foYtTsSPxcSvTQ6i/aS7n50afEgurpNJRwLCKS73T4lJDQ76bmivvnDp6UEMMNLkI"
    "WaGDLl0V0Jmw=="
)


def hashes() -> list[PasswordHash]:
    password = b"pass word"
    hmac_digest = hashlib.pbkdf2_hmac("sha256", password, b"salt", 4096)
    return [
        parse_hash(make_hash(password, b"saltsaltsaltsalt", CHEAP)),
        parse_hash(bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()),
        pbkdf2("sha256", "4096", b"salt", hmac_digest),
        salted("sha256", "prefix", b"salt", hashlib.sha256(b"salt" + password).digest()),
        salted("sha512", "suffix", b"salt", hashlib.sha512(password + b"salt").digest()),
    ]


@pytest.mark.parametrize("number", range(5))
def test_the_right_password_and_no_other(number: int) -> None:
    known = hashes()[number]
    assert verify(known, b"pass word")
    for wrong in (b"", b"pass wore", b"pass word ", b"\0", b"\xff" * 70_000):
        assert not verify(known, wrong)


def test_reference_values() -> None:
    assert verify(parse_hash(REFERENCE), b"password")
    # RFC 7914 section 11.
    rfc = bytes.fromhex("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc")
    assert verify(pbkdf2("sha256", "1", b"salt", rfc), b"passwd")
    for text in (MOSQUITTO_7, MOSQUITTO_6):
        assert verify(parse_hash(text), b"secret")
        assert not verify(parse_hash(text), b"secret2")


def test_bcrypt_takes_the_first_72_bytes() -> None:
    known = parse_hash(bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode())
    assert verify(known, b"x" * 80)
    assert not verify(known, b"x" * 71)


def test_what_is_quick_and_what_is_outdated() -> None:
    assert [is_quick(one) for one in hashes()] == [False, False, False, True, True]
    assert is_quick(pbkdf2("sha512", "101", b"salt", b"d" * 64))
    argon, *others = hashes()
    assert not is_outdated(argon, CHEAP)
    assert is_outdated(argon, Argon2Cost(128, 1, 1))
    assert not any(is_outdated(one, CHEAP) for one in others)


def test_a_decoy_costs_the_same_and_has_no_password() -> None:
    for known in hashes():
        kind = kind_of(str(known))
        false = decoy(kind)
        assert kind_of(str(false)) == kind
        assert not verify(false, b"pass word")
