"""[D] The authenticator "scram": SCRAM-SHA-256 and SCRAM-SHA-512 for the broker's own users."""

from typing import Final

from robustmq_broker.access.scram.conversation import Conversation
from robustmq_broker.access.scram.keys import ScramKeys, decoy_keys
from robustmq_broker.access.scram.messages import ScramError, parse_client_first
from robustmq_broker.access.users.user_record import User
from robustmq_broker.access.users.user_store import UserStore
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, AuthResult, ClientInfo, ExchangeStep
from robustmq_common.spi.services import BrokerServices

NAME: Final = "scram"
BAD_USER_NAME_OR_PASSWORD: Final = 0x86
NOT_AUTHORIZED: Final = 0x87
NONCE_BYTES: Final = 18


class ScramAuthenticator:
    """Its place in a chain is what makes the methods available on a listener."""

    name = NAME

    async def start(self, services: BrokerServices) -> None:
        """Load the users. Raises StorageError."""
        await UserStore.of(services).load()

    async def authenticate(
        self,
        client: ClientInfo,  # noqa: ARG002
        password: bytes | None,  # noqa: ARG002
    ) -> AuthResult:
        """Passwords are for others."""
        return AuthResult(IGNORE)


class ScramMethod:
    """What both methods have."""

    method: str
    authenticator = NAME

    def start(self, services: BrokerServices) -> None:
        self.services = services
        self.store = UserStore.of(services)
        self.iterations: int = services.section("users").scram_iterations

    def begin(self, client: ClientInfo, reauthenticate: bool) -> "ScramExchange":
        return ScramExchange(self, client, reauthenticate)


class ScramSha256(ScramMethod):
    """SCRAM-SHA-256 (RFC 7677)."""

    method = "SCRAM-SHA-256"


class ScramSha512(ScramMethod):
    """SCRAM-SHA-512."""

    method = "SCRAM-SHA-512"


class ScramExchange:
    """One exchange of one client: its first message is answered, then its last."""

    def __init__(self, method: ScramMethod, client: ClientInfo, reauthenticate: bool) -> None:
        self._method = method
        self._client = client
        self._reauthenticate = reauthenticate
        self._conversation: Conversation | None = None
        self._name = ""
        self._user: User | None = None

    async def step(self, data: bytes | None) -> ExchangeStep:
        """Answer a message; what is none is a denial."""
        try:
            if self._conversation is None:
                return self._first(data or b"")
            return self._last(self._conversation, data or b"")
        except ScramError as error:
            method = self._method.method
            return _denied(NOT_AUTHORIZED, f"{method}: that is no message of it: {error}")

    def _first(self, data: bytes) -> ExchangeStep:
        from robustmq_broker.access.scram.saslprep import saslprep  # noqa: PLC0415 - its tables

        first = parse_client_first(data)
        try:
            self._name = saslprep(first.username)
        except ValueError as error:
            raise ScramError(f"the user name cannot be one: {error}") from None
        if self._reauthenticate and self._name != self._client.username:
            return _denied(NOT_AUTHORIZED, "re-authentication cannot change the user")
        self._user = self._method.store.get(self._name)
        nonce = self._method.services.token(NONCE_BYTES).hex()
        self._conversation = Conversation(first, self._keys(), nonce)
        return ExchangeStep(IGNORE, self._conversation.server_first().encode())

    def _keys(self) -> ScramKeys:
        method = self._method
        keys = None if self._user is None else self._user.keys(method.method)
        if keys is None:
            # A stranger is asked like anybody else, and always the same (RFC 5802 section 9).
            return decoy_keys(method.method, self._name, method.store.secret, method.iterations)
        return keys

    def _last(self, conversation: Conversation, data: bytes) -> ExchangeStep:
        answer = conversation.server_final(data)
        user = self._user
        # Between the two messages, the user may have been changed, or be gone.
        if answer is None or user is None or self._method.store.get(self._name) != user:
            return _denied(BAD_USER_NAME_OR_PASSWORD, "bad user name or password")
        client = self._client
        client.username = self._name
        client.is_superuser = user.is_superuser
        client.authenticator = NAME
        return ExchangeStep(ALLOW, answer.encode())


def _denied(code: int, reason: str) -> ExchangeStep:
    return ExchangeStep(DENY, None, code, reason)
