"""[D] The access chains: ordered links that allow, deny or have no opinion."""

import inspect
import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from robustmq_broker.access.mountpoint import mountpoint_of
from robustmq_common.errors import CallerError, RobustMQError
from robustmq_common.spi.access import (
    ALLOW,
    DENY,
    IGNORE,
    SUBSCRIBE,
    Authenticator,
    Authorizer,
    AuthResult,
    ClientInfo,
)
from robustmq_common.spi.services import Log

SYS: Final = "$SYS"
VERDICTS: Final = {ALLOW: "allow", DENY: "deny", IGNORE: "no opinion"}

ALLOWED: Final = AuthResult(ALLOW)
"""What most clients get; one for all, since it says nothing about them."""

NOT_AUTHORIZED = 0x87
BAD_USER_NAME_OR_PASSWORD = 0x86
# For what is no fault of the client's: not counted as a failed attempt.
SERVER_UNAVAILABLE = 0x88


@dataclass(frozen=True, slots=True)
class Chains:
    """Who is asked about the clients of a listener.

    allow_anonymous: whether who has no credentials comes in if no authenticator has an opinion.
    allow_unmatched: what it means that no authorizer has an opinion.
    mountpoint: the template of what is put before every topic of a client.
    """

    authenticators: Sequence[Authenticator] = ()
    authorizers: Sequence[Authorizer] = ()
    allow_anonymous: bool = False
    allow_unmatched: bool = False
    mountpoint: str = ""

    def authorizes(self) -> bool:
        """Whether anything can be denied to a client that came in."""
        return bool(self.authorizers) or not self.allow_unmatched

    def is_open(self) -> bool:
        """Whether nobody has configured anything."""
        return self.allow_unmatched and not self.authorizers and not self.authenticators


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one link says, for people. detail: what decided, if the link tells."""

    link: str
    verdict: str
    detail: str = ""


class AccessControl:
    """Asks the links of a listener's chains in order, until one has an opinion.

    listeners: the chains of listeners that have their own; `default` is for all others.
    open_sys: whether subscriptions to $SYS are allowed if no link has an opinion.
    """

    def __init__(
        self,
        default: Chains,
        listeners: Mapping[str, Chains],
        log: Log,
        open_sys: bool = False,
    ) -> None:
        self.default = default
        self.listeners = dict(listeners)
        self.log = log
        self.open_sys = open_sys

    def chains(self, listener: str) -> Chains:
        return self.listeners.get(listener, self.default)

    def authenticates(self, listener: str) -> bool:
        """Whether `authenticate` asks anyone."""
        return bool(self.chains(listener).authenticators)

    def has_authenticator(self, listener: str, name: str) -> bool:
        """Whether a listener's authentication chain has a link of this name."""
        return any(link.name == name for link in self.chains(listener).authenticators)

    def authorizes(self) -> bool:
        """Whether `authorize` can say no to any client at all."""
        return any(one.authorizes() for one in (self.default, *self.listeners.values()))

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        chains = self.chains(client.listener)
        for link in chains.authenticators:
            try:
                result = await link.authenticate(client, password)
                has_opinion = result.verdict in (ALLOW, DENY)
            except Exception as error:
                self.log.error(
                    "authenticator failed; it counts as a denial",
                    authenticator=link.name,
                    client_id=client.client_id,
                    exc_info=error,
                )
                reason = f"authenticator {link.name} failed"
                return AuthResult(DENY, SERVER_UNAVAILABLE, reason)
            if has_opinion:
                client.authenticator = link.name
                return result
        return self.unauthenticated(client)

    def unauthenticated(self, client: ClientInfo) -> AuthResult:
        """What holds for a client that no authenticator has an opinion on."""
        chains = self.chains(client.listener)
        if chains.authenticators and client.username is not None:
            return AuthResult(DENY, BAD_USER_NAME_OR_PASSWORD, "bad user name or password")
        if chains.allow_anonymous:
            return ALLOWED
        return AuthResult(DENY, NOT_AUTHORIZED, "anonymous clients are not allowed")

    def mount(self, client: ClientInfo) -> AuthResult:
        """Give a client that is who it says the mountpoint of its listener, or refuse it."""
        template = self.chains(client.listener).mountpoint
        if template:
            mountpoint = mountpoint_of(template, client)
            if mountpoint is None:
                reason = f"the mountpoint {template} cannot be made of this client's names"
                return AuthResult(DENY, NOT_AUTHORIZED, reason)
            client.mountpoint = mountpoint
        return ALLOWED

    def authorize(
        self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool
    ) -> bool | None:
        """Whether a client may do something; None if a link has to wait before it knows."""
        if client.is_superuser:
            return True
        chains = self.chains(client.listener)
        for link in chains.authorizers:
            try:
                verdict = link.authorize(client, action, topic, qos, retain)
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything
                self._failed(link, client, topic, error)
                return False
            if inspect.isawaitable(verdict):
                _abandon(verdict)
                return None
            if verdict == ALLOW:
                return True
            if verdict == DENY:
                return False
        return self._unmatched(chains, client, action, topic)

    async def authorize_later(
        self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool
    ) -> bool:
        """As `authorize`, and waits for links that do."""
        if client.is_superuser:
            return True
        chains = self.chains(client.listener)
        for link in chains.authorizers:
            try:
                verdict = link.authorize(client, action, topic, qos, retain)
                if inspect.isawaitable(verdict):
                    verdict = await verdict
                has_opinion = verdict in (ALLOW, DENY)
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything
                self._failed(link, client, topic, error)
                return False
            if has_opinion:
                return verdict == ALLOW
        return self._unmatched(chains, client, action, topic)

    async def explain(
        self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool
    ) -> tuple[bool, list[Opinion]]:
        """What `authorize_later` says, and what every link said that it asked."""
        allowed = await self.authorize_later(client, action, topic, qos, retain)
        if client.is_superuser:
            return allowed, [Opinion("superuser", VERDICTS[ALLOW])]
        opinions = []
        for link in self.chains(client.listener).authorizers:
            verdict = link.authorize(client, action, topic, qos, retain)
            if inspect.isawaitable(verdict):
                verdict = await verdict
            explain = getattr(link, "explain", None)
            detail = explain(client, action, topic, qos, retain) if explain else ""
            opinions.append(Opinion(link.name, VERDICTS.get(verdict, "no opinion"), detail))
            if verdict in (ALLOW, DENY):
                return allowed, opinions
        is_sys = action == SUBSCRIBE and topic.split("/", 1)[0] == SYS
        link_name = "access.sys_topics" if is_sys else "access.no_match"
        opinions.append(Opinion(link_name, VERDICTS[ALLOW if allowed else DENY]))
        return allowed, opinions

    def links(self) -> Iterator[Any]:
        """Every link of every chain, once."""
        seen = set()
        for chains in (self.default, *self.listeners.values()):
            for link in (*chains.authenticators, *chains.authorizers):
                if id(link) not in seen:
                    seen.add(id(link))
                    yield link

    async def reload(self) -> list[str]:
        """Have the links read again what is outside of the broker; returns the names of those.

        Raises CallerError, when all have been asked, with a line for each that could not.
        """
        reloaded, problems = [], []
        for link in self.links():
            reload = getattr(link, "reload", None)
            if reload is None:
                continue
            try:
                await reload()
                reloaded.append(link.name)
            except RobustMQError as error:
                problems.append(f"{link.name}: {error}")
        if problems:
            raise CallerError("\n".join(problems))
        return reloaded

    def _unmatched(self, chains: Chains, client: ClientInfo, action: str, topic: str) -> bool:
        """What holds if no link has an opinion."""
        # Only filters that name $SYS match its topics [MQTT-4.7.2-1].
        if action == SUBSCRIBE and topic.split("/", 1)[0] == SYS:
            return self.open_sys or (chains.is_open() and is_local(client))
        return chains.allow_unmatched

    def _failed(self, link: Authorizer, client: ClientInfo, topic: str, error: Exception) -> None:
        self.log.error(
            "authorizer failed; it counts as a denial",
            authorizer=link.name,
            client_id=client.client_id,
            topic=topic,
            exc_info=error,
        )


def is_local(client: ClientInfo) -> bool:
    """Whether a client has connected from this machine."""
    if client.peer == "unix":
        return True
    try:
        address = ipaddress.ip_address(client.address.partition("%")[0])
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _abandon(awaitable: Any) -> None:
    """Let go of a coroutine that has not begun."""
    close = getattr(awaitable, "close", None) or getattr(awaitable, "cancel", None)
    if close is not None:
        close()


def answer(done: Callable[[AuthResult], None]) -> Callable[[object, Exception | None], None]:
    """Adapt an authentication callback to `run`: an error is a denial, never a pass."""

    def finished(result: object, error: Exception | None) -> None:
        if isinstance(result, AuthResult) and error is None:
            done(result)
        else:
            done(AuthResult(DENY, SERVER_UNAVAILABLE, "authentication failed"))

    return finished
