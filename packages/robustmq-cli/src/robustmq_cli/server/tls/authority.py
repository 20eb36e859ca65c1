"""[D] A certificate authority for development, with one server and one client."""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from robustmq_common.errors import CallerError

FILES: Final = ("ca.pem", "ca.key", "server.pem", "server.key", "client.pem", "client.key")
DAYS: Final = 365
"""How long the certificates are valid."""


def make_certificates(hosts: Sequence[str]) -> dict[str, bytes]:
    """PEM files by their names. Keys are EC P-256 (FIPS 186-5), which every TLS client knows.

    Raises CallerError for a host that is neither a name nor an address.
    """
    alternatives = [_alternative(host) for host in hosts]
    ca_key, ca = _certificate("RobustMQ development CA", None, None)
    server = _certificate(
        hosts[0],
        (ca_key, ca),
        ExtendedKeyUsageOID.SERVER_AUTH,
        x509.SubjectAlternativeName(alternatives),
    )
    client = _certificate("client", (ca_key, ca), ExtendedKeyUsageOID.CLIENT_AUTH)
    contents = [part for key, made in ((ca_key, ca), server, client) for part in _pem(key, made)]
    return dict(zip(FILES, contents, strict=True))


def _alternative(host: str) -> x509.GeneralName:

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        if not host or len(host) > 64 or any(one in host for one in " /:@,"):
            raise ValueError
        return x509.DNSName(host)
    except ValueError:
        raise CallerError(
            f'--host "{host}": expected a host name of at most 64 ASCII characters or an address'
        ) from None


def _certificate(
    name: str, issuer: Any, usage: Any, *extensions: x509.ExtensionType
) -> tuple[Any, x509.Certificate]:
    """A key and its certificate: for an authority if `usage` is None, signed by itself then."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = key if issuer is None else issuer[0]
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer[1].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(usage is None, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(_key_usage(authority=usage is None), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return key, builder.sign(signer, hashes.SHA256())


def _key_usage(*, authority: bool) -> x509.KeyUsage:

    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: Any, certificate: x509.Certificate) -> tuple[bytes, bytes]:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private
