"""[D] The authenticator "http": a service says whether a client may come in."""

from robustmq_broker.access.http.service import (
    AccessService,
    Unanswered,
    client_values,
    make_template,
)
from robustmq_broker.access.http.settings import HttpAuthConfig
from robustmq_broker.access.http.template import BadValue
from robustmq_common.spi.access import ALLOW, DENY, AuthResult, ClientInfo
from robustmq_common.spi.services import BrokerServices

BAD_USER_NAME_OR_PASSWORD = 0x86
SERVER_UNAVAILABLE = 0x88
SERVER_BUSY = 0x89
TABLE = "http_auth"


class HttpAuthenticator:
    """Asks the service of [http_auth]; without an answer, nobody comes in."""

    name = "http"

    def start(self, services: BrokerServices) -> None:
        """Check the configuration; the service is asked when the first client comes.

        Raises ConfigError.
        """
        config: HttpAuthConfig = services.section(TABLE)
        self._services = services
        self._service = AccessService(services, config, TABLE, "authentication.http")
        self._template = make_template(config, config.body, TABLE, "password")

    async def stop(self) -> None:
        """Close the connections to the service."""
        await self._service.close()

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        """Do as the service says, and note on `client` what it says of it."""
        try:
            values = client_values(client)
            values["password"] = None if password is None else password.decode()
            request = self._template.fill(values)
        except (UnicodeDecodeError, BadValue) as error:
            # Python's own message quotes the password.
            reason = str(error) if isinstance(error, BadValue) else "the password is not UTF-8 text"
            return AuthResult(DENY, BAD_USER_NAME_OR_PASSWORD, reason)
        try:
            answer = await self._service.ask(request)
        except Unanswered as error:
            code = SERVER_BUSY if error.busy else SERVER_UNAVAILABLE
            return AuthResult(DENY, code, f"authentication is not possible: {error}")
        if answer.verdict == DENY:
            self._services.metrics.count("authentication.http.denied")
            return AuthResult(DENY, BAD_USER_NAME_OR_PASSWORD, "the service says no")
        if answer.verdict == ALLOW:
            if answer.expires_at is not None and answer.expires_at <= self._services.clock.wall:
                return AuthResult(DENY, BAD_USER_NAME_OR_PASSWORD, "what the service says is over")
            self._services.metrics.count("authentication.http.allowed")
            client.is_superuser = answer.is_superuser
            client.expires_at = answer.expires_at
        return AuthResult(answer.verdict)
