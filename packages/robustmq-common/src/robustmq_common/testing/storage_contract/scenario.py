"""[D] How tests of the contract run: each with an event loop and an adapter of its own."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Final, TypeVar

from robustmq_common.spi.storage import Append, Operation, StorageAdapter, WriteBatch

_DEADLINE: Final = 30.0
"""Seconds after which a test counts as hung."""


Step = Callable[[StorageAdapter], Coroutine[Any, Any, None]]


class Contract(ABC):
    """Base of the parts of the contract.

    durable: whether a second adapter, made after the first was closed, finds what that one stored.
    """

    durable: ClassVar[bool] = False

    @abstractmethod
    def make_adapter(self) -> StorageAdapter:
        """A new adapter, not yet opened; all of one test's adapters keep things in one place."""

    def run_durable(self, before: Step, after: Step) -> None:
        """Run one step on an adapter and, if it is durable, the other on one that comes after."""

        async def scenario() -> None:
            for step in (before, after) if self.durable else (before,):
                store = self.make_adapter()
                await store.open()
                try:
                    await step(store)
                finally:
                    await store.close()

        asyncio.run(asyncio.wait_for(scenario(), _DEADLINE))


Part = TypeVar("Part", bound=Contract)
Test = Callable[[Part, StorageAdapter], Coroutine[Any, Any, None]]


def opened(test: Test[Part]) -> Callable[[Part], None]:
    """Turn `async def test(self, store)` into a test: opens an adapter before, closes it after."""

    def run(self: Part) -> None:
        async def scenario() -> None:
            store = self.make_adapter()
            await store.open()
            try:
                await test(self, store)
            finally:
                await store.close()

        asyncio.run(asyncio.wait_for(scenario(), _DEADLINE))

    # Not functools.wraps: pytest would look through it, and want a fixture named "store".
    run.__name__ = test.__name__
    run.__doc__ = test.__doc__
    return run


async def commit(store: StorageAdapter, *operations: Operation) -> list[int]:
    """Commit one batch."""
    return await store.commit(WriteBatch(list(operations)))


async def append(store: StorageAdapter, shard: str, *values: bytes) -> list[int]:
    """Append records with these values in one batch."""
    return await commit(store, *(Append(shard, value) for value in values))


async def values(store: StorageAdapter, shard: str, offset: int = 0) -> list[bytes]:
    """Values of all records from an offset on."""
    return [record.value for record in await store.read(shard, offset, 1000, 1_000_000)]
