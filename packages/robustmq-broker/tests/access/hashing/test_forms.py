"""Textual forms of hashes: each kind has one, and what is wrong is named."""

import base64
import hashlib

import pytest

from robustmq_broker.access.hashing.forms import (
    Argon2id,
    Bcrypt,
    HashFormError,
    Pbkdf2,
    Salted,
    kind_of,
    parse_hash,
    salted,
)

SALT = "c2FsdHNhbHQ"  # "saltsalt"
D32 = base64.b64encode(b"d" * 32).decode().rstrip("=")
D64 = base64.b64encode(b"d" * 64).decode().rstrip("=")
ARGON2 = f"$argon2id$v=19$m=19456,t=2,p=1${SALT}AAAAAAAAAAA${D32}"
BCRYPT = "$2b$12$" + "a" * 53


@pytest.mark.parametrize(
    ("text", "kind", "cost"),
    [
        (ARGON2, Argon2id, "$argon2id$v=19$m=19456,t=2,p=1"),
        (BCRYPT, Bcrypt, "$2b$12$"),
        (f"$pbkdf2-sha256$i=1000${SALT}${D32}", Pbkdf2, "$pbkdf2-sha256$i=1000"),
        (f"$pbkdf2-sha512$i=1${SALT}${D64}", Pbkdf2, "$pbkdf2-sha512$i=1"),
        (f"$sha256$prefix${SALT}${D32}", Salted, "$sha256$prefix"),
        (f"$sha512$suffix$${D64}", Salted, "$sha512$suffix"),
    ],
)
def test_every_kind_has_one_form(text: str, kind: type, cost: str) -> None:
    known = parse_hash(text)
    assert isinstance(known, kind)
    assert str(known) == text
    assert kind_of(text) == cost


def test_mosquitto_s_forms_are_read_and_written_as_ours() -> None:
    # `$7$` is PBKDF2 with SHA-512, `$6$` one round of SHA-512 over password and salt.
    digest = base64.b64encode(b"d" * 64).decode()
    salt = base64.b64encode(b"saltsalt").decode()
    assert str(parse_hash(f"$7$101${salt}${digest}")) == f"$pbkdf2-sha512$i=101${SALT}${D64}"
    assert str(parse_hash(f"$6${salt}${digest}")) == f"$sha512$suffix${SALT}${D64}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no hash in a known form"),
        ("secret", "no hash in a known form"),
        ("$", "no hash in a known form"),
        ("$9$x$y", "no hash in a known form"),
        ("x" * 5000, "longer than"),
        ("$1$salt$hash", "MD5"),
        ("$apr1$salt$hash", "MD5"),
        ("{SHA}abc", "SHA-1"),
        ("$6$salt$" + "a" * 86, "crypt"),
        (ARGON2.replace("v=19", "v=16"), "does not go on"),
        (ARGON2.replace("argon2id", "argon2i"), "no hash"),
        (ARGON2.replace("m=19456", "m=2000000"), "out of bounds"),
        (ARGON2.replace("m=19456", "m=7"), "out of bounds"),
        (ARGON2.replace("t=2", "t=0"), "out of bounds"),
        (ARGON2.replace("p=1", "p=65"), "out of bounds"),
        (ARGON2 + "$", "does not go on"),
        (BCRYPT[:-1], "bcrypt"),
        (BCRYPT.replace("12", "31"), "cost"),
        (BCRYPT.replace("12", "03"), "cost"),
        (f"$pbkdf2-sha256$i=0${SALT}${D32}", "iterations"),
        (f"$pbkdf2-sha256$i=99999999${SALT}${D32}", "iterations"),
        (f"$pbkdf2-sha256$i=x${SALT}${D32}", "iterations"),
        (f"$pbkdf2-sha256$i=1$${D32}", "no salt"),
        (f"$pbkdf2-sha1$i=1${SALT}${D32}", "neither sha256 nor sha512"),
        (f"$pbkdf2-sha512$i=1${SALT}${D32}", "32 bytes"),
        (f"$sha256$middle${SALT}${D32}", "prefix nor suffix"),
        (f"$sha256$prefix${SALT}=${D32}", "padding"),
        (f"$sha256$prefix$*${D32}", "Base64"),
        (f"$sha256$prefix$ä${D32}", "Base64"),
        (f"$sha256$prefix$c2Fs${D32[:-1]}1", "stray bits"),
        (f"$sha256$prefix${'A' * 2000}${D32}", "longer than 1024"),
    ],
)
def test_what_is_no_hash_is_named_and_not_repeated(text: str, problem: str) -> None:
    with pytest.raises(HashFormError, match=problem) as raised:
        parse_hash(text)
    assert len(str(raised.value)) < 200
    assert D32 not in str(raised.value)


def test_a_salt_may_be_missing_where_the_database_had_none() -> None:
    known = salted("sha256", "prefix", b"", hashlib.sha256(b"x").digest())
    assert parse_hash(str(known)) == known
