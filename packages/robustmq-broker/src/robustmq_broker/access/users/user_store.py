"""[D] The users of a broker: a shard of its storage, "users", all of which is in memory.

Keys are "user/NAME", values `user_record`; the key "secret" has random bytes, from which salts and
hashes of users who do not exist are made: they must be the same after a restart.
"""

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from robustmq_broker.access.hashing.decoys import Decoys
from robustmq_broker.access.hashing.forms import PasswordHash
from robustmq_broker.access.hashing.hash_pool import SECTION as HASHING
from robustmq_broker.access.hashing.verification import Argon2Cost
from robustmq_broker.access.users.user_record import User, decode_user, encode_user
from robustmq_common.errors import CallerError, ConditionFailed, StorageError
from robustmq_common.spi.services import BrokerServices
from robustmq_common.spi.storage import Delete, Operation, Put, StorageAdapter, WriteBatch

SHARD: Final = "users"
PREFIX: Final = b"user/"
SECRET: Final = b"secret"
PAGE: Final = 1000
WRITTEN_AT_ONCE: Final = 1000
"""Users in one commit, which holds the event loop for some 6 ms; 10,000 took 94."""


class UserStore:
    """Who may come in with a password.

    cost: of a hash of those who are not known, while nobody is.
    """

    def __init__(self, adapter: StorageAdapter, cost: Argon2Cost) -> None:
        self._adapter = adapter
        self._cost = cost
        self._users: dict[str, bytes] = {}
        self._loaded = False
        self.secret = b""
        self._decoys: Decoys

    @classmethod
    def of(cls, services: BrokerServices) -> "UserStore":
        """The one of a broker; not loaded yet."""
        cost: Argon2Cost = services.section(HASHING).cost
        return services.shared(cls, lambda: cls(services.storage.adapter, cost))

    async def load(self) -> None:
        """Read everything, once. Raises StorageError if that fails, or a user is damaged."""
        if self._loaded:
            return
        secret = await self._adapter.get(SHARD, SECRET)
        if secret is None:
            secret = secrets.token_bytes(32)
            await self._commit([Put(SHARD, SECRET, secret, b"")])
        users: dict[str, bytes] = {}
        decoys = Decoys(secret, self._cost)
        after = b""
        while page := await self._adapter.scan(SHARD, PREFIX, after, PAGE):
            for key, value in page:
                try:
                    name = key[len(PREFIX) :].decode()
                    decoys.add(decode_user(value).hash)
                except ValueError as error:
                    raise StorageError(
                        f"the shard {SHARD!r} of the {self._adapter.name} storage has a user "
                        f"{key!r} that cannot be read: {error}"
                    ) from None
                users[name] = value
            after = page[-1][0]
        self.secret, self._users, self._decoys = secret, users, decoys
        self._loaded = True

    def __len__(self) -> int:
        return len(self._users)

    def get(self, name: str) -> User | None:
        """A user, or None."""
        value = self._users.get(name)
        return None if value is None else decode_user(value)

    def decoy(self, name: str) -> PasswordHash:
        """What to check the password of somebody against who is not here."""
        return self._decoys.choose(name)

    def names(self, prefix: str = "") -> list[str]:
        """All names that begin so, in order."""
        return sorted(name for name in self._users if name.startswith(prefix))

    async def add(self, name: str, user: User) -> None:
        """Add somebody. Raises CallerError if the name is taken."""
        if name in self._users:
            raise CallerError(
                f"there is a user {name!r} already; `robust-ctl user passwd` sets a new password"
            )
        await self._put({name: user})

    async def change(self, name: str, before: User, after: User) -> None:
        """Replace a user. Raises ConditionFailed if it is not `before` any more."""
        if self._users.get(name) != encode_user(before):
            raise ConditionFailed(f"the user {name!r} has been changed meanwhile")
        await self._put({name: after})

    async def add_all(self, users: Mapping[str, User], *, replace: bool) -> None:
        """Add many, and replace those that are here if that is wanted.

        Raises CallerError, with nothing written, if it is not and there are any. Up to
        `WRITTEN_AT_ONCE` are written together or not at all; more than that in parts, so that a
        StorageError may leave some of them written.
        """
        if not replace:
            taken = [name for name in users if name in self._users]
            if taken:
                raise CallerError(
                    f"{len(taken)} users are there already, such as {taken[0]!r}; nothing is "
                    "changed; --replace overwrites them"
                )
        items = iter(users.items())
        while part := dict(islice(items, WRITTEN_AT_ONCE)):
            await self._put(part)
            await asyncio.sleep(0)  # storage may not have to wait, but others get their turn

    async def delete(self, name: str) -> None:
        """Remove somebody. Raises CallerError if there is no such user."""
        value = self._users.get(name)
        if value is None:
            raise no_user(name)
        await self._commit([Delete(SHARD, PREFIX + name.encode(), value)])
        self._decoys.remove(decode_user(value).hash)
        del self._users[name]

    async def _put(self, users: Mapping[str, User]) -> None:
        values = {name: encode_user(user) for name, user in users.items()}
        await self._commit(
            Put(SHARD, PREFIX + name.encode(), value, self._users.get(name, b""))
            for name, value in values.items()
        )
        for name, value in values.items():
            old = self._users.get(name)
            if old is not None:
                self._decoys.remove(decode_user(old).hash)
            self._decoys.add(users[name].hash)
            self._users[name] = value

    async def _commit(self, operations: Iterable[Operation]) -> None:
        await self._adapter.commit(WriteBatch([*operations]))
        if self._adapter.durability == "fsync":
            await self._adapter.sync()


def no_user(name: str) -> CallerError:
    """The error of a name that nobody has."""
    return CallerError(f"there is no user {name!r}; see `robust-ctl user list`")
