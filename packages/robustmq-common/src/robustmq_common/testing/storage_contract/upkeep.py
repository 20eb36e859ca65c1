"""[D] The contract of an adapter's upkeep: syncing, usage, checking, compacting, snapshots."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from robustmq_common.errors import StorageError
from robustmq_common.spi.storage import (
    Append,
    Bounds,
    Delete,
    Drop,
    Put,
    Retain,
    StorageAdapter,
    Trim,
    Usage,
)
from robustmq_common.testing.storage_contract.scenario import (
    Contract,
    append,
    commit,
    opened,
    values,
)


class UpkeepContract(Contract):
    """What a broker does with a store beside reading and writing, while others go on with it."""

    @opened
    async def test_syncing_with_nothing_written(self, store: StorageAdapter) -> None:
        await store.sync()
        await store.sync()

    @opened
    async def test_many_sync_while_others_commit(self, store: StorageAdapter) -> None:
        async def write(number: int) -> None:
            await append(store, "a", b"%d" % number)
            await store.sync()

        await asyncio.gather(*(write(number) for number in range(50)))
        assert sorted(map(int, await values(store, "a"))) == list(range(50))

    @opened
    async def test_usage_of_a_shard_that_does_not_exist(self, store: StorageAdapter) -> None:
        assert await store.usage("a") == Usage(0, 0, 0, 0)

    @opened
    async def test_usage_counts_records_and_keys(self, store: StorageAdapter) -> None:
        await commit(store, Append("a", b"123", b"4"), Append("a", b"56"), Put("a", b"k", b"78"))
        await commit(store, Put("a", b"l", b""), Append("b", b"999"))
        self._check_usage(await store.usage("a"), Usage(2, 6, 2, 4))
        await commit(store, Trim("a", 1), Delete("a", b"k"))
        self._check_usage(await store.usage("a"), Usage(1, 2, 1, 1))
        await commit(store, Trim("a", 2), Delete("a", b"l"))
        assert await store.usage("a") == Usage(0, 0, 0, 0)

    @opened
    async def test_usage_tells_the_limits_of_a_log(self, store: StorageAdapter) -> None:
        limits = Retain("a", 60.5, None, 7)
        await commit(store, Append("a", b"1"), limits)
        assert (await store.usage("a")).limits == limits
        snapshot = await store.snapshot()
        try:
            assert (await snapshot.usage("a")).limits == limits
        finally:
            await snapshot.close()

    def _check_usage(self, found: Usage, expected: Usage) -> None:
        if not found.estimated:
            assert found == expected
            return
        for name in ("records", "log_bytes", "keys", "key_bytes"):
            assert (getattr(found, name) > 0) == (getattr(expected, name) > 0)

    @opened
    async def test_nothing_is_damaged(self, store: StorageAdapter) -> None:
        assert await store.check() == []
        await commit(store, *(Append("a", bytes(100)) for _ in range(2000)), Put("b", b"k", b"v"))
        assert await store.check() == []

    @opened
    async def test_compacting_takes_nothing_away(self, store: StorageAdapter) -> None:
        await store.compact()
        await append(store, "a", *(b"%d" % number for number in range(500)))
        await commit(store, Put("a", b"k", b"v"), Put("a", b"gone", b""), Append("b", b""))
        await commit(store, Trim("a", 400), Delete("a", b"gone"), Drop("b"))
        await asyncio.gather(store.compact(), append(store, "a", b"500"))
        assert await values(store, "a") == [b"%d" % number for number in range(400, 501)]
        assert await store.scan("a") == [(b"k", b"v")]
        assert await store.shards() == ["a"]

    @opened
    async def test_a_snapshot_stays_as_it_is(self, store: StorageAdapter) -> None:
        await append(store, "a", b"0", b"1")
        await commit(store, Put("a", b"k", b"v"), Append("b", b"0"), Append("a", b"2", b"k", 5.0))
        snapshot = await store.snapshot()
        try:
            await append(store, "a", b"3")
            await commit(store, Put("a", b"k", b"w"), Put("c", b"k", b""), Drop("b"), Trim("a", 1))
            assert await values(snapshot, "a") == [b"0", b"1", b"2"]
            assert await snapshot.bounds("a") == Bounds(0, 3)
            assert await snapshot.offset_at("a", 5.0) == 2
            assert await snapshot.get("a", b"k") == b"v"
            assert await snapshot.scan("a") == [(b"k", b"v")]
            assert await snapshot.shards() == ["a", "b"]
            assert await snapshot.check() == []
            self._check_usage(await snapshot.usage("a"), Usage(3, 4, 1, 2))
            later = await store.snapshot()
            assert await values(later, "a") == [b"1", b"2", b"3"]
            await later.close()
        finally:
            await snapshot.close()
        assert await values(store, "a") == [b"1", b"2", b"3"]

    @opened
    async def test_a_snapshot_has_whole_batches(self, store: StorageAdapter) -> None:
        async def write() -> None:
            for number in range(300):
                await commit(store, Append("a", b""), Put("b", b"k", b"%d" % number))
                await asyncio.sleep(0)

        writing = asyncio.create_task(write())
        while not writing.done():
            snapshot = await store.snapshot()
            end = (await snapshot.bounds("a")).end
            last = await snapshot.get("b", b"k")
            await snapshot.close()
            await asyncio.sleep(0)
            assert last == (b"%d" % (end - 1) if end else None)
        await writing

    @opened
    async def test_a_snapshot_can_only_be_read(self, store: StorageAdapter) -> None:
        snapshot = await store.snapshot()
        try:
            with pytest.raises(StorageError, match="shard-a"):
                await append(snapshot, "shard-a", b"0")
            for call in (snapshot.sweep, snapshot.compact):
                with pytest.raises(StorageError, match=call.__name__):
                    await call()
        finally:
            await snapshot.close()
        with pytest.raises(StorageError, match="shard-a"):
            await snapshot.bounds("shard-a")

    def test_no_upkeep_after_close(self) -> None:
        async def scenario() -> None:
            store = self.make_adapter()
            await store.open()
            await store.close()
            calls: list[Callable[[], Coroutine[Any, Any, Any]]] = [
                store.sync,
                store.check,
                store.compact,
                store.snapshot,
                lambda: store.usage("shard-a"),
            ]
            for call in calls:
                with pytest.raises(StorageError, match=f"{call.__name__}|shard-a"):
                    await call()

        asyncio.run(scenario())
