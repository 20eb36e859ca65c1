"""[D] The authenticator "certificate": the TLS certificate of a client says who it is."""

from robustmq_broker.access.certificate.identity import NoIdentity, identity
from robustmq_broker.access.certificate.settings import CertificateConfig
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, AuthResult, ClientInfo
from robustmq_common.spi.services import BrokerServices

NOT_AUTHORIZED = 0x87


class CertificateAuthenticator:
    """Names a client after its certificate; without one it has no opinion.

    The listener has verified the certificate, or there is none.
    """

    name = "certificate"

    def start(self, services: BrokerServices) -> None:
        """Read the configuration."""
        self._services = services
        self._config: CertificateConfig = services.section("certificate")

    async def authenticate(
        self,
        client: ClientInfo,
        password: bytes | None,  # noqa: ARG002 - a certificate needs none
    ) -> AuthResult:
        """Allow whoever has a certificate with a name, or leave that to the next link."""
        certificate = client.certificate
        if certificate is None:
            return AuthResult(IGNORE)
        try:
            username = identity(certificate, self._config.username)
            client_id = identity(certificate, self._config.client_id)
        except NoIdentity as error:
            self._services.metrics.count("authentication.certificate.denied")
            return AuthResult(DENY, NOT_AUTHORIZED, str(error))
        if username is not None:
            client.username = username
        if client_id is not None:
            client.client_id = client_id
        return AuthResult(ALLOW if self._config.allow else IGNORE)
