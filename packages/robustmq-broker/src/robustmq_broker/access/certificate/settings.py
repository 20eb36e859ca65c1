"""[P] The configuration table [certificate]."""

from typing import Literal

from pydantic import Field

from robustmq_common.config.model import Section

Source = Literal["none", "cn", "dn", "san_dns", "san_email", "san_uri", "fingerprint"]


class CertificateConfig(Section):
    """The authenticator "certificate": who a client is by its verified TLS certificate."""

    username: Source = Field(
        "cn",
        description=(
            "What of the certificate becomes the user name: the common name, the distinguished "
            "name, the first alternative name of a kind, or the SHA-256 fingerprint in hex."
        ),
    )
    client_id: Source = Field(
        "none",
        description=(
            "What of the certificate becomes the client identifier, in place of the one that "
            "the client gave."
        ),
    )
    allow: bool = Field(
        True,
        description=(
            "Whether a verified certificate is enough to come in. If not, it only says who the "
            "client is, and the next authenticator decides."
        ),
    )
