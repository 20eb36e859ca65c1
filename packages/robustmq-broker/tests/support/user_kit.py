"""Authenticators on storage in memory, with real threads for passwords."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from robustmq_broker.access.hashing.hash_pool import HashPool
from robustmq_broker.access.hashing.hashing_config import HashingConfig
from robustmq_broker.access.hashing.verification import Argon2Cost, make_hash
from robustmq_broker.access.password_file.password_file_config import PasswordFileConfig
from robustmq_broker.access.users.users_config import UsersConfig
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.spi.access import ClientInfo
from robustmq_common.spi.storage import Storage, StorageAdapter
from robustmq_common.testing import FakeServices

CHEAP = Argon2Cost(64, 1, 1)
HASHING = HashingConfig(memory=65_536, passes=1)


def hashed(password: str, cost: Argon2Cost = CHEAP) -> str:
    """A hash that does not take long."""
    return make_hash(password.encode(), b"saltsaltsaltsalt", cost)


def client(name: str | None, client_id: str = "c", authenticator: str = "") -> ClientInfo:
    """A client that connects."""
    return ClientInfo(
        client_id, name, "127.0.0.1:1", "tcp", "MQTT 5.0", authenticator=authenticator
    )


class Connected:
    """A client that is let in, and what it is told."""

    def __init__(self, info: ClientInfo) -> None:
        self.client = info
        self.told: list[tuple[int, str]] = []

    def disconnect(self, reason_code: int, reason: str) -> None:
        self.told.append((reason_code, reason))

    def access_changed(self) -> None: ...


class OnlyAdapter:
    """A storage of which only the adapter is used."""

    def __init__(self, adapter: StorageAdapter) -> None:
        self.adapter = adapter


class UserServices(FakeServices):
    """Services whose coroutines may wait."""

    def __init__(self, adapter: StorageAdapter, **sections: Any) -> None:
        given = {
            "users": UsersConfig(scram_iterations=4096),
            "password_hashing": HASHING,
            "password_file": PasswordFileConfig(),
            **sections,
        }
        super().__init__(given, storage=cast(Storage, OnlyAdapter(adapter)))
        self.tasks: list[asyncio.Task[Any]] = []

    def run(
        self, work: Coroutine[Any, Any, Any], done: Callable[[Any, Exception | None], None]
    ) -> None:
        async def told() -> None:
            try:
                result = await work
            except Exception as error:
                done(None, error)
            else:
                done(result, None)

        self.tasks.append(asyncio.create_task(told()))

    async def settle(self) -> None:
        """Wait for everything that was begun."""
        while self.tasks:
            await self.tasks.pop()


@asynccontextmanager
async def services(**sections: Any) -> AsyncIterator[UserServices]:
    """Services with storage that is open."""
    adapter = MemoryAdapter({}, Path())
    await adapter.open()
    made = UserServices(adapter, **sections)
    yield made
    await made.settle()
    HashPool.of(made).close()
    await adapter.close()
