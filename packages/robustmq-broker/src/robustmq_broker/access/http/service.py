"""[D] A service that decides on access over HTTP, and what to do while it does not.

No more requests run at a time than there are connections, no more wait than may; a service that
fails again and again is left alone for a while. Whatever goes wrong is no answer, never a yes.
"""

import asyncio

from robustmq_broker.access.http.answers import Answer, BadAnswer, read_answer
from robustmq_broker.access.http.breaker import CLOSED, OPEN, CircuitBreaker
from robustmq_broker.access.http.client import HttpClient, HttpFailed, tls_context
from robustmq_broker.access.http.settings import HttpServiceConfig
from robustmq_broker.access.http.template import BadTemplate, Request, Template
from robustmq_common.errors import ConfigError, WorldError
from robustmq_common.spi.access import ClientInfo
from robustmq_common.spi.services import BrokerServices

CLIENT_PLACEHOLDERS = frozenset(
    {
        "clientid",
        "username",
        "peerhost",
        "peerport",
        "listener",
        "protocol",
        "mountpoint",
        "cert_common_name",
        "cert_subject",
    }
)
UNAVAILABLE = frozenset({502, 503, 504})
"""Statuses that say that there is no service. 500 may be what one client's strange name leads to,
which must not keep all others out."""


class Unanswered(WorldError):
    """The service gave no answer; `busy` if it was not even asked, as too many wait."""

    def __init__(self, reason: str, busy: bool = False) -> None:
        super().__init__(reason)
        self.busy = busy


class AccessService:
    """Asks one service. table: its configuration's name. metric: the prefix of its counters."""

    def __init__(
        self, services: BrokerServices, config: HttpServiceConfig, table: str, metric: str
    ) -> None:
        if config.url is None:
            raise ConfigError(f"{table}.url is not set: whom shall the link http ask?")
        self._services = services
        self._table = table
        self._metric = metric
        self._client = HttpClient(
            config.timeout,
            config.connect_timeout,
            config.connections,
            config.max_answer,
            tls_context(config.url, config.ca_file, config.cert_file, config.key_file),
        )
        self._breaker = CircuitBreaker(config.breaker_failures, config.breaker_time)
        self._running = 0
        self._connections = config.connections
        self._max_running = config.connections + config.max_waiting
        self._turns = asyncio.Semaphore(config.connections)
        self._timeout = config.timeout
        services.metrics.gauge(f"{metric}.waiting", lambda: self._running)
        services.metrics.gauge(f"{metric}.breaker.open", lambda: self._breaker.state == OPEN)

    async def ask(self, request: Request) -> Answer:
        """Send a request and read the answer. Raises Unanswered."""
        if self._running >= self._max_running:
            raise self._unanswered("too many clients wait for the service", busy=True)
        self._running += 1
        try:
            async with asyncio.timeout(self._timeout):
                await self._turns.acquire()
            try:
                return await self._ask(request)
            finally:
                self._turns.release()
        except TimeoutError:
            raise self._unanswered("no turn to ask the service came in time", busy=True) from None
        finally:
            self._running -= 1

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask(self, request: Request) -> Answer:
        breaker = self._breaker
        if not breaker.passes(self._now()):
            raise self._unanswered("the service is left alone, as it failed repeatedly")
        try:
            response = await self._client.ask(
                request.method, request.url, request.headers, request.body
            )
        except HttpFailed as error:
            self._failed(str(error))
            raise self._unanswered(str(error)) from error
        except BaseException:
            breaker.abandoned(self._now())
            raise
        if response.status in UNAVAILABLE:
            self._failed(f"the answer's status is {response.status}")
        else:
            self._succeeded()
        try:
            return read_answer(response.status, response.body)
        except BadAnswer as error:
            raise self._unanswered(str(error)) from error

    def _failed(self, reason: str) -> None:
        was = self._breaker.state
        self._breaker.failed(self._now())
        if was != OPEN and self._breaker.state == OPEN:
            self._services.log.warning(
                "the service does not answer; what it would be asked is denied for now",
                service=self._table,
                reason=reason,
                seconds=self._breaker.seconds,
            )

    def _succeeded(self) -> None:
        if self._breaker.state != CLOSED:
            self._services.log.info("the service answers again", service=self._table)
        self._breaker.succeeded()

    def _unanswered(self, reason: str, busy: bool = False) -> Unanswered:
        self._services.metrics.count(f"{self._metric}.{'busy' if busy else 'failed'}")
        return Unanswered(reason, busy)

    def _now(self) -> float:
        return self._services.clock.monotonic


def make_template(
    config: HttpServiceConfig, body: dict[str, str], table: str, more: str
) -> Template:
    """The template of a configuration table; `more` has further placeholders, with spaces between.

    Raises ConfigError.
    """
    headers = {name: value.get_secret_value() for name, value in config.headers.items()}
    known = CLIENT_PLACEHOLDERS | frozenset(more.split())
    try:
        return Template(
            config.method, config.url or "", headers, body, config.encoding == "form", known
        )
    except BadTemplate as error:
        raise ConfigError(f"{table}: {error}") from None


def client_values(client: ClientInfo) -> dict[str, str | None]:
    """What the placeholders of every template stand for."""
    certificate = client.certificate
    return {
        "clientid": client.client_id,
        "username": client.username,
        "peerhost": client.address,
        "peerport": client.peer.rpartition(":")[2],
        "listener": client.listener,
        "protocol": client.protocol,
        "mountpoint": client.mountpoint,
        "cert_common_name": None if certificate is None else certificate.common_name,
        "cert_subject": None if certificate is None else certificate.subject,
    }
