"""Keys say what they verify; sets are read with bounds, and what is of no use is passed over."""

import base64
from typing import Any

import pytest

from jwt_kit import SECRET, key_document, private_key, public_jwk, public_pem
from robustmq_broker.access.jwt.keys import BadKey, key_set, public_keys, secret_key

RSA = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}


def test_a_secret_verifies_hmac_alone() -> None:
    assert secret_key(SECRET, ["HS256", "RS256", "EdDSA"]).algorithms == {"HS256"}


@pytest.mark.parametrize(("length", "algorithm"), [(31, "HS256"), (47, "HS384"), (63, "HS512")])
def test_a_short_secret(length: int, algorithm: str) -> None:
    with pytest.raises(BadKey, match=f"it has {length} bytes, and {algorithm} needs {length + 1}"):
        secret_key(b"x" * length, [algorithm])


def test_a_public_key_is_no_secret() -> None:
    with pytest.raises(BadKey, match="public_key_file"):
        secret_key(public_pem("rsa"), ["HS256"])


@pytest.mark.parametrize(
    ("kind", "algorithms"),
    [
        ("rsa", RSA),
        ("p256", {"ES256"}),
        ("p384", {"ES384"}),
        ("p521", {"ES512"}),
        ("ed25519", {"EdDSA"}),
    ],
)
def test_a_public_key(kind: str, algorithms: set[str]) -> None:
    (key,) = public_keys(public_pem(kind))
    assert key.algorithms == algorithms
    (from_set,) = key_set(key_document(public_jwk(kind, kid="k", use="sig")), 1)
    assert from_set.algorithms == algorithms
    assert from_set.kid == "k"


def test_several_keys_in_a_file() -> None:
    pem = b"the old one\n" + public_pem("rsa") + b"\nthe new one\n" + public_pem("p256")
    assert [key.algorithms for key in public_keys(pem)] == [RSA, {"ES256"}]


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (b"", "no PUBLIC KEY"),
        (SECRET, "no PUBLIC KEY"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "cannot be read"),
        (b"-----END PUBLIC KEY-----", "cannot be read"),
    ],
)
def test_a_bad_file(pem: bytes, reason: str) -> None:
    with pytest.raises(BadKey, match=reason):
        public_keys(pem)


def test_a_weak_key() -> None:
    with pytest.raises(BadKey, match="RSA key of 1024 bits"):
        public_keys(public_pem("rsa-weak"))


def oct_jwk(secret: bytes, **more: Any) -> dict[str, Any]:
    return {"kty": "oct", "k": base64.urlsafe_b64encode(secret).decode(), **more}


def test_shared_secrets_in_a_set() -> None:
    keys = key_set(key_document(oct_jwk(SECRET[:50]), oct_jwk(SECRET, alg="HS512")), 2)
    assert [key.algorithms for key in keys] == [{"HS256", "HS384"}, {"HS512"}]


@pytest.mark.parametrize(
    "useless",
    [
        {},
        {"kty": "weird"},
        {"kty": ["RSA"]},
        {"kty": "RSA", "n": "AQAB"},
        {"kty": "RSA", "n": 7, "e": None},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "../../etc/passwd"},
        oct_jwk(b"short"),
        {"kty": "oct", "k": 5},
        public_jwk("rsa-weak"),
        public_jwk("rsa", use="enc"),
        public_jwk("rsa", key_ops=["encrypt"]),
        public_jwk("rsa", key_ops="verify"),
        public_jwk("rsa", alg="HS256"),
        public_jwk("rsa", alg=["RS256"]),
        public_jwk("rsa", kid=7),
    ],
)
def test_useless_keys_are_passed_over(useless: dict[str, Any]) -> None:
    document = key_document(useless, public_jwk("p256", kid="good"))
    assert [key.kid for key in key_set(document, 2)] == ["good"]
    with pytest.raises(BadKey, match="none of its keys"):
        key_set(key_document(useless), 2)


def test_a_private_part_is_dropped() -> None:
    from jwt.algorithms import RSAAlgorithm

    jwk = RSAAlgorithm.to_jwk(private_key("rsa"), as_dict=True)
    (key,) = key_set(key_document({**jwk, "key_ops": ["verify"]}), 1)
    assert not hasattr(key.material, "private_numbers")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"<html>", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "no list of keys"),
        (b'{"keys": {}}', "no list of keys"),
        (b'{"keys": [], "keys": []}', "twice"),
        (b'{"keys": []}', "none of its keys"),
        (b'{"keys": [null, "x"]}', "none of its keys"),
        (b'{"keys": [{}, {}, {}]}', "3 keys; 2 are allowed"),
    ],
)
def test_bad_documents(document: bytes, reason: str) -> None:
    with pytest.raises(BadKey, match=reason):
        key_set(document, 2)


def test_keys_do_not_show_their_secret() -> None:
    assert "secret" not in repr(secret_key(SECRET, ["HS256"]))
