import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from robustmq_broker.protection.ban import Ban
from robustmq_broker.protection.bans import SHARD, StoredBans
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.errors import CallerError, StorageError
from robustmq_common.spi.storage import Operation, Put, Storage, WriteBatch


class Failing(MemoryAdapter):
    async def commit(self, batch: WriteBatch) -> list[int]:
        raise StorageError("the disk is full")


class Writes:
    """What was written with `Storage.write`."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def write(self, operation: Operation) -> None:
        self.operations.append(operation)


def run(scenario: Callable[[MemoryAdapter], Coroutine[None, None, None]]) -> None:
    async def whole() -> None:
        adapter = MemoryAdapter({}, Path())
        await adapter.open()
        await scenario(adapter)

    asyncio.run(whole())


async def stored(adapter: MemoryAdapter) -> list[Ban]:
    bans = StoredBans(adapter, 1000, pytest.fail)
    await bans.load()
    return sorted(bans.table, key=lambda ban: ban.value)


def test_bans_survive_a_restart() -> None:
    async def scenario(adapter: MemoryAdapter) -> None:
        bans = StoredBans(adapter, 1000, pytest.fail)
        await bans.load()
        added = [
            await bans.add(Ban("peerhost_net", "10.1.2.3/8", 7.0, "why", "who", 5.0)),
            await bans.add(Ban("clientid", "c")),
        ]
        assert await stored(adapter) == added
        assert await bans.delete("peerhost_net", "10.0.0.9/8")
        assert not await bans.delete("clientid", "d")
        assert await stored(adapter) == [Ban("clientid", "c")]

    run(scenario)


def test_all_are_lifted_at_once() -> None:
    async def scenario(adapter: MemoryAdapter) -> None:
        bans = StoredBans(adapter, 5000, pytest.fail)
        for n in range(2500):
            await bans.add(Ban("clientid", f"c{n}"))
        assert await bans.clear() == 2500
        assert bans.table.count == 0
        assert await stored(adapter) == []

    run(scenario)


def test_a_ban_that_cannot_be_stored_is_none() -> None:
    async def scenario(_: MemoryAdapter) -> None:
        bans = StoredBans(Failing({}, Path()), 1000, pytest.fail)
        with pytest.raises(StorageError, match="disk is full"):
            await bans.add(Ban("clientid", "c"))
        assert bans.table.count == 0

    run(scenario)


def test_wrong_ones_and_too_many_are_refused() -> None:
    async def scenario(adapter: MemoryAdapter) -> None:
        bans = StoredBans(adapter, 1, pytest.fail)
        with pytest.raises(CallerError, match="not an IP address"):
            await bans.add(Ban("peerhost", "x"))
        with pytest.raises(CallerError, match="cannot be banned"):
            await bans.delete("clients", "x")
        await bans.add(Ban("clientid", "c"))
        with pytest.raises(CallerError, match="as many as"):
            await bans.add(Ban("clientid", "d"))

    run(scenario)


def test_damaged_ones_are_told_and_do_not_hide_others() -> None:
    async def scenario(adapter: MemoryAdapter) -> None:
        bans = StoredBans(adapter, 10, pytest.fail)
        await bans.add(Ban("clientid", "c"))
        await adapter.commit(WriteBatch([Put(SHARD, b"clientid\0a", b"{")]))
        told: list[str] = []
        again = StoredBans(adapter, 10, told.append)
        await again.load()
        assert [ban.value for ban in again.table] == ["c"]
        assert len(told) == 1
        assert "is damaged" in told[0]

    run(scenario)


def test_those_that_are_over_leave_the_storage() -> None:
    async def scenario(adapter: MemoryAdapter) -> None:
        writes = Writes()
        storage: Storage = writes  # type: ignore[assignment]
        bans = StoredBans(adapter, 10, pytest.fail)
        assert bans.add_soon(Ban("clientid", "c", until=10.0), storage, 0)
        assert not bans.add_soon(Ban("clientid", "d", until=10.0), storage, 9)
        assert bans.sweep(9.0, storage) == 0
        assert bans.sweep(10.0, storage) == 1
        await adapter.commit(WriteBatch(writes.operations))
        assert await stored(adapter) == []
        assert len(writes.operations) == 2

    run(scenario)
