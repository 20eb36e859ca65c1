"""[D] The issuer's JWK Set over HTTP: fetched ahead of need, and kept while it cannot be."""

import asyncio
from collections.abc import Awaitable, Callable

from robustmq_broker.access.http.client import HttpFailed, Response
from robustmq_broker.access.jwt.keys import BadKey, VerifyKey, key_set
from robustmq_broker.access.jwt.token import Token
from robustmq_broker.access.jwt.verify import candidates
from robustmq_common.spi.services import BrokerServices

OK = 200


class JwksKeys:
    """The keys of a JWK Set.

    fetch: asks the issuer; raises HttpFailed. refresh, retry, max_age: seconds, as in `JwtConfig`.
    Whoever shows an unknown key identifier can make us ask once per `retry`, no more; and while one
    fetch runs, all wait for the same.
    """

    def __init__(
        self,
        services: BrokerServices,
        fetch: Callable[[], Awaitable[Response]],
        refresh: float,
        retry: float,
        max_age: float,
        max_keys: int,
    ) -> None:
        self._services = services
        self._fetch = fetch
        self._refresh = refresh
        self._retry = retry
        self._max_age = max_age
        self._max_keys = max_keys
        self._keys: list[VerifyKey] = []
        self._good_at = float("-inf")
        self._asked_at = float("-inf")
        self._failing = False
        self._running: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Fetch the set now, and again from time to time."""
        self._services.run(self._ask(), self._asked)

    async def find(self, token: Token) -> list[VerifyKey]:
        """The keys that may have signed a token; empty if there are none, even after asking."""
        if self._running is not None and not self._current():
            await asyncio.shield(self._running)
        found = candidates(token, self._current())
        if not found and self._may_ask():
            await self._ask()
            found = candidates(token, self._current())
        return found

    def _current(self) -> list[VerifyKey]:
        age = self._services.clock.monotonic - self._good_at
        return self._keys if age <= self._max_age else []

    def _may_ask(self) -> bool:
        since = self._services.clock.monotonic - self._asked_at
        return self._running is not None or since >= self._retry

    async def _ask(self) -> None:
        """Fetch the set, or wait for who does."""
        if self._running is None:
            running = self._running = asyncio.get_running_loop().create_future()
            self._services.run(self._update_once(running), _ignore)
        await asyncio.shield(self._running)

    async def _update_once(self, running: "asyncio.Future[None]") -> None:
        try:
            await self._take()
        finally:
            self._running = None
            running.set_result(None)

    def _asked(self, _: object, __: Exception | None) -> None:
        delay = self._retry if self._failing else self._refresh
        self._services.timers.after(delay, self.start)

    async def _take(self) -> None:
        self._asked_at = self._services.clock.monotonic
        try:
            answer = await self._fetch()
            if answer.status != OK:
                raise HttpFailed(f"the answer's status is {answer.status}")
            keys = await asyncio.to_thread(key_set, answer.body, self._max_keys)
        except (HttpFailed, BadKey) as error:
            self._services.metrics.count("authentication.jwt.jwks.failed")
            if not self._failing:
                self._services.log.warning(
                    "the JWK Set of jwt.jwks_url cannot be fetched; the last good one is used "
                    "while it is not too old",
                    reason=str(error),
                    keys=len(self._current()),
                )
            self._failing = True
            return
        self._services.metrics.count("authentication.jwt.jwks.fetched")
        self._keys = keys
        self._good_at = self._services.clock.monotonic
        if self._failing:
            self._services.log.info("the JWK Set can be fetched again", keys=len(keys))
        self._failing = False


def _ignore(_: object, __: Exception | None) -> None:
    """Who waits is told by the future."""
