"""Signatures: every algorithm, and every way to pass off one for another."""

import hashlib
import hmac
from typing import Any

import pytest

from jwt_kit import (
    SECRET,
    encoded,
    handmade,
    key_document,
    private_key,
    public_jwk,
    public_pem,
    token,
)
from robustmq_broker.access.jwt.keys import VerifyKey, key_set, public_keys, secret_key
from robustmq_broker.access.jwt.token import BadToken, parse_token
from robustmq_broker.access.jwt.verify import MAX_TRIED, Signatures

ALL = [
    ("HS256", None),
    ("HS384", None),
    ("HS512", None),
    ("RS256", "rsa"),
    ("RS384", "rsa"),
    ("RS512", "rsa"),
    ("PS256", "rsa"),
    ("PS384", "rsa"),
    ("PS512", "rsa"),
    ("ES256", "p256"),
    ("ES384", "p384"),
    ("ES512", "p521"),
    ("EdDSA", "ed25519"),
]
NAMES = [name for name, _ in ALL]


def verify(text: bytes, algorithms: list[str], keys: list[VerifyKey]) -> dict[str, Any]:
    return Signatures(algorithms).claims(parse_token(text, 65_535), keys)


@pytest.mark.parametrize(("algorithm", "kind"), ALL)
def test_every_algorithm(algorithm: str, kind: str | None) -> None:
    keys = [secret_key(SECRET, NAMES)] if kind is None else public_keys(public_pem(kind))
    text = token({"sub": "x"}, algorithm, SECRET if kind is None else private_key(kind))
    assert verify(text, [algorithm], keys)["sub"] == "x"
    # A changed claim, a changed signature, none, one of another length.
    head, payload, signature = text.split(b".")
    for bad in (
        b".".join((head, encoded({"sub": "root"}), signature)),
        b".".join((head, payload, encoded(b"\0" * 64))),
        b".".join((head, payload, b"")),
        b".".join((head, payload, encoded(b"x" * 3))),
    ):
        with pytest.raises(BadToken, match="signature is wrong"):
            verify(bad, [algorithm], keys)
    with pytest.raises(BadToken, match=r"not one of jwt\.algorithms"):
        verify(text, [name for name in NAMES if name != algorithm], keys)


@pytest.mark.parametrize(
    "name", ["none", "None", "NONE", "nOnE", "", "HS1", "hs256", "HS256 ", "../HS256"]
)
@pytest.mark.parametrize("secret", [None, b"", SECRET])
def test_no_algorithm_that_is_not_listed(name: str, secret: bytes | None) -> None:
    text = handmade({"alg": name, "typ": "JWT"}, {"sub": "x"}, secret)
    with pytest.raises(BadToken, match=r"not one of jwt\.algorithms"):
        verify(text, NAMES, [secret_key(SECRET, NAMES), *public_keys(public_pem("rsa"))])


def test_none_cannot_be_listed() -> None:
    from pydantic import ValidationError

    from robustmq_broker.access.jwt.settings import JwtConfig

    with pytest.raises(ValidationError):
        JwtConfig.model_validate({"algorithms": ["none"]})


@pytest.mark.parametrize("strip", [b"", b"\n"])
@pytest.mark.parametrize("kind", ["rsa", "p256", "ed25519"])
def test_a_public_key_is_never_an_hmac_secret(kind: str, strip: bytes) -> None:
    """The attack: sign as HS256, with the public key that everybody has for a secret."""
    pem = public_pem(kind).removesuffix(strip)
    signed = encoded({"alg": "HS256", "typ": "JWT"}) + b"." + encoded({"sub": "root"})
    text = signed + b"." + encoded(hmac.new(pem, signed, hashlib.sha256).digest())
    with pytest.raises(BadToken, match="no key fits"):
        verify(text, NAMES, public_keys(public_pem(kind)))
    document = key_document(public_jwk(kind))
    with pytest.raises(BadToken, match="no key fits"):
        verify(text, NAMES, key_set(document, 1))


def test_an_algorithm_of_the_same_family() -> None:
    """A key of a set that says RS256 does not verify PS256."""
    keys = key_set(key_document(public_jwk("rsa", alg="RS256")), 1)
    with pytest.raises(BadToken, match="no key fits"):
        verify(token({}, "PS256", private_key("rsa")), NAMES, keys)


@pytest.mark.parametrize(
    "kid",
    ["../../../../dev/null", "x' UNION SELECT 'a", "k1\0", "", "file:///dev/null", "K1", "k1 "],
)
def test_tricks_with_the_key_identifier(kid: str) -> None:
    keys = key_set(key_document(public_jwk("rsa", kid="k1")), 1)
    verify(token({}, "RS256", private_key("rsa"), kid="k1"), NAMES, keys)
    with pytest.raises(BadToken, match="no key fits"):
        verify(token({}, "RS256", private_key("rsa"), kid=kid), NAMES, keys)


def test_keys_in_the_header_are_not_taken() -> None:
    """Header parameters jwk, jku, x5u and x5c say where the attacker's key is."""
    jwk = public_jwk("rsa2")
    text = token({}, "RS256", private_key("rsa2"), jwk=jwk, jku="http://127.0.0.1:1/", x5u="x")
    with pytest.raises(BadToken, match="signature is wrong"):
        verify(text, NAMES, public_keys(public_pem("rsa")))


def test_without_a_key_identifier_some_keys_are_tried() -> None:
    others = [secret_key(bytes([i]) * 64, NAMES) for i in range(MAX_TRIED)]
    good = secret_key(SECRET, NAMES)
    assert verify(token(), NAMES, [*others[1:], good])
    with pytest.raises(BadToken, match="signature is wrong"):
        verify(token(), NAMES, [*others, good])


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"[]", "not a JSON object"),
        (b"x", "not JSON"),
        (b'{"exp": 1, "exp": 9999999999}', "twice"),
        (b'{"a":' * 1300, "nested"),
        (b'{"exp": NaN}', "NaN"),
        (b"\xff", "UTF-8"),
    ],
)
def test_claims_that_cannot_be_read(payload: bytes, reason: str) -> None:
    with pytest.raises(BadToken, match=reason):
        verify(handmade({"alg": "HS256"}, payload), ["HS256"], [secret_key(SECRET, NAMES)])
