"""The compact form: what is no token is told from a bad one, and no byte is read two ways."""

import pytest

from jwt_kit import encoded, handmade, token
from robustmq_broker.access.jwt.token import BadToken, NotAToken, parse_token


def test_the_parts_of_a_token() -> None:
    text = token({"sub": "x"}, kid="k1")
    parsed = parse_token(text, 8192)
    assert (parsed.algorithm, parsed.kid) == ("HS256", "k1")
    assert parsed.signed == text.rpartition(b".")[0]
    assert b'"sub":"x"' in parsed.payload
    assert len(parsed.signature) == 32


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"a password",
        b"..",
        b"...",
        b"a.b.c",
        b"my.secret.password",
        b"192.168.0.1",
        b"\xff.\xff.\xff",
        b"a." * 10_000,
        b".eyJh.eyJh",
        token() + b".more.parts",
    ],
)
def test_what_is_no_token(text: bytes) -> None:
    with pytest.raises(NotAToken):
        parse_token(text, 8192)


HEAD = encoded({"alg": "HS256"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEAD + b"." + b"A" * 9000 + b".", "9024 bytes; 8192 are allowed"),
        (b"eyJ!.e30.AA", "header is not well formed"),
        (encoded(b'{"alg": "HS256", "alg": "none"}') + b".e30.AA", "header is not well formed"),
        (encoded(b'{"a":' * 1000) + b".e30.AA", "header is not well formed"),
        (encoded({"kid": "x"}) + b".e30.AA", "names no algorithm"),
        (encoded({"alg": ["HS256"]}) + b".e30.AA", "names no algorithm"),
        (encoded({"alg": None}) + b".e30.AA", "names no algorithm"),
        (handmade({"alg": "HS256", "crit": ["b64"], "b64": False}, {}), "demands extensions"),
        (handmade({"alg": "HS256", "crit": []}, {}), "demands extensions"),
        (handmade({"alg": "HS256", "kid": 7}, {}), "key identifier"),
        (handmade({"alg": "HS256", "kid": "k" * 257}, {}), "key identifier"),
        (HEAD + b".e30=.AA", "Base64url"),
        (HEAD + b".e+0.AA", "Base64url"),
        (HEAD + b".e/0.AA", "Base64url"),
        (HEAD + b".e 0.AA", "Base64url"),
        (HEAD + b".e30.AB", "Base64url"),  # bits that belong to no byte
        (HEAD + b".e30.A", "Base64url"),
    ],
)
def test_bad_tokens(text: bytes, reason: str) -> None:
    with pytest.raises(BadToken, match=reason):
        parse_token(text, 8192)
