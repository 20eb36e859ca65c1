"""Users, a challenge-response method and topic rules that show every turn access control can take.

client                                 broker
user name                    ->
                             <-        challenge (16 bytes)
respond(password, challenge) ->
                             <-        second challenge
respond(password, challenge) ->
                             <-        success, with proof(password, second challenge)
"""

import asyncio
import hashlib
import hmac
import secrets
from typing import Final

from robustmq_common.plugins import hookimpl
from robustmq_common.spi.access import (
    ALLOW,
    DENY,
    IGNORE,
    PUBLISH,
    Authenticator,
    AuthExchange,
    Authorizer,
    AuthResult,
    ClientInfo,
    EnhancedAuthenticator,
    ExchangeStep,
)

USERS: Final = {"alice": b"wonderland", "bob": b"builder", "root": b"toor"}
BANNED: Final = "mallory"
BROKEN: Final = "broken"
"""A user name at which the plugin itself fails."""

METHOD: Final = "TEST-CHALLENGE"
ROUNDS: Final = 2

BAD_USER_NAME_OR_PASSWORD: Final = 0x86
NOT_AUTHORIZED: Final = 0x87
CLIENT_BANNED: Final = 0x8A


def respond(password: bytes, challenge: bytes) -> bytes:
    """What a client that knows the password answers."""
    return hmac.digest(password, challenge, hashlib.sha256)


def proof(password: bytes, challenge: bytes) -> bytes:
    """How the broker shows at the end that it knows the password, too."""
    return hmac.digest(password, b"broker" + challenge, hashlib.sha256)


class UsersForTests:
    """Allows the users above, denies them with another password, and knows nobody else."""

    name = "test-users"

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        # A real one would ask a database here: let the broker show that it can wait.
        await asyncio.sleep(0)
        if client.username == BROKEN:
            raise RuntimeError("the user database is on fire")
        if client.username == BANNED:
            return AuthResult(DENY, CLIENT_BANNED, "banned")
        known = USERS.get(client.username or "")
        if known is None:
            return AuthResult(IGNORE)
        if not hmac.compare_digest(known, password or b""):
            return AuthResult(DENY, BAD_USER_NAME_OR_PASSWORD, "wrong password")
        client.is_superuser = client.username == "root"
        return AuthResult(ALLOW)


class TopicsForTests:
    """Rules by the first level: forbidden, readonly and undecided are special, the rest is free."""

    name = "test-topics"

    def authorize(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> int:
        level = topic.partition("/")[0]
        if level == "broken":
            raise RuntimeError("the rules are on fire")
        if level == "undecided":
            return IGNORE
        if level == "forbidden" or (level == "readonly" and action == PUBLISH):
            return DENY
        return ALLOW


class ChallengeForTests:
    """The method TEST-CHALLENGE."""

    method = METHOD

    def begin(self, client: ClientInfo, reauthenticate: bool) -> AuthExchange:
        return Exchange(client, reauthenticate)


class Exchange:
    """One run: each step takes the client's answer to the challenge before."""

    def __init__(self, client: ClientInfo, reauthenticate: bool) -> None:
        self.client = client
        self.reauthenticate = reauthenticate
        self.user: str | None = None
        self.challenge = b""
        self.rounds = 0

    async def step(self, data: bytes | None) -> ExchangeStep:
        await asyncio.sleep(0)
        if self.user is None:
            return self.begin(data)
        # A stranger is challenged like anybody else: who exists is nobody's business.
        password = USERS.get(self.user)
        answer = data or b""
        if password is None or not hmac.compare_digest(respond(password, self.challenge), answer):
            return ExchangeStep(DENY, None, NOT_AUTHORIZED, "wrong response")
        if self.rounds < ROUNDS:
            return self.ask()
        self.client.username = self.user
        return ExchangeStep(ALLOW, proof(password, self.challenge))

    def begin(self, data: bytes | None) -> ExchangeStep:
        user = (data or b"").decode(errors="replace")
        if user == BROKEN:
            raise RuntimeError("the key store is on fire")
        if user == BANNED:
            return ExchangeStep(DENY, None, CLIENT_BANNED, "banned")
        if not user:
            return ExchangeStep(DENY, None, NOT_AUTHORIZED, "say who you are")
        if self.reauthenticate and user != self.client.username:
            return ExchangeStep(DENY, None, NOT_AUTHORIZED, "somebody else")
        self.user = user
        return self.ask()

    def ask(self) -> ExchangeStep:
        self.rounds += 1
        self.challenge = secrets.token_bytes(16)
        return ExchangeStep(IGNORE, self.challenge)


@hookimpl
def robustmq_authenticators() -> list[type[Authenticator]]:
    """`access.authenticators = ["test-users"]` asks it."""
    return [UsersForTests]


@hookimpl
def robustmq_authorizers() -> list[type[Authorizer]]:
    """`access.authorizers = ["test-topics"]` asks it."""
    return [TopicsForTests]


@hookimpl
def robustmq_enhanced_authenticators() -> list[type[EnhancedAuthenticator]]:
    """There without configuration: a client asks for it by name."""
    return [ChallengeForTests]
