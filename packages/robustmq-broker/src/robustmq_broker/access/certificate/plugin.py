"""[A] Certificate identity enters like any third party's authenticator: through an entry point."""

from typing import Any

from robustmq_broker.access.certificate.authenticator import CertificateAuthenticator
from robustmq_broker.access.certificate.settings import CertificateConfig
from robustmq_common.plugins import hookimpl
from robustmq_common.spi.access import Authenticator


@hookimpl
def robustmq_config_sections() -> dict[str, type[Any]]:
    """The table [certificate]."""
    return {"certificate": CertificateConfig}


@hookimpl
def robustmq_authenticators() -> list[type[Authenticator]]:
    """The authenticator "certificate"."""
    return [CertificateAuthenticator]
