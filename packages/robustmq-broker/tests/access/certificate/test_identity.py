"""Names out of certificates."""

import hashlib

import pytest

from robustmq_broker.access.certificate.identity import NoIdentity, identity
from robustmq_common.spi.access import Certificate

CERTIFICATE = Certificate(
    "CN=meter-7,O=Example",
    "meter-7",
    ("IP:127.0.0.1", "DNS:a.example", "DNS:b.example", "URI:urn:m:7", "email:m7@example.org"),
    b"der",
)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("none", None),
        ("cn", "meter-7"),
        ("dn", "CN=meter-7,O=Example"),
        ("san_dns", "a.example"),
        ("san_uri", "urn:m:7"),
        ("san_email", "m7@example.org"),
        ("fingerprint", hashlib.sha256(b"der").hexdigest()),
    ],
)
def test_names(source: str, name: str | None) -> None:
    assert identity(CERTIFICATE, source) == name


@pytest.mark.parametrize("source", ["cn", "dn", "san_dns", "san_uri", "san_email", "fingerprint"])
def test_missing(source: str) -> None:
    with pytest.raises(NoIdentity):
        identity(Certificate("", ""), source)


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "a\x7f", "x" * 1025, "\u202egnp", "\ud800"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(NoIdentity, match="cannot be a name"):
        identity(Certificate(f"CN={name}", name), "cn")
    with pytest.raises(NoIdentity, match="cannot be a name"):
        identity(Certificate("", "", (f"DNS:{name}", "DNS:fine")), "san_dns")
