"""[P] A client certificate as the rest of the broker sees it."""

from collections.abc import Mapping
from typing import Any, Final

from robustmq_common.spi.access import Certificate

_SHORT: Final = {
    "commonName": "CN",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "streetAddress": "STREET",
    "domainComponent": "DC",
    "userId": "UID",
}
"""RFC 4514 section 3; other attributes keep OpenSSL's name, such as "emailAddress"."""
_KINDS: Final = {"IP Address": "IP", "DNS": "DNS", "URI": "URI", "email": "email"}
_SPECIAL: Final = frozenset('",+;<>\\')


def peer_certificate(facts: Mapping[str, Any], der: bytes) -> Certificate:
    """Made of what `ssl.SSLObject.getpeercert` says of a verified certificate."""
    names: list[tuple[tuple[str, str], ...]] = list(facts.get("subject", ()))
    common = [value for name in names for kind, value in name if kind == "commonName"]
    return Certificate(
        # RFC 4514 section 2.1: the last one goes first.
        subject=",".join(
            "+".join(f"{_SHORT.get(kind, kind)}={_escaped(value)}" for kind, value in name)
            for name in reversed(names)
        ),
        common_name=common[-1] if common else "",
        names=tuple(
            f"{_KINDS[kind]}:{value}"
            for kind, value in facts.get("subjectAltName", ())
            if kind in _KINDS
        ),
        der=der,
    )


def _escaped(value: str) -> str:
    """RFC 4514 section 2.4."""
    text = "".join("\\" + one if one in _SPECIAL else one for one in value)
    text = text.replace("\0", "\\00")
    if text.startswith((" ", "#")):
        text = "\\" + text
    if text.endswith(" ") and len(text) > 1 and not text.endswith("\\ "):
        text = text[:-1] + "\\ "
    return text
