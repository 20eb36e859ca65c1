"""Users in CSV and JSON: what is read, and what is wrong, with its line."""

import hashlib
import json

import pytest

from robustmq_broker.access.hashing.forms import parse_hash
from robustmq_broker.access.hashing.verification import verify
from robustmq_broker.access.scram.keys import derive_keys
from robustmq_broker.access.users.user_rows import Columns, Row, collect, read_csv, read_json
from robustmq_common.errors import CallerError

SHA = hashlib.sha256(b"saltsecret").hexdigest()
KEYS = str(derive_keys("SCRAM-SHA-256", "x", b"s" * 16, 4096))


def from_csv(text: str, columns: Columns | None = None) -> list[Row]:
    return collect(read_csv(text.splitlines(keepends=True), columns or Columns()))


def test_the_columns_of_emqx() -> None:
    text = f"user_id,password_hash,salt,is_superuser\na,{SHA},salt,true\n\nb,{SHA},salt,false\n"
    one, two = from_csv(text, Columns("sha256", "prefix"))
    assert (one.name, one.is_superuser, one.where) == ("a", True, "line 2")
    assert (two.name, two.is_superuser, two.where) == ("b", False, "line 4")
    assert verify(parse_hash(one.hash), b"secret")


@pytest.mark.parametrize(
    ("columns", "digest"),
    [
        (Columns("sha256", "suffix"), hashlib.sha256(b"secretsalt").hexdigest()),
        (Columns("sha512", "disable"), hashlib.sha512(b"secret").hexdigest()),
        (
            Columns("pbkdf2-sha256", iterations=10),
            hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", 10).hex(),
        ),
    ],
)
def test_other_hashes(columns: Columns, digest: str) -> None:
    (one,) = from_csv(f"user_id,password_hash,salt\na,{digest},salt\n", columns)
    assert verify(parse_hash(one.hash), b"secret")


def test_passwords_are_read_as_they_are() -> None:
    (one,) = from_csv('\ufeffuser_id,password,is_superuser\n"a,b","p ""w""",1\n')
    assert (one.name, one.password, one.hash) == ("a,b", 'p "w"', "")


def test_scram_keys_go_with_hashes() -> None:
    (one,) = from_csv(f"user_id,password_hash,scram\na,$2b$04${'a' * 53},{KEYS}\n")
    assert one.scram == (KEYS,)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "file is empty"),
        ("user_id\na\n", "line 1: expected user_id, and either"),
        ("user_id,password,password_hash\n", "line 1: expected user_id, and either"),
        ("password\nx\n", "line 1: expected user_id"),
        ("user_id,password,colour\n", "no column 'colour'"),
        ("user_id,password,password\n", "each once"),
        ("user_id,password\na\n", "line 2: it has 1 columns"),
        ("user_id,password\na,b\nc\n", "line 3: it has 1 columns"),
        ("user_id,password\n,x\n", "line 2: a user name cannot be empty"),
        ("user_id,password\na,\n", "line 2: expected either"),
        ("user_id,password,is_superuser\na,x,maybe\n", "line 2: is_superuser"),
        ("user_id,password\na,x\na,y\n", "line 3: the user 'a' is at line 2 already"),
        ('user_id,password\n"a,x\n', "line 2: unexpected end"),
        ("user_id,password_hash\na,123\n", "line 2: it is no hash"),
        ("user_id,password,scram\na,x,y\n", "line 2: scram: expected METHOD"),
        (f"user_id,password\na,{'x' * 70_000}\n", "line 2: password is longer"),
    ],
)
def test_what_is_wrong_in_csv(text: str, problem: str) -> None:
    with pytest.raises(CallerError, match=problem):
        from_csv(text)


def test_a_digest_that_is_none() -> None:
    for digest, problem in (("xyz", "hexadecimal"), ("abcd", "2 bytes")):
        with pytest.raises(CallerError, match=f"line 2: .*{problem}"):
            from_csv(f"user_id,password_hash\na,{digest}\n", Columns("sha256"))


def test_all_that_is_wrong_is_told_but_not_without_end() -> None:
    with pytest.raises(CallerError, match="nothing is imported") as raised:
        from_csv("user_id,password\n" + ",x\n" * 50)
    lines = str(raised.value).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "30 more are wrong"


def test_json() -> None:
    entries = [{"user_id": "a", "password": "x", "is_superuser": True}, {"user_id": "b"}]
    (one,) = collect(read_json(json.dumps(entries[:1]), Columns()))
    assert (one.name, one.password, one.is_superuser) == ("a", "x", True)
    with pytest.raises(CallerError, match="entry 2: expected either"):
        collect(read_json(json.dumps(entries), Columns()))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not in JSON"),
        ("[" * 100_000, "not in JSON"),
        ("{}", "array of objects"),
        ("[1]", "entry 1: it is not an object"),
        ('[{"user_id": "a", "colour": "x"}]', "no column 'colour'"),
        ('[{"user_id": 7, "password": "x"}]', "user_id has to be text"),
        ('[{"user_id": "\\ud800", "password": "x"}]', "UTF-8"),
    ],
)
def test_what_is_wrong_in_json(text: str, problem: str) -> None:
    with pytest.raises(CallerError, match=problem):
        collect(read_json(text, Columns()))


@pytest.mark.parametrize(
    ("kind", "place", "iterations", "problem"),
    [
        ("md5", "prefix", 0, "guessed too quickly"),
        ("plain", "prefix", 0, "column password"),
        ("crc", "prefix", 0, "one of auto"),
        ("sha256", "middle", 0, "one of prefix"),
        ("pbkdf2-sha256", "prefix", 0, "iterations"),
    ],
)
def test_what_cannot_be_read(kind: str, place: str, iterations: int, problem: str) -> None:
    with pytest.raises(CallerError, match=problem):
        Columns(kind, place, iterations)
