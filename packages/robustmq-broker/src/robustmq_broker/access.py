"""[D] The access chains: ordered links that allow, deny or have no opinion."""

from collections.abc import Callable, Sequence

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


class AccessControl:
    """Asks the configured links in order; the end of a chain is a no.

    Without authenticators, `allow_anonymous` decides who comes in; without authorizers, everyone
    who came in may publish and subscribe.
    """

    def __init__(
        self,
        authenticators: Sequence[Authenticator],
        authorizers: Sequence[Authorizer],
        allow_anonymous: bool,
        log: Log,
    ) -> None:
        self.authenticators = tuple(authenticators)
        self.authorizers = tuple(authorizers)
        self.allow_anonymous = allow_anonymous
        self.log = log

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        for link in self.authenticators:
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
                return result
        if self.authenticators and client.username is not None:
            return AuthResult(DENY, BAD_USER_NAME_OR_PASSWORD, "no authenticator knows this user")
        if self.allow_anonymous:
            return AuthResult(ALLOW)
        return AuthResult(DENY, NOT_AUTHORIZED, "anonymous clients are not allowed")

    def authorize(
        self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool
    ) -> bool:
        if client.is_superuser or not self.authorizers:
            return True
        for link in self.authorizers:
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
        return False


def answer(done: Callable[[AuthResult], None]) -> Callable[[object, Exception | None], None]:
    """Adapt an authentication callback to `run`: an error is a denial, never a pass."""

    def finished(result: object, error: Exception | None) -> None:
        if isinstance(result, AuthResult) and error is None:
            done(result)
        else:
            done(AuthResult(DENY, NOT_AUTHORIZED, "authentication failed"))

    return finished
