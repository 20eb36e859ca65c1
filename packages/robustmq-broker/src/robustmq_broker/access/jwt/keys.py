"""[P] Keys that verify tokens, each for its own family of algorithms.

The key decides which algorithms it verifies, never the token: a public key is not an HMAC secret,
whatever a token's header says (RFC 8725 sections 3.1 and 3.2). The libraries are imported with the
first key: most brokers have none.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from robustmq_broker.access.strict_json import BadJson, parse_object

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
"""A key of 16,384 bits takes milliseconds to verify with, on the event loop."""

_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_SECRET_BYTES: Final = {"HS256": 32, "HS384": 48, "HS512": 64}
_PEM_END: Final = b"-----END PUBLIC KEY-----"


class BadKey(ValueError):
    """A key that cannot be used; the message says why, without showing it."""


@dataclass(frozen=True, slots=True, repr=False)
class VerifyKey:
    """One key: `material` is the secret's bytes or a public key of `cryptography`."""

    algorithms: frozenset[str]
    material: Any
    kid: str | None = None


def secret_key(secret: bytes, algorithms: Iterable[str]) -> VerifyKey:
    """A shared secret, for those of the algorithms that are HMAC's. Raises BadKey."""
    wanted = frozenset(algorithms) & _SECRET_BYTES.keys()
    needed = max((_SECRET_BYTES[name] for name in wanted), default=0)
    if len(secret) < needed:
        # RFC 7518 section 3.2: as long as the hash, at least.
        raise BadKey(
            f"it has {len(secret)} bytes, and {', '.join(sorted(wanted))} needs {needed} at least "
            f"(make one with: openssl rand -base64 {needed})"
        )
    if b"-----BEGIN" in secret:
        raise BadKey("it is a PEM file: give a public key as jwt.public_key_file")
    return VerifyKey(wanted, secret)


def public_keys(pem: bytes) -> list[VerifyKey]:
    """Every public key of a PEM file. Raises BadKey."""
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    pieces = pem.split(_PEM_END)[:-1]
    if not pieces:
        raise BadKey("it has no PUBLIC KEY in PEM form (-----BEGIN PUBLIC KEY-----)")
    keys = []
    for piece in pieces:
        try:
            key = load_pem_public_key(piece[piece.find(b"-----BEGIN") :] + _PEM_END + b"\n")
        except Exception as error:
            raise BadKey("it has a public key that cannot be read") from error
        keys.append(VerifyKey(_algorithms_of(key), key))
    return keys


def key_set(document: bytes, max_keys: int) -> list[VerifyKey]:
    """The keys of a JWK Set (RFC 7517 section 5) that sign and that we understand.

    Others are passed over, as section 5 demands. Raises BadKey if the document is no set, has more
    than `max_keys`, or none that is of use.
    """
    try:
        listed = parse_object(document).get("keys")
    except BadJson as error:
        raise BadKey(f"it is no JWK Set: {error}") from None
    if not isinstance(listed, list):
        raise BadKey("it is no JWK Set: it has no list of keys")
    if len(listed) > max_keys:
        raise BadKey(f"it has {len(listed)} keys; {max_keys} are allowed")
    keys = [key for one in listed if isinstance(one, dict) and (key := _from_jwk(one)) is not None]
    if not keys:
        raise BadKey("none of its keys can verify a token")
    return keys


def _from_jwk(jwk: dict[str, Any]) -> VerifyKey | None:
    """One key of a set; None for one of another use, kind or size."""
    from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm  # noqa: PLC0415

    kid = jwk.get("kid")
    operations = jwk.get("key_ops")
    if jwk.get("use", "sig") != "sig" or not isinstance(kid, str | None):
        return None
    if operations is not None and (not isinstance(operations, list) or "verify" not in operations):
        return None
    readers: dict[Any, Any] = {"RSA": RSAAlgorithm, "EC": ECAlgorithm, "OKP": OKPAlgorithm}
    try:
        if jwk.get("kty") == "oct":
            allowed, material = _shared(jwk)
        else:
            material = readers[jwk.get("kty")].from_jwk(_public_part(jwk))
            allowed = _algorithms_of(material)
    except Exception:  # noqa: BLE001 - whatever the libraries raise, the key is of no use
        return None
    if "alg" in jwk:
        allowed &= {jwk["alg"]} if isinstance(jwk["alg"], str) else set()
    return VerifyKey(allowed, material, kid) if allowed else None


def _shared(jwk: dict[str, Any]) -> tuple[frozenset[str], bytes]:
    text = jwk["k"].rstrip("=")
    secret = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    fits = (name for name, needed in _SECRET_BYTES.items() if len(secret) >= needed)
    return frozenset(fits), secret


def _public_part(jwk: dict[str, Any]) -> dict[str, Any]:
    """A JWK without what makes it private: we have no use for that."""
    return {name: jwk[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in jwk}


def _algorithms_of(key: Any) -> frozenset[str]:
    """What a public key verifies. Raises BadKey for one that is too weak or of another kind."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa  # noqa: PLC0415

    if isinstance(key, rsa.RSAPublicKey):
        if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            raise BadKey(f"it has an RSA key of {key.key_size} bits")
        return _RSA
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return frozenset({_CURVES[key.curve.name]})
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return frozenset({"EdDSA"})
    raise BadKey("it has a key of a kind that no algorithm here uses")
