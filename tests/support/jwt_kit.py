"""Tokens and keys for tests, made with PyJWT's encoder and by hand where it would refuse to."""

import base64
import hashlib
import hmac
import json
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

SECRET = b"a secret of more than sixty-four bytes, so that HS512 takes it as well"
NOW = 1_700_000_000.0
"""The time of `FakeClock`."""


@cache
def private_key(kind: str) -> Any:
    """A private key, made once per process: "rsa", "rsa2", "p256", "p384", "p521", "ed25519"."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, 1024 if kind == "rsa-weak" else 2048)
    curves = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
    if kind in curves:
        return ec.generate_private_key(curves[kind])
    return ed25519.Ed25519PrivateKey.generate()


def public_pem(kind: str) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    key = private_key(kind).public_key()
    pem: bytes = key.public_bytes(serialization.Encoding.PEM, form)
    return pem


def public_jwk(kind: str, **more: Any) -> dict[str, Any]:
    algorithms = {"rsa": "RS256", "p256": "ES256", "p384": "ES384", "p521": "ES512"}
    name = next((algorithms[one] for one in algorithms if kind.startswith(one)), "EdDSA")
    algorithm = jwt.get_algorithm_by_name(name)
    return {**algorithm.to_jwk(private_key(kind).public_key(), as_dict=True), **more}


def key_document(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


def token(
    claims: dict[str, Any] | None = None,
    algorithm: str = "HS256",
    key: Any = SECRET,
    **header: Any,
) -> bytes:
    """A signed token; it expires in an hour unless `claims` say otherwise."""
    full = {"exp": NOW + 3600, **(claims or {})}
    return jwt.encode(full, key, algorithm, headers=header).encode()


def encoded(part: Any) -> bytes:
    """A part of a token: Base64url of some JSON, or of bytes as they are."""
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def handmade(header: Any, payload: Any, secret: bytes | None = SECRET) -> bytes:
    """A token that no encoder would make, signed as HS256 is, or not at all."""
    signed = encoded(header) + b"." + encoded(payload)
    if secret is None:
        return signed + b"."
    return signed + b"." + encoded(hmac.new(secret, signed, hashlib.sha256).digest())
