"""[P] What is counted for each user and for each client: connections, connects, messages, bytes.

A scope is kept while somebody is connected, and after that until its buckets are full again: to
come back must not bring new tokens. Of those that nobody is connected with, only so many are kept.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from robustmq_broker.protection.client_limits import Quota
from robustmq_broker.protection.protection_config import ClientLimits, RateLimits
from robustmq_broker.protection.token_bucket import TokenBucket
from robustmq_common.config.quantities import parse_rate
from robustmq_common.spi.services import Clock, Timers

IDLE_MAX: Final = 100_000
"""Scopes without a connection that are kept."""
LOOK_AT: Final = 4
"""Idle scopes that are looked at for each one that becomes idle: they do not pile up."""


@dataclass(slots=True, eq=False)
class Scope:
    """A user, a client or a listener."""

    messages: TokenBucket | None = None
    sizes: TokenBucket | None = None
    connects: TokenBucket | None = None
    subscriptions: Quota | None = None
    connections: int = 0

    def is_idle(self) -> bool:
        """Whether a new one would be no different."""
        buckets = (self.messages, self.sizes, self.connects)
        return not self.connections and all(one is None or one.is_full() for one in buckets)


def bucket(rate: str | None, burst: int, clock: Clock, timers: Timers) -> TokenBucket | None:
    """A bucket for what a configuration says; None for no limit."""
    if rate is None:
        return None
    amount, seconds = parse_rate(rate)
    return TokenBucket(float(amount), seconds, float(burst), clock, timers)


def new_scope(limits: RateLimits, clock: Clock, timers: Timers) -> Scope:
    """A scope with full buckets for messages and bytes."""
    return Scope(
        bucket(limits.messages_rate, limits.messages_burst, clock, timers),
        bucket(limits.bytes_rate, limits.bytes_burst, clock, timers),
    )


class Scopes:
    """The scopes of one kind by their names.

    shares_subscriptions: whether `max_subscriptions` is for all connections of a name together.
    idle_max: how many are kept without a connection.
    """

    def __init__(
        self,
        limits: ClientLimits,
        clock: Clock,
        timers: Timers,
        shares_subscriptions: bool = False,
        idle_max: int = IDLE_MAX,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._timers = timers
        self._shared = limits.max_subscriptions if shares_subscriptions else 0
        self._idle_max = idle_max
        self._scopes: dict[str, Scope] = {}
        self._idle: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._scopes)

    def get(self, name: str) -> Scope:
        """The scope of a name; whoever gets it calls `joined` or `left` next."""
        scope = self._scopes.get(name)
        if scope is None:
            limits = self._limits
            scope = new_scope(limits, self._clock, self._timers)
            scope.connects = bucket(
                limits.connect_rate, limits.connect_burst, self._clock, self._timers
            )
            if self._shared:
                scope.subscriptions = Quota(self._shared)
            self._scopes[name] = scope
        return scope

    def joined(self, name: str) -> None:
        """A connection has come in."""
        self.get(name).connections += 1
        self._idle.pop(name, None)

    def left(self, name: str) -> None:
        """A connection has gone."""
        scope = self._scopes[name]
        scope.connections -= 1
        self.touched(name)

    def touched(self, name: str) -> None:
        """A scope was used by someone who did not come in."""
        if not self._scopes[name].connections:
            self._idle[name] = None
            self._idle.move_to_end(name)
            self._forget()

    def _forget(self) -> None:
        """Forget idle scopes with nothing to remember, and the oldest ones of too many."""
        for _ in range(min(LOOK_AT, len(self._idle))):
            name, _none = self._idle.popitem(last=False)
            if self._scopes[name].is_idle() or len(self._idle) >= self._idle_max:
                del self._scopes[name]
            else:
                self._idle[name] = None
