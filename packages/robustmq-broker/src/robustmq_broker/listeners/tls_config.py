"""[P] The table `[listeners.NAME.tls]`."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from robustmq_common.config.model import Expected, Seconds, Secret, Section

Version = Literal["1.2", "1.3"]
HostPattern = Annotated[
    str,
    StringConstraints(
        pattern=r"^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*)(\.[A-Za-z0-9_]([A-Za-z0-9_-]*))*$",
        max_length=253,
    ),
    Expected('a host name, such as "mq.example.org" or "*.example.org"', name="host name"),
]


class KeyPair(Section):
    """A certificate and its private key, in PEM files."""

    certfile: str | None = Field(
        None,
        min_length=1,
        description="PEM file with the certificate, and after it those between it and the root.",
    )
    keyfile: str | None = Field(
        None,
        min_length=1,
        description="PEM file with the private key; unset, it is in `certfile`, too.",
    )
    key_password: Secret | None = Field(
        None, description="What an encrypted key is opened with; never shown, never logged."
    )
    key_password_file: str | None = Field(
        None, min_length=1, description="File whose first line is the password, in its place."
    )


class HostKeyPair(KeyPair):
    """A certificate for clients that ask for certain host names (SNI)."""

    hosts: list[HostPattern] = Field(
        min_length=1,
        max_length=1000,
        description='Names it is for; "*." at the beginning stands for one more label.',
    )


class TlsConfig(KeyPair):
    """How a listener of the transports "tls" and "wss" is secured."""

    cafile: str | None = Field(
        None,
        min_length=1,
        description="PEM file with the authorities whose client certificates are accepted.",
    )
    verify: Literal["none", "optional", "required"] = Field(
        "none",
        description=(
            "Whether clients are asked for a certificate: no, yes but it may be missing, or yes. "
            "One that is given must be valid in either case."
        ),
    )
    crlfile: str | None = Field(
        None,
        min_length=1,
        description=(
            "PEM file with the revocation lists of the authorities in `cafile`; a certificate is "
            "refused if its issuer's list is missing or out of date."
        ),
    )
    versions: list[Version] = Field(
        ["1.2", "1.3"], min_length=1, max_length=2, description="Versions of TLS to accept."
    )
    ciphers: str | None = Field(
        None,
        min_length=1,
        description="Cipher suites of TLS 1.2, as OpenSSL writes them; those of 1.3 are fixed.",
    )
    session_tickets: bool | None = Field(
        None,
        description=(
            "Whether clients may resume a session without a whole handshake. Unset, they may where "
            "`verify` is none: a resumed session does not look at the revocation list again. With "
            "TLS 1.2 they may all the same, until the files are loaded anew; `versions = "
            '["1.3"]` rules that out.'
        ),
    )
    handshake_timeout: Seconds = Field(
        15.0, ge=0.1, le=3600, description="How long a client has for the handshake."
    )
    alpn: list[str] | None = Field(
        None,
        max_length=16,
        description=(
            "Application protocols to agree on with clients that ask; unset, `mqtt` on a listener "
            "of the transport `tls`."
        ),
    )
    watch_interval: Seconds = Field(
        60.0,
        ge=0.1,
        le=86_400,
        description="How often the files are looked at; those that changed are loaded anew.",
    )
    sni: list[HostKeyPair] = Field(
        default_factory=list,
        max_length=1000,
        description="Certificates for certain host names; the one above is for all others.",
    )
