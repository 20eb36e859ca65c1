"""[D] Enhanced authentication behind the guard: bans before it, failures counted after it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from robustmq_common.spi.access import (
    ALLOW,
    DENY,
    AuthExchange,
    AuthResult,
    ClientInfo,
    EnhancedAuthenticator,
    ExchangeStep,
)

if TYPE_CHECKING:
    from robustmq_broker.protection.protection import Protection

Sleep = Callable[[float], Awaitable[None]]


class GuardedAuthenticator:
    """An Authentication Method whose exchanges are guarded. sleep: waits for so many seconds."""

    def __init__(
        self, authenticator: EnhancedAuthenticator, protection: "Protection", sleep: Sleep
    ) -> None:
        self.method = authenticator.method
        self._sleep = sleep
        self._authenticator = authenticator
        self._protection = protection

    def begin(self, client: ClientInfo, reauthenticate: bool) -> AuthExchange:
        exchange = self._authenticator.begin(client, reauthenticate)
        return GuardedExchange(exchange, client, self._protection, self._sleep)


class GuardedExchange:
    """An exchange whose first step may be refused, and whose failure may be told late."""

    def __init__(
        self, exchange: AuthExchange, client: ClientInfo, protection: "Protection", sleep: Sleep
    ) -> None:
        self._exchange = exchange
        self._sleep = sleep
        self._client = client
        self._protection = protection
        self._begun = False

    async def step(self, data: bytes | None) -> ExchangeStep:
        if not self._begun:
            self._begun = True
            refused = self._protection.refuses_attempt(self._client)
            if refused is not None:
                return ExchangeStep(DENY, None, refused.reason_code, refused.reason)
        step = await self._exchange.step(data)
        if step.verdict in {ALLOW, DENY}:
            await self._judged(step)
        return step

    async def _judged(self, step: ExchangeStep) -> None:
        attempt = self._protection.attempt(self._client)
        if attempt is None:
            return
        result = AuthResult(step.verdict, step.reason_code, step.reason)
        delay = attempt.judged(result)
        if delay:
            try:
                await self._sleep(delay)
            finally:
                attempt.released()


def guarded(
    authenticator: EnhancedAuthenticator, protection: "Protection", sleep: Sleep = asyncio.sleep
) -> EnhancedAuthenticator:
    """The authenticator behind the guard."""
    return GuardedAuthenticator(authenticator, protection, sleep)
