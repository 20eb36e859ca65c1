"""[D] The broker's guard.

It is asked when a connection is accepted, before its client is authenticated, and once it is known
who that is.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from robustmq_broker.config import ListenerConfig
from robustmq_broker.listeners.listener import Refusal
from robustmq_broker.protection.attempts import Attempts
from robustmq_broker.protection.ban import CLIENT_ID, Ban
from robustmq_broker.protection.bans import StoredBans
from robustmq_broker.protection.flapping import Flapping
from robustmq_broker.protection.memberships import Memberships
from robustmq_broker.protection.overload import Overload
from robustmq_broker.protection.protection_config import (
    AttemptsConfig,
    BansConfig,
    FlappingConfig,
    LimitsConfig,
    OverloadConfig,
)
from robustmq_common.spi.access import ALLOW, DENY, AuthResult, ClientInfo, host_of

if TYPE_CHECKING:
    from robustmq_common.spi.services import BrokerServices

NOT_AUTHORIZED: Final = 0x87
BAD_USER_NAME_OR_PASSWORD: Final = 0x86
SERVER_BUSY: Final = 0x89
BANNED: Final = 0x8A
CONNECTION_RATE_EXCEEDED: Final = 0x9F

SWEEP_SECONDS: Final = 10.0
"""How often bans that are over are forgotten."""
LOOK_SECONDS: Final = 0.2
"""How often it is looked whether the event loop is late, by no less than this."""
ENCRYPTED: Final = frozenset({"tls", "wss", "quic"})
"""Transports whose handshake costs more than a refusal: they are refused before it."""

Done = Callable[[AuthResult], None]


class HasSections(Protocol):
    """What a guard reads its configuration from."""

    def section(self, name: str) -> object: ...


class Protection:
    """Bans, limits, attempts and overload of one broker. Made once its services are there."""

    def __init__(self, services: "BrokerServices") -> None:
        self._services = services
        self._clock = services.clock
        self._metrics = services.metrics
        self._log = services.log
        bans: BansConfig = services.section("bans")
        self._reserve = bans.max_bans // 10
        self.bans = StoredBans(services.storage.adapter, bans.max_bans, self._damaged)
        self._flapping_config: FlappingConfig = services.section("flapping")
        self._flapping = _flapping(self._flapping_config)
        listeners: dict[str, ListenerConfig] = services.section("listeners")
        self._encrypted = {n for n, one in listeners.items() if one.transport in ENCRYPTED}
        limits: LimitsConfig = services.section("limits")
        self._members = Memberships(
            limits,
            {name: one.limits for name, one in listeners.items()},
            self._clock,
            services.timers,
            partial(self._metrics.count, "messages.dropped.quota_exceeded"),
        )
        self._limited = self._members.is_needed()
        self._attempts = _attempts(services.section("attempts"))
        overload: OverloadConfig = services.section("overload")
        self._measures = overload.enabled
        self._overload = Overload(overload.high, overload.low, overload.cooldown)
        self._looked = 0.0

    async def start(self) -> None:
        """Read the bans. Raises StorageError."""
        await self.bans.load()
        self._metrics.gauge("bans.count", lambda: self.bans.table.count)
        self._services.timers.after(SWEEP_SECONDS, self._sweep)
        if self._measures:
            self._metrics.gauge("overload.active", lambda: int(self._overload.active))
            self._look_again()

    # -- who comes in --------------------------------------------------------------------------

    def gate(self, listener: str, peer: str) -> Refusal | None:
        """Why a connection that was just accepted is to be closed; None if it is not."""
        if self._overload.active and listener in self._encrypted:
            return Refusal("overload", "the broker is overloaded")
        ban = self.bans.table.of_address(host_of(peer), self._clock.wall)
        return None if ban is None else Refusal("banned", f"banned: {ban.kind} {ban.value}")

    def refuses_authentication(self, client: ClientInfo) -> AuthResult | None:
        """Why a client is refused without a look at its credentials; None if it is not."""
        if self._overload.active:
            self._metrics.count("connections.refused.overload")
            return AuthResult(DENY, SERVER_BUSY, "the server is busy")
        return self._banned(client)

    def refuses_attempt(self, client: ClientInfo) -> AuthResult | None:
        """The same, and also whether its address has too many failures that wait."""
        refused = self.refuses_authentication(client)
        if refused is not None or self._attempts is None:
            return refused
        if self._attempts.may_try(self._attempts.key(client.address, client.username)):
            return None
        self._metrics.count("connections.refused.attempts")
        return AuthResult(
            DENY, CONNECTION_RATE_EXCEEDED, "too many failed authentications; try again later"
        )

    def attempt(self, client: ClientInfo) -> "Attempt | None":
        """An attempt to authenticate of a client as it says it is; None if none are counted."""
        return None if self._attempts is None else Attempt(self._attempts, client, self._services)

    def authenticate(self, client: ClientInfo, ask: Callable[[Done], None], done: Done) -> None:
        """Have a client authenticated by `ask`, unless there is a reason not to look at it."""
        refused = self.refuses_attempt(client)
        attempt = self.attempt(client)
        if refused is not None:
            done(refused)
        elif attempt is None:
            ask(done)
        else:
            ask(partial(attempt.answer, done))

    def admit(self, client: ClientInfo) -> AuthResult | None:
        """Count a client that is who it says as one that is in; or say why it is not let in."""
        refused = self._banned(client)
        if refused is None and self._limited:
            refusal = self._members.join(client)
            if refusal is not None:
                self._metrics.count(f"connections.refused.{refusal.metric}")
                refused = AuthResult(DENY, refusal.reason_code, refusal.reason)
        return refused

    def left(self, client: ClientInfo, reason_code: int) -> None:
        """A client that was admitted has gone, for a reason of MQTT 5."""
        if self._limited:
            self._members.leave(client)
        flapping = self._flapping
        if flapping is not None and flapping.ended(
            client.client_id, reason_code, self._clock.monotonic
        ):
            self._ban_flapping(client)

    # -- what happens by itself ----------------------------------------------------------------

    def _banned(self, client: ClientInfo) -> AuthResult | None:
        table = self.bans.table
        if not table.count:
            return None
        now = self._clock.wall
        ban = table.of_name(client.client_id, client.username, now)
        ban = ban or table.of_address(client.address, now)
        if ban is None:
            return None
        self._metrics.count("connections.refused.banned")
        return AuthResult(DENY, BANNED, "banned")

    def _ban_flapping(self, client: ClientInfo) -> None:
        now = self._clock.wall
        until = now + self._flapping_config.ban_time
        ban = Ban(CLIENT_ID, client.client_id, until, "flapping", "flapping detector", now)
        if not self.bans.add_soon(ban, self._services.storage, self._reserve):
            self._log.warning(
                "flapping client not banned: bans.max_bans leaves no room",
                client_id=client.client_id,
                peer=client.peer,
            )
            return
        self._metrics.count("flapping.banned")
        self._log.warning(
            "flapping client banned",
            client_id=client.client_id,
            peer=client.peer,
            seconds=self._flapping_config.ban_time,
        )

    def _sweep(self) -> None:
        self.bans.sweep(self._clock.wall, self._services.storage)
        self._services.timers.after(SWEEP_SECONDS, self._sweep)

    def _look_again(self) -> None:
        self._looked = self._clock.monotonic
        self._services.timers.after(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        """Measure how late this call is; a timer may be late by a tick, which is no lag."""
        late = max(self._clock.monotonic - self._looked - LOOK_SECONDS, 0.0)
        if self._overload.measured(late, self._clock.monotonic):
            if self._overload.active:
                self._metrics.count("overload.begun")
                self._log.warning(
                    "overloaded: new connections are refused", lag_seconds=round(late, 3)
                )
            else:
                self._log.info("overload is over: connections are accepted again")
        self._look_again()

    def _damaged(self, reason: str) -> None:
        self._log.error("a stored ban has no effect", reason=reason)


class Attempt:
    """An attempt to authenticate, by who the client says it is."""

    __slots__ = ("_attempts", "_key", "_services", "_username")

    def __init__(self, attempts: Attempts, client: ClientInfo, services: "BrokerServices") -> None:
        self._attempts = attempts
        self._services = services
        self._username = client.username
        self._key = attempts.key(client.address, client.username)

    def answer(self, done: Done, result: AuthResult) -> None:
        """Answer with how it went: at once, or when an address that fails all the time is told."""
        delay = self.judged(result)
        if delay:
            self._services.timers.after(delay, partial(self._late, done, result))
        else:
            done(result)

    def judged(self, result: AuthResult) -> float:
        """Note how it went; returns the seconds until it may be told, and is `released`."""
        if result.verdict == ALLOW:
            self._attempts.succeeded(self._key, self._username)
            return 0.0
        if result.reason_code not in {0, BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED}:
            return 0.0  # it was not the credentials
        delay = self._attempts.failed(self._key, self._services.clock.monotonic)
        if delay:
            self._services.metrics.count("authentication.delayed")
        return delay

    def released(self) -> None:
        """It was told."""
        self._attempts.released(self._key)

    def _late(self, done: Done, result: AuthResult) -> None:
        self.released()
        done(result)


def _flapping(config: FlappingConfig) -> Flapping | None:
    if not config.enabled:
        return None
    return Flapping(config.max_count, config.window, config.count_normal)


def _attempts(config: AttemptsConfig) -> Attempts | None:
    if not config.enabled:
        return None
    return Attempts(
        config.free,
        config.window,
        config.first_delay,
        config.max_delay,
        config.max_waiting,
        config.max_records,
    )
