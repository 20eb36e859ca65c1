"""[D] The authenticator "users": user names and passwords that the broker keeps."""

from typing import Final

from robustmq_broker.access.hashing.checking import (
    BAD_USER_NAME_OR_PASSWORD,
    SERVER_BUSY,
    check_password,
)
from robustmq_broker.access.hashing.forms import parse_hash
from robustmq_broker.access.hashing.hash_pool import HashingBusy, HashPool
from robustmq_broker.access.hashing.verification import SALT_BYTES, is_outdated, make_hash
from robustmq_broker.access.users.user_record import User
from robustmq_broker.access.users.user_store import UserStore
from robustmq_broker.access.users.users_config import UsersConfig
from robustmq_common.errors import ConditionFailed
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, AuthResult, ClientInfo
from robustmq_common.spi.services import BrokerServices

SECTION: Final = "users"
NAME: Final = "users"


class UsersAuthenticator:
    """Has an opinion on everyone it knows, and none on others."""

    name = NAME

    async def start(self, services: BrokerServices) -> None:
        """Load the users. Raises StorageError."""
        self._services = services
        self._config: UsersConfig = services.section(SECTION)
        self._pool = HashPool.of(services)
        self._store = UserStore.of(services)
        await self._store.load()

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        """Check a password; of somebody unknown, too, so that both take the same time."""
        name = user_id(client, self._config)
        if name is None:
            return AuthResult(IGNORE)
        user = self._store.get(name)
        if user is None:
            result = await check_password(self._pool, self._store.decoy(name), password)
            # Somebody who is not known may be another link's. Too busy is too busy for all.
            return result if result.reason_code == SERVER_BUSY else AuthResult(IGNORE)
        known = parse_hash(user.hash)
        result = await check_password(self._pool, known, password)
        if result.verdict == ALLOW:
            # While that took its time, the user may have been changed, or be gone.
            now = self._store.get(name)
            if now is None or now.hash != user.hash:
                return AuthResult(DENY, BAD_USER_NAME_OR_PASSWORD, "bad user name or password")
            client.is_superuser = now.is_superuser
            if is_outdated(known, self._pool.config.cost):
                self._services.run(self._rehash(name, now, password or b""), self._rehashed)
        return result

    async def _rehash(self, name: str, user: User, password: bytes) -> None:
        salt, cost = self._services.token(SALT_BYTES), self._pool.config.cost
        try:
            fresh = await self._pool.run(lambda: make_hash(password, salt, cost))
            await self._store.change(name, user, User(fresh, user.is_superuser, user.scram))
        except (HashingBusy, ConditionFailed):
            pass  # the next login tries again

    def _rehashed(self, _result: object, error: Exception | None) -> None:
        if error is not None:
            self._services.log.warning(
                "a password could not be hashed with the configured parameters", reason=str(error)
            )


def user_id(client: ClientInfo, config: UsersConfig) -> str | None:
    """What a client is looked up by."""
    return client.client_id if config.user_id_type == "client_id" else client.username
