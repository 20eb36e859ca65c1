"""The RocksDB adapter keeps the contract, and agrees with the naive one on random batches."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from adapter_outcome import BATCHES, SWEPT_BATCHES, after_sweep, outcome
from naive_adapter import NaiveAdapter, picture
from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter
from robustmq_common.errors import ConfigError, StorageError
from robustmq_common.spi.storage import (
    Append,
    Bounds,
    Operation,
    Put,
    StorageAdapter,
    WriteBatch,
)
from robustmq_common.testing.storage_contract import StorageAdapterContract


class TestRocksdbAdapter(StorageAdapterContract):
    durable = True

    @pytest.fixture(autouse=True, params=["memory", "os", "fsync"])
    def place(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        self.folder = tmp_path
        self.durability = request.param

    def make_adapter(self) -> StorageAdapter:
        return RocksdbAdapter({"durability": self.durability}, self.folder)


def use(
    folder: Path, scenario: Callable[[RocksdbAdapter], Awaitable[None]], **settings: object
) -> None:
    async def main() -> None:
        adapter = RocksdbAdapter(settings, folder)
        await adapter.open()
        try:
            await scenario(adapter)
        finally:
            await adapter.close()

    asyncio.run(main())


def agrees(batches: Iterable[list[Operation]], ask: Callable[..., Awaitable[Any]]) -> None:
    async def scenario(folder: Path) -> None:
        # As few states as possible in memory, so that most are found on the disk.
        adapter, naive = RocksdbAdapter({"cached_shards": 16}, folder), NaiveAdapter()
        await adapter.open()
        await naive.open()
        for operations in batches:
            assert await ask(adapter, operations) == await ask(naive, operations)
        before = await picture(adapter)
        await adapter.close()
        again = RocksdbAdapter({}, folder)
        await again.open()
        assert await picture(again) == before
        await again.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(scenario(Path(folder)))


@settings(deadline=None, max_examples=30)
@given(BATCHES)
def test_agrees_with_the_naive_adapter(batches: list[list[Operation]]) -> None:
    agrees(batches, outcome)


@settings(deadline=None, max_examples=30)
@given(SWEPT_BATCHES)
def test_sweeps_leave_what_the_naive_ones_leave(batches: list[list[Operation]]) -> None:
    agrees(batches, after_sweep)


def test_an_unknown_setting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"storage\.settings\.sync = true .*unknown key"):
        RocksdbAdapter({"sync": True}, tmp_path)


def test_a_commit_does_not_wait_unless_it_is_synced(tmp_path: Path) -> None:
    async def scenario(adapter: RocksdbAdapter) -> None:
        with pytest.raises(StopIteration) as finished:
            adapter.commit(WriteBatch([Append("a", b"0")])).send(None)
        assert finished.value.value == [0]

    use(tmp_path, scenario)


def test_many_writers_share_syncs(tmp_path: Path) -> None:
    async def scenario(adapter: RocksdbAdapter) -> None:
        async def write(number: int) -> None:
            for _ in range(5):
                await adapter.commit(WriteBatch([Append(f"shard-{number}", b"x")]))

        await asyncio.gather(*(write(number) for number in range(200)))
        assert adapter._sync.syncs < 200

    use(tmp_path, scenario, durability="fsync")


def test_commits_that_wait_for_flushes_keep_their_order(tmp_path: Path) -> None:
    """So small a write buffer that RocksDB turns writes away."""

    async def scenario(adapter: RocksdbAdapter) -> None:
        waited = 0

        async def write(first: int) -> None:
            nonlocal waited
            values = [Append("a", b"%06d" % (first + at) + os.urandom(4000)) for at in range(5)]
            work = asyncio.ensure_future(adapter.commit(WriteBatch([*values])))
            await asyncio.sleep(0)
            waited += not work.done()
            assert await work == list(range(first, first + 5))

        count = 4000
        await asyncio.gather(*(write(first) for first in range(0, count, 5)))
        assert waited > 0
        assert await adapter.bounds("a") == Bounds(0, count)
        found = await adapter.read("a", 0, count, 2**30)
        assert [int(record.value[:6]) for record in found] == list(range(count))

    use(tmp_path, scenario, write_buffer=65_536)


def test_more_shards_than_are_kept_in_memory(tmp_path: Path) -> None:
    async def scenario(adapter: RocksdbAdapter) -> None:
        for _ in range(3):
            batch = [Append(f"shard-{number}", b"x") for number in range(100)]
            await adapter.commit(WriteBatch([*batch]))
        assert await adapter.bounds("shard-0") == Bounds(0, 3)

    use(tmp_path, scenario, cached_shards=16)


def test_two_brokers_in_one_folder(tmp_path: Path) -> None:
    async def scenario(_adapter: RocksdbAdapter) -> None:
        with pytest.raises(StorageError, match=r"open already .*another broker with the same"):
            await RocksdbAdapter({}, tmp_path).open()

    use(tmp_path, scenario)


def test_a_long_read_lets_others_run(tmp_path: Path) -> None:
    async def scenario(adapter: RocksdbAdapter) -> None:
        await adapter.commit(WriteBatch([Append("a", b"x") for _ in range(5000)]))
        await adapter.commit(WriteBatch([Put("a", b"%05d" % one, b"") for one in range(5000)]))
        turns = 0

        async def count_turns() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count_turns())
        assert len(await adapter.read("a", 0, 5000, 10_000)) == 5000
        assert turns >= 4
        turns = 0
        assert len(await adapter.scan("a", limit=5000)) == 5000
        assert turns >= 4
        counting.cancel()

    use(tmp_path, scenario)
