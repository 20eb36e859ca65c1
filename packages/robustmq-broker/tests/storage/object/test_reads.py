"""Reading across what is in segments, what is uploaded just now, and what is in memory."""

import asyncio
from pathlib import Path

from object_kit import appends, scenario_in

from robustmq_broker.storage.object.adapter import ObjectAdapter
from robustmq_common.spi.storage import Append, Drop, Skip, Trim, Usage, WriteBatch


def test_from_segments_and_from_memory(tmp_path: Path) -> None:
    async def scenario(adapter: ObjectAdapter) -> None:
        for first in range(0, 300, 100):
            await adapter.commit(appends("a", first, 100))
            if first < 200:
                await adapter.compact()
        shard = adapter._state.shards["a"]
        assert (shard.stored, len(shard.tail or ())) == (200, 100)
        for start in (0, 99, 100, 199, 200, 299):
            found = await adapter.read("a", start, 1000, 2**20)
            assert [record.offset for record in found] == list(range(start, 300))
            assert all(int(record.value[:8]) == record.offset for record in found)
        assert len(await adapter.read("a", 150, 100, 2**20)) == 100
        assert len(await adapter.read("a", 150, 1000, 98 * 60)) == 60

    scenario_in(tmp_path, scenario, segment_age=60, block_size=1024)


def test_while_everything_changes(tmp_path: Path) -> None:
    """Trims, uploads and compactions go on between the pieces of a read."""

    async def scenario(adapter: ObjectAdapter) -> None:
        end = 0
        for _ in range(60):
            await adapter.commit(appends("a", end, 40))
            end += 40
            reading = asyncio.ensure_future(adapter.read("a", 0, 10_000, 2**30))
            await asyncio.sleep(0)
            await adapter.commit(WriteBatch([Trim("a", end - 200)]))
            offsets = [record.offset for record in await reading]
            assert offsets == sorted(set(offsets))
            assert set(range(max(end - 200, 0), end)) <= set(offsets)

    scenario_in(
        tmp_path,
        scenario,
        segment_size=4096,
        segment_age=0.01,
        block_size=512,
        cache=65_536,
        compact_segments=2,
    )


def test_a_shard_that_is_dropped_meanwhile(tmp_path: Path) -> None:
    async def scenario(adapter: ObjectAdapter) -> None:
        await adapter.commit(appends("a", 0, 500))
        await adapter.compact()
        adapter._reader._cache._kept.clear()
        reading = asyncio.ensure_future(adapter.read("a", 0, 10_000, 2**30))
        await asyncio.sleep(0)
        await adapter.commit(WriteBatch([Drop("a"), Append("a", b"new")]))
        await adapter.compact()
        old = await reading
        assert all(record.value != b"new" for record in old)
        assert [record.value for record in await adapter.read("a", 0, 10, 100)] == [b"new"]

    scenario_in(tmp_path, scenario, segment_age=60, block_size=1024)


def test_usage_of_a_partly_trimmed_extent_is_an_estimate(tmp_path: Path) -> None:
    async def scenario(adapter: ObjectAdapter) -> None:
        await adapter.commit(appends("a", 0, 100, 92))
        await adapter.compact()
        assert await adapter.usage("a") == Usage(100, 10_000, 0, 0)
        await adapter.commit(WriteBatch([Trim("a", 30)]))
        assert await adapter.usage("a") == Usage(70, 10_000, 0, 0, estimated=True)

    scenario_in(tmp_path, scenario, segment_age=60)


def test_many_offsets_that_were_skipped(tmp_path: Path) -> None:
    """No step goes through them one by one."""

    async def scenario(adapter: ObjectAdapter) -> None:
        far = 10**12
        await adapter.commit(WriteBatch([Append("a", b"0"), Skip("a", far), Append("a", b"1")]))
        for _ in range(2):
            found = await adapter.read("a", 0, 10, 100)
            assert [record.offset for record in found] == [0, far]
            assert await adapter.offset_at("a", 1.0) == far + 1
            await adapter.compact()
        await adapter.commit(WriteBatch([Skip("a", 2 * far), Append("a", b"2")]))
        await adapter.commit(WriteBatch([Trim("a", 2 * far)]))
        assert [record.offset for record in await adapter.read("a", 0, 10, 100)] == [2 * far]

    scenario_in(tmp_path, scenario, segment_age=60)
