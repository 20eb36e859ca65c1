"""A plugin of the conformance tests: what the broker does when a plugin asks, refuses or fails.

It enters like any third party's, through an entry point (`conftest.conformance_plugins`).
"""

from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.errors import StorageError
from robustmq_common.plugins import hookimpl
from robustmq_common.spi.access import (
    ALLOW,
    DENY,
    IGNORE,
    AuthExchange,
    AuthResult,
    ClientInfo,
    ExchangeStep,
)
from robustmq_common.spi.storage import Append, Put, StorageAdapter, WriteBatch

BAD_USER_NAME_OR_PASSWORD = 0x86
NOT_AUTHORIZED = 0x87
UNSTORABLE = b"the disk is full"


class CallAndResponse(AuthExchange):
    """Asks "marco" until the client has said "polo" twice; anything else is refused."""

    def __init__(self) -> None:
        self.right = 0

    async def step(self, data: bytes | None) -> ExchangeStep:
        if data == b"polo":
            self.right += 1
        elif data != b"hello":
            return ExchangeStep(DENY, reason_code=NOT_AUTHORIZED, reason="that is not polo")
        if self.right == 2:
            return ExchangeStep(ALLOW, b"welcome")
        return ExchangeStep(IGNORE, b"marco")


class MarcoPolo:
    """The Authentication Method of `CallAndResponse`."""

    method = "MARCO-POLO"

    def begin(self, client: ClientInfo, reauthenticate: bool) -> AuthExchange:
        return CallAndResponse()


class Doorkeeper:
    """Lets everyone in but the user "mallory"."""

    name = "doorkeeper"

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        if client.username == "mallory":
            return AuthResult(DENY, BAD_USER_NAME_OR_PASSWORD, "not mallory")
        return AuthResult(ALLOW)


class Fence:
    """Allows everything outside of topics that have the level "forbidden"."""

    name = "fence"

    def authorize(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> int:
        return DENY if "forbidden" in topic.split("/") else ALLOW


class FullDisk(MemoryAdapter):
    """Keeps everything but what holds `UNSTORABLE`."""

    name = "full-disk"

    async def commit(self, batch: WriteBatch) -> list[int]:
        for operation in batch.operations:
            if isinstance(operation, Append | Put) and UNSTORABLE in operation.value:
                raise StorageError(f"cannot write to {operation.shard}: no space left")
        return await super().commit(batch)


@hookimpl
def robustmq_enhanced_authenticators() -> list[type[MarcoPolo]]:
    return [MarcoPolo]


@hookimpl
def robustmq_authenticators() -> list[type[Doorkeeper]]:
    return [Doorkeeper]


@hookimpl
def robustmq_authorizers() -> list[type[Fence]]:
    return [Fence]


@hookimpl
def robustmq_storage_adapters() -> list[type[StorageAdapter]]:
    return [FullDisk]
