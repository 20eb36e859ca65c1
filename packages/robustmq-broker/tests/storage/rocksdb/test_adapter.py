"""The RocksDB adapter keeps the contract, and agrees with the naive one on random batches."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings

from adapter_outcome import (
    BATCHES,
    DELETED_LAST,
    SKIPPED_LAST,
    SWEPT_BATCHES,
    after_sweep,
    outcome,
)
from naive_adapter import NaiveAdapter, picture
from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter
from robustmq_broker.storage.rocksdb.layout import FAMILIES
from robustmq_common.errors import ConfigError, StorageError
from robustmq_common.kv import Database, Tuning
from robustmq_common.spi.storage import (
    Append,
    Bounds,
    Operation,
    StorageAdapter,
    Trim,
    WriteBatch,
)
from robustmq_common.testing.storage_contract import StorageAdapterContract


class TestRocksdbAdapter(StorageAdapterContract):
    durable = True

    @pytest.fixture(autouse=True, params=["memory", "os"])
    def place(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        self.folder = tmp_path
        self.durability = request.param

    def make_adapter(self) -> StorageAdapter:
        adapter = RocksdbAdapter({}, self.folder)
        adapter.durability = self.durability
        return adapter


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
@example(SKIPPED_LAST)
@example(DELETED_LAST)
def test_agrees_with_the_naive_adapter(batches: list[list[Operation]]) -> None:
    agrees(batches, outcome)


@settings(deadline=None, max_examples=30)
@given(SWEPT_BATCHES)
def test_sweeps_leave_what_the_naive_ones_leave(batches: list[list[Operation]]) -> None:
    agrees(batches, after_sweep)


def test_an_unknown_setting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"storage\.settings\.sync = true .*unknown key"):
        RocksdbAdapter({"sync": True}, tmp_path)


def test_a_commit_does_not_wait(tmp_path: Path) -> None:
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
                await adapter.sync()

        await asyncio.gather(*(write(number) for number in range(200)))
        assert adapter._syncs.syncs < 200

    use(tmp_path, scenario)


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


def test_a_close_leaves_nothing_that_was_trimmed(tmp_path: Path) -> None:
    async def scenario(adapter: RocksdbAdapter) -> None:
        await adapter.commit(WriteBatch([Append("a", b"x") for _ in range(100)]))
        await adapter.commit(WriteBatch([Trim("a", 99)]))

    use(tmp_path, scenario)
    database = Database.open(tmp_path / "rocksdb", FAMILIES, Tuning())
    assert len(database.scan("records", b"", b"\xff" * 16, 1000)) == 1
    database.close()


def snapshots(folder: Path) -> int:
    return len(list(folder.glob("rocksdb.snapshot-*")))


def test_checking_names_the_damaged_table_and_the_next_start_sets_it_aside(tmp_path: Path) -> None:
    async def fill(adapter: RocksdbAdapter) -> None:
        for first in range(0, 3000, 1000):
            records = [Append("a", os.urandom(100)) for _ in range(first, first + 1000)]
            await adapter.commit(WriteBatch([*records]))
            await (await adapter.snapshot()).close()

    async def scenario(adapter: RocksdbAdapter) -> None:
        (damage,) = await adapter.check()
        assert table.name in damage
        assert snapshots(tmp_path) == 0

    use(tmp_path, fill)
    table = max((tmp_path / "rocksdb").glob("*.sst"), key=lambda file: file.stat().st_size)
    data = bytearray(table.read_bytes())
    data[len(data) // 2] ^= 1
    table.write_bytes(data)
    use(tmp_path, scenario)
    use(tmp_path, as_if_nothing_were_wrong)
    assert table.with_name(f"{table.name}.corrupt").exists()


async def as_if_nothing_were_wrong(adapter: RocksdbAdapter) -> None:
    assert await adapter.check() == []


def test_snapshots_that_a_crash_has_left_are_removed(tmp_path: Path) -> None:
    left = tmp_path / "rocksdb.snapshot-7"
    left.mkdir()
    (left / "000001.sst").touch()

    async def scenario(adapter: RocksdbAdapter) -> None:
        assert not left.exists()
        async with asyncio.timeout(30):
            snapshot = await adapter.snapshot()
            assert snapshots(tmp_path) == 1
            await snapshot.close()
        assert snapshots(tmp_path) == 0

    use(tmp_path, scenario)


def test_closing_ends_a_compaction(tmp_path: Path) -> None:
    async def scenario(adapter: RocksdbAdapter) -> None:
        compactions = [asyncio.create_task(adapter.compact()) for _ in range(3)]
        await asyncio.sleep(0)
        await adapter.close()
        ended = await asyncio.gather(*compactions, return_exceptions=True)
        # Those that had not begun yet are told.
        assert all(it is None or "compact" in str(it) for it in ended)

    use(tmp_path, scenario)
