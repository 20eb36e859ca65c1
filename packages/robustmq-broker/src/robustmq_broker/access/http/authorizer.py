"""[D] The authorizer "http": a service says what a client may publish and subscribe to."""

from robustmq_broker.access.http.service import (
    AccessService,
    Unanswered,
    client_values,
    make_template,
)
from robustmq_broker.access.http.settings import HttpAclConfig
from robustmq_broker.access.http.template import BadValue
from robustmq_common.spi.access import DENY, ClientInfo
from robustmq_common.spi.services import BrokerServices

TABLE = "http_acl"


class HttpAuthorizer:
    """Asks the service of [http_acl]; without an answer, nothing is allowed."""

    name = "http"

    def start(self, services: BrokerServices) -> None:
        """Check the configuration; the service is asked when there is a question.

        Raises ConfigError.
        """
        config: HttpAclConfig = services.section(TABLE)
        self._service = AccessService(services, config, TABLE, "authorization.http")
        self._template = make_template(config, config.body, TABLE, "action topic qos retain")

    async def stop(self) -> None:
        """Close the connections to the service."""
        await self._service.close()

    async def authorize(
        self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool
    ) -> int:
        """Ask the service; its client waits, and nobody else."""
        values = client_values(client)
        values.update(
            action=action, topic=topic, qos=str(qos), retain="true" if retain else "false"
        )
        try:
            answer = await self._service.ask(self._template.fill(values))
        except (BadValue, Unanswered):
            return DENY
        return answer.verdict
