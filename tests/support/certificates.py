"""A certificate authority of its own for a test: server and client certificates, CRLs, key pins.

`Authority` signs what it is asked for, and writes PEM files where it is told to. Keys are EC P-256,
which take a fraction of a millisecond. Times are days from now, so that an expired certificate is
`days=(-10, -1)`.
"""

import base64
import datetime as dt
import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAYS: Final = (-1.0, 30.0)
"""From when until when a certificate is valid, unless said otherwise."""


@dataclass(frozen=True)
class Issued:
    """A certificate and its key, in memory and as the PEM files `certificate` and `key`.

    `certificate` has the chain up to, but without, the root.
    """

    x509: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey
    certificate: Path
    key: Path

    @property
    def serial(self) -> int:
        return self.x509.serial_number

    @property
    def der(self) -> bytes:
        return self.x509.public_bytes(Encoding.DER)

    @property
    def pin(self) -> str:
        """Base64 of the SHA-256 of the public key, as browsers pin it."""
        public = self.private_key.public_key()
        info = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(info).digest()).decode()


class Authority:
    """A root, or with a `parent` an intermediate, that issues into `folder`.

    `file` is its own certificate as PEM: what those who trust it need.
    """

    def __init__(
        self, folder: Path, name: str = "Test CA", parent: "Authority | None" = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.parent = parent
        self.subject = _name(name)
        self.private_key = ec.generate_private_key(ec.SECP256R1())
        signer, issuer = (
            (self.private_key, self.subject)
            if parent is None
            else (parent.private_key, parent.subject)
        )
        builder = _builder(self.subject, issuer, self.private_key, DAYS)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        builder = builder.add_extension(_key_usage(signing=True), True)
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(self.private_key.public_key()), False
        )
        if parent is not None:
            builder = builder.add_extension(_issuer_key(parent.private_key), False)
        self.x509 = builder.sign(signer, hashes.SHA256())
        self.file = folder / f"{_file_name(name)}.pem"
        self.file.write_bytes(self.x509.public_bytes(Encoding.PEM))

    def server(
        self,
        *names: str,
        common_name: str = "",
        days: tuple[float, float] = DAYS,
        password: str | None = None,
    ) -> Issued:
        """A server's certificate for these host names and addresses (localhost if none)."""
        names = names or ("localhost", "127.0.0.1", "::1")
        return self._issue(
            common_name or names[0],
            _alternatives(names),
            ExtendedKeyUsageOID.SERVER_AUTH,
            days,
            password,
        )

    def client(
        self,
        common_name: str,
        *,
        names: Sequence[x509.GeneralName] = (),
        organization: str = "",
        days: tuple[float, float] = DAYS,
        password: str | None = None,
    ) -> Issued:
        """A client's certificate, with these subject alternative names."""
        usage = ExtendedKeyUsageOID.CLIENT_AUTH
        return self._issue(common_name, names, usage, days, password, organization)

    def crl(
        self, *revoked: Issued, days: tuple[float, float] = DAYS, file: Path | None = None
    ) -> Path:
        """A revocation list with these certificates, as PEM."""
        now = _now()
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.subject)
        builder = builder.last_update(now + dt.timedelta(days=days[0]))
        builder = builder.next_update(now + dt.timedelta(days=days[1]))
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.serial).revocation_date(now)
            builder = builder.add_revoked_certificate(entry.build())
        crl = builder.sign(self.private_key, hashes.SHA256())
        file = file or self.folder / "crl.pem"
        file.write_bytes(crl.public_bytes(Encoding.PEM))
        return file

    def _issue(
        self,
        common_name: str,
        names: Sequence[x509.GeneralName],
        usage: x509.ObjectIdentifier,
        days: tuple[float, float],
        password: str | None,
        organization: str = "",
    ) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(common_name, organization), self.subject, key, days)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        builder = builder.add_extension(_key_usage(signing=False), True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), False)
        builder = builder.add_extension(_issuer_key(self.private_key), False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        certificate = builder.sign(self.private_key, hashes.SHA256())
        stem = f"{_file_name(common_name)}-{certificate.serial_number % 1_000_000:06d}"
        chain = [certificate] if self.parent is None else [certificate, self.x509]
        chain_file = self.folder / f"{stem}.pem"
        chain_file.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in chain))
        key_file = self.folder / f"{stem}.key"
        key_file.write_bytes(_private_bytes(key, password))
        key_file.chmod(0o600)
        return Issued(certificate, key, chain_file, key_file)


def _private_bytes(key: ec.EllipticCurvePrivateKey, password: str | None) -> bytes:
    protection: KeySerializationEncryption = NoEncryption()
    if password is not None:
        protection = BestAvailableEncryption(password.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    days: tuple[float, float],
) -> x509.CertificateBuilder:
    now = _now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
    )


def _key_usage(*, signing: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signing,
        crl_sign=signing,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _issuer_key(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _alternatives(names: Sequence[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _name(common_name: str, organization: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
