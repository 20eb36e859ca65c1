"""[P] The compact form of a signed token (RFC 7515 section 3.1), before any of it is trusted."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from robustmq_broker.access.strict_json import BadJson, parse_object

MAX_KID = 256
"""Characters of a key identifier; it is compared, never used as a path, an address or a query."""


class NotAToken(Exception):
    """The text does not even look like a JSON Web Token: it may be a password."""


class BadToken(Exception):
    """A token that must not be accepted; the message says why, without quoting it."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token in its parts, unverified."""

    algorithm: str
    kid: str | None
    signed: bytes
    payload: bytes
    signature: bytes


def parse_token(text: bytes, max_length: int) -> Token:
    """Take a compact token apart.

    Raises NotAToken for what is none, BadToken for one that is too long or not well formed.
    """
    parts = text.split(b".", 3)
    if len(parts) != 3 or not parts[0] or not parts[1]:
        raise NotAToken
    if len(text) > max_length:
        raise BadToken(f"the token has {len(text)} bytes; {max_length} are allowed")
    try:
        header = parse_object(_decode(parts[0]))
    except (BadJson, ValueError) as error:
        if parts[0].startswith(b"eyJ"):  # {" in Base64: nobody's password by chance
            raise BadToken("the token's header is not well formed") from error
        raise NotAToken from error
    try:
        payload = _decode(parts[1])
        signature = _decode(parts[2])
    except ValueError as error:
        raise BadToken("the token is not Base64url without padding") from error
    return Token(*_header(header), parts[0] + b"." + parts[1], payload, signature)


def _header(header: dict[str, Any]) -> tuple[str, str | None]:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise BadToken("the token's header names no algorithm")
    if "crit" in header:
        # RFC 7515 4.1.11: what is critical and not understood must be refused; nothing is here.
        raise BadToken("the token's header demands extensions")
    kid = header.get("kid")
    if kid is not None and (not isinstance(kid, str) or len(kid) > MAX_KID):
        raise BadToken(f"the token's key identifier is not text of at most {MAX_KID} characters")
    return algorithm, kid


def _decode(part: bytes) -> bytes:
    """Read Base64url without padding (RFC 7515 section 2). Raises ValueError."""
    if b"=" in part or b"+" in part or b"/" in part:
        raise ValueError("not the alphabet of base64url")
    try:
        data = base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not base64url") from None
    # Bits that no byte is made of have to be zero, or one token has several spellings.
    if base64.urlsafe_b64encode(data).rstrip(b"=") != part:
        raise ValueError("not canonical")
    return data
