"""[D] The access chains: ordered links that allow, deny or have no opinion."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from robustmq_broker.access.mountpoint import mountpoint_of
from robustmq_common.spi.access import (
    ALLOW,
    DENY,
    Authenticator,
    Authorizer,
    AuthResult,
    ClientInfo,
)
from robustmq_common.spi.services import Log

NOT_AUTHORIZED = 0x87
BAD_USER_NAME_OR_PASSWORD = 0x86


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


class AccessControl:
    """Asks the links of a listener's chains in order, until one has an opinion.

    listeners: the chains of listeners that have their own; `default` is for all others.
    """

    def __init__(self, default: Chains, listeners: Mapping[str, Chains], log: Log) -> None:
        self.default = default
        self.listeners = dict(listeners)
        self.log = log

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
                return AuthResult(DENY, NOT_AUTHORIZED, f"authenticator {link.name} failed")
            if has_opinion:
                client.authenticator = link.name
                return result
        if chains.authenticators and client.username is not None:
            return AuthResult(DENY, BAD_USER_NAME_OR_PASSWORD, "bad user name or password")
        if chains.allow_anonymous:
            return AuthResult(ALLOW)
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
        return AuthResult(ALLOW)

    def authorize(
        self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool
    ) -> bool:
        if client.is_superuser:
            return True
        chains = self.chains(client.listener)
        for link in chains.authorizers:
            try:
                verdict = link.authorize(client, action, topic, qos, retain)
            except Exception as error:
                self.log.error(
                    "authorizer failed; it counts as a denial",
                    authorizer=link.name,
                    client_id=client.client_id,
                    topic=topic,
                    exc_info=error,
                )
                return False
            if verdict == ALLOW:
                return True
            if verdict == DENY:
                return False
        return chains.allow_unmatched


def answer(done: Callable[[AuthResult], None]) -> Callable[[object, Exception | None], None]:
    """Adapt an authentication callback to `run`: an error is a denial, never a pass."""

    def finished(result: object, error: Exception | None) -> None:
        if isinstance(result, AuthResult) and error is None:
            done(result)
        else:
            done(AuthResult(DENY, NOT_AUTHORIZED, "authentication failed"))

    return finished
