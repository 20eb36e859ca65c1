"""[P] Names out of a client certificate."""

import hashlib
from typing import Final

from robustmq_common.spi.access import Certificate

MAX_NAME: Final = 1024
"""Characters of a name that is taken from a certificate."""
_KINDS: Final = {"san_dns": "DNS:", "san_email": "email:", "san_uri": "URI:"}


class NoIdentity(ValueError):
    """The certificate has not the name that is asked for; the message says what is wrong."""


def identity(certificate: Certificate, source: str) -> str | None:
    """The name that `source` says, one of `CertificateConfig`; None for "none".

    Of several alternative names of a kind the first counts. Raises NoIdentity for one that is
    missing, too long, or has characters that do not print.
    """
    if source == "none":
        return None
    if source == "fingerprint":
        if not certificate.der:
            raise NoIdentity("the listener does not hand over the certificate itself")
        return hashlib.sha256(certificate.der).hexdigest()
    if source in _KINDS:
        found = _first(certificate.names, _KINDS[source])
    else:
        found = certificate.common_name if source == "cn" else certificate.subject
    if not found:
        raise NoIdentity(f"the certificate has no {source}")
    if len(found) > MAX_NAME or not found.isprintable():
        raise NoIdentity(f"the {source} of the certificate cannot be a name")
    return found


def _first(names: tuple[str, ...], kind: str) -> str:
    return next((name.removeprefix(kind) for name in names if name.startswith(kind)), "")
