"""[P] The messages of SCRAM (RFC 5802 section 7): what a client sends, read strictly."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

MESSAGE_MAX: Final = 4096
"""Bytes; a user name and a nonce fit many times."""
_NONCE: Final = re.compile(r"[\x21-\x2b\x2d-\x7e]{8,256}")  # printable without ","
_FIRST: Final = re.compile(r"(n|y|p=[A-Za-z0-9.-]+),(?:a=([^,]+))?,(n=([^,]+),r=([^,]+)(?:,.*)?)")
_FINAL: Final = re.compile(r"(c=([^,]+),r=([^,]+)(?:,[A-Za-z]=[^,]+)*),p=([^,]+)")


class ScramError(ValueError):
    """A message that is none; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class ClientFirst:
    """client-first-message. gs2_header: what the final message has to bind, "n,,"."""

    gs2_header: str
    bare: str
    username: str
    nonce: str


@dataclass(frozen=True, slots=True)
class ClientFinal:
    """client-final-message."""

    without_proof: str
    channel_binding: bytes
    nonce: str
    proof: bytes


def parse_client_first(data: bytes) -> ClientFirst:
    """Read the first message. Raises ScramError."""
    text = _text(data)
    if text.startswith(("n,,m=", "y,,m=")):
        raise ScramError("it asks for an extension that is not there")
    match = _FIRST.fullmatch(text)
    if match is None:
        raise ScramError("expected n,,n=USER,r=NONCE")
    if match[1].startswith("p="):
        # Nothing here announces a mechanism with -PLUS (section 6).
        raise ScramError("channel binding is not supported")
    if match[2] is not None and _name(match[2]) != _name(match[4]):
        raise ScramError("it asks to act as somebody else")
    return ClientFirst(text[: match.start(3)], match[3], _name(match[4]), _nonce(match[5]))


def parse_client_final(data: bytes) -> ClientFinal:
    """Read the last message. Raises ScramError."""
    match = _FINAL.fullmatch(_text(data))
    if match is None:
        raise ScramError("expected c=BINDING,r=NONCE,p=PROOF")
    return ClientFinal(match[1], _base64(match[2]), match[3], _base64(match[4]))


def _text(data: bytes) -> str:
    if len(data) > MESSAGE_MAX:
        raise ScramError(f"it is longer than {MESSAGE_MAX} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ScramError("it is not UTF-8") from None
    if "\0" in text or "\n" in text or "\r" in text:
        raise ScramError("it has control characters")
    return text


def _name(encoded: str) -> str:
    """Decode "=2C", a comma, and "=3D", an equals sign; no other "=" is right (section 5.1)."""
    if re.search("=(?!2C|3D)", encoded):
        raise ScramError("the user name has a = that is not =2C or =3D")
    return encoded.replace("=2C", ",").replace("=3D", "=")


def _nonce(text: str) -> str:
    if not _NONCE.fullmatch(text):
        raise ScramError("the nonce has to have 8 to 256 printable ASCII characters")
    return text


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ScramError("binding and proof have to be in Base64") from None
