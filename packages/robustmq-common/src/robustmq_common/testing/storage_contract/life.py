"""[D] The contract of an adapter's life: waking who waits, keeping its own copy, closing."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import chain
from typing import Any

import pytest

from robustmq_common.errors import StorageError
from robustmq_common.spi.storage import Append, Operation, Put, StorageAdapter, Trim, WriteBatch
from robustmq_common.testing.storage_contract.scenario import (
    Contract,
    append,
    commit,
    opened,
    values,
)


async def _turns() -> None:
    """Let everything that can go on do so; what waits for another event still waits after it."""
    for _ in range(10):
        await asyncio.sleep(0)


class LifeContract(Contract):
    """Waiting for records, what a caller may do with what it was given, opening and closing."""

    @opened
    async def test_waiting_ends_when_the_log_has_grown(self, store: StorageAdapter) -> None:
        waiter = asyncio.create_task(store.wait_for_change("a", 0))
        await _turns()
        assert not waiter.done()
        await append(store, "a", b"0")
        await waiter

    @opened
    async def test_waiting_ends_at_once_if_the_log_is_longer(self, store: StorageAdapter) -> None:
        await append(store, "a", b"0", b"1")
        await store.wait_for_change("a", 1)
        await commit(store, Trim("a", 2))
        await store.wait_for_change("a", 1)

    @opened
    async def test_only_records_of_the_shard_wake(self, store: StorageAdapter) -> None:
        await append(store, "a", b"0")
        waiter = asyncio.create_task(store.wait_for_change("a", 1))
        await _turns()
        await commit(store, Append("b", b"0"), Append("b", b"1"), Put("a", b"k", b""), Trim("a", 1))
        await _turns()
        assert not waiter.done()
        await append(store, "a", b"1")
        await waiter

    @opened
    async def test_everyone_who_waits_wakes_in_time(self, store: StorageAdapter) -> None:
        waiters = [asyncio.create_task(store.wait_for_change("a", end)) for end in (0, 0, 1, 2)]
        await _turns()
        await append(store, "a", b"0", b"1")
        await asyncio.gather(*waiters[:3])
        await _turns()
        assert not waiters[3].done()
        await append(store, "a", b"2")
        await waiters[3]

    @opened
    async def test_one_who_gives_up_leaves_the_others_waiting(self, store: StorageAdapter) -> None:
        waiters = [asyncio.create_task(store.wait_for_change("a", 0)) for _ in range(3)]
        await _turns()
        waiters[1].cancel()
        await _turns()
        assert waiters[1].cancelled()
        await append(store, "a", b"0")
        await asyncio.gather(waiters[0], waiters[2])

    @opened
    async def test_a_batch_belongs_to_its_maker_again_after_the_commit(
        self, store: StorageAdapter
    ) -> None:
        record = Append("a", b"kept", b"key", 1.0)
        batch = WriteBatch([record])
        await store.commit(batch)
        record.value, record.key, record.timestamp = b"changed", b"changed", 9.0
        record.offset = 17
        batch.operations.clear()
        (stored,) = await store.read("a", 0, 10, 1000)
        assert (stored.offset, stored.value, stored.key, stored.timestamp) == (
            0,
            b"kept",
            b"key",
            1,
        )

    @opened
    async def test_what_was_read_can_be_changed(self, store: StorageAdapter) -> None:
        await commit(store, Append("a", b"0"), Put("a", b"k", b"1"))
        (await store.read("a", 0, 10, 1000)).clear()
        (await store.scan("a")).clear()
        (await store.shards()).clear()
        assert await values(store, "a") == [b"0"]
        assert await store.scan("a") == [(b"k", b"1")]
        assert await store.shards() == ["a"]

    @opened
    async def test_one_batch_can_be_committed_again(self, store: StorageAdapter) -> None:
        batch = WriteBatch([Append("a", b"x")])
        assert await store.commit(batch) == [0]
        assert await store.commit(batch) == [1]
        assert await values(store, "a") == [b"x", b"x"]

    @opened
    async def test_commits_that_overlap_are_each_whole(self, store: StorageAdapter) -> None:
        def batch(number: int) -> WriteBatch:
            operations: list[Operation] = [Append("a", b"%d" % number) for _ in range(3)]
            return WriteBatch([*operations, Put("a", b"last", b"%d" % number)])

        offsets = await asyncio.gather(*(store.commit(batch(number)) for number in range(10)))
        stored = await values(store, "a")
        assert sorted(chain.from_iterable(offsets)) == list(range(30))
        for number, given in enumerate(offsets):
            assert given == list(range(given[0], given[0] + 3))
            assert [stored[offset] for offset in given] == [b"%d" % number] * 3
        assert await store.get("a", b"last") == stored[-1]

    def test_nothing_works_after_close(self) -> None:
        """And it says so with a StorageError that names the shard."""

        async def scenario() -> None:
            store = self.make_adapter()
            await store.open()
            await append(store, "shard-a", b"0")
            await store.close()
            calls: list[Callable[[], Coroutine[Any, Any, Any]]] = [
                lambda: append(store, "shard-a", b"1"),
                lambda: store.read("shard-a", 0, 1, 1),
                lambda: store.bounds("shard-a"),
                lambda: store.offset_at("shard-a", 0.0),
                lambda: store.get("shard-a", b"k"),
                lambda: store.scan("shard-a"),
                lambda: store.shards("shard-a"),
                lambda: store.wait_for_change("shard-a", 0),
            ]
            for call in calls:
                with pytest.raises(StorageError, match="shard-a"):
                    await call()
            with pytest.raises(StorageError, match="sweep"):
                await store.sweep()

        asyncio.run(scenario())

    def test_closing_wakes_who_waits(self) -> None:
        async def scenario() -> None:
            store = self.make_adapter()
            await store.open()
            waiter = asyncio.create_task(store.wait_for_change("shard-a", 0))
            await _turns()
            await store.close()
            with pytest.raises(StorageError, match="shard-a"):
                await asyncio.wait_for(waiter, 30)

        asyncio.run(scenario())

    def test_what_a_second_adapter_finds(self) -> None:
        """All of it, if the adapter is durable; nothing at all, if it is not."""

        async def scenario() -> None:
            first = self.make_adapter()
            await first.open()
            await append(first, "a", b"0", b"1")
            await commit(first, Put("a", b"k", b"v"), Trim("a", 1))
            await first.close()
            second = self.make_adapter()
            await second.open()
            try:
                await self._check_second(second)
            finally:
                await second.close()

        asyncio.run(scenario())

    async def _check_second(self, store: StorageAdapter) -> None:
        if not self.durable:
            assert await store.shards() == []
            return
        assert await store.shards() == ["a"]
        assert await values(store, "a") == [b"1"]
        assert await store.scan("a") == [(b"k", b"v")]
        assert await append(store, "a", b"2") == [2]
