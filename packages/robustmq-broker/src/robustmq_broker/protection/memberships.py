"""[P] The limits of users and clients, applied to who comes in and goes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from robustmq_broker.protection.client_limits import ClientLimits
from robustmq_broker.protection.protection_config import ClientLimits as ClientConfig
from robustmq_broker.protection.protection_config import LimitsConfig, ListenerLimits, UserLimits
from robustmq_broker.protection.scopes import Scope, Scopes, new_scope
from robustmq_common.spi.access import ClientInfo
from robustmq_common.spi.services import Clock, Timers

QUOTA_EXCEEDED = 0x97
CONNECTION_RATE_EXCEEDED = 0x9F


@dataclass(frozen=True, slots=True)
class Refused:
    """reason_code: MQTT 5's. metric: the end of the counter's name."""

    reason_code: int
    metric: str
    reason: str


@dataclass(slots=True, eq=False)
class _Member:
    """What a client was called when it came in: a re-authentication may give it another user."""

    client_id: str
    username: str | None
    limits: ClientLimits | None


class Memberships:
    """Who is in, for the limits that are configured.

    dropped: called for each QoS 0 message that is dropped for a rate.
    """

    def __init__(
        self,
        limits: LimitsConfig,
        listeners: Mapping[str, ListenerLimits],
        clock: Clock,
        timers: Timers,
        dropped: Callable[[], None],
    ) -> None:
        self._config = limits
        self._dropped = dropped
        self._clients: Scopes | None = None
        self._users: Scopes | None = None
        if limits.client != ClientConfig():
            self._clients = Scopes(limits.client, clock, timers)
        if limits.user != UserLimits():
            self._users = Scopes(limits.user, clock, timers, shares_subscriptions=True)
        self._listeners = {
            name: (one, new_scope(one, clock, timers))
            for name, one in listeners.items()
            if one != ListenerLimits()
        }
        self._members: dict[int, _Member] = {}
        self._current: dict[str, _Member] = {}

    def __len__(self) -> int:
        return len(self._members)

    def is_needed(self) -> bool:
        """Whether any limit is configured."""
        return bool(self._clients is not None or self._users is not None or self._listeners)

    def join(self, client: ClientInfo) -> Refused | None:
        """Let a client in, and give it its limits; or say why not."""
        refusal = self._refusal(client)
        if refusal is not None:
            return refusal
        scopes: list[Scope] = []
        if self._clients is not None:
            self._clients.joined(client.client_id)
            scopes.append(self._clients.get(client.client_id))
        if self._users is not None and client.username is not None:
            self._users.joined(client.username)
            scopes.append(self._users.get(client.username))
        client.limits = limits = self._limits(client.listener, scopes)
        member = _Member(client.client_id, client.username, limits)
        self._members[id(client)] = self._current[client.client_id] = member
        return None

    def leave(self, client: ClientInfo) -> None:
        """A client that joined has gone."""
        member = self._members.pop(id(client), None)
        if member is None:
            return
        if self._current.get(member.client_id) is member:
            del self._current[member.client_id]
        if member.limits is not None:
            member.limits.close()
        if self._clients is not None:
            self._clients.left(member.client_id)
        if self._users is not None and member.username is not None:
            self._users.left(member.username)

    def _refusal(self, client: ClientInfo) -> Refused | None:
        if self._clients is not None:
            connects = self._clients.get(client.client_id).connects
            if connects is not None and not connects.take(1.0):
                self._clients.touched(client.client_id)
                return Refused(
                    CONNECTION_RATE_EXCEEDED, "client_rate", "this client connects too often"
                )
        if self._users is None or client.username is None:
            return None
        user = self._users.get(client.username)
        most = self._config.user.max_connections
        older = self._current.get(client.client_id)
        # The older connection of the same client will be taken over.
        leaving = older is not None and older.username == client.username
        refusal = None
        if most and user.connections - int(leaving) >= most:
            reason = f"limits.user.max_connections = {most} is reached"
            refusal = Refused(QUOTA_EXCEEDED, "user_connections", reason)
        elif user.connects is not None and not user.connects.take(1.0):
            refusal = Refused(
                CONNECTION_RATE_EXCEEDED, "user_rate", "this user's clients connect too often"
            )
        if refusal is not None:
            self._users.touched(client.username)
            if self._clients is not None:
                self._clients.touched(client.client_id)
        return refusal

    def _limits(self, listener: str, scopes: list[Scope]) -> ClientLimits | None:
        config, scope = self._listeners.get(listener, (None, None))
        if scope is not None:
            scopes.append(scope)
        messages = [one.messages for one in scopes if one.messages is not None]
        sizes = [one.sizes for one in scopes if one.sizes is not None]
        quota = next((one.subscriptions for one in scopes if one.subscriptions is not None), None)
        most = self._config.client.max_subscriptions
        levels = 0
        if config is not None:
            levels = config.max_topic_levels
            most = min(filter(None, (most, config.max_subscriptions)), default=0)
        if not (messages or sizes or most or levels or quota is not None):
            return None
        drops = self._config.qos0 == "drop"
        return ClientLimits(messages, sizes, drops, most, levels, quota, self._dropped)
