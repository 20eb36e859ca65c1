"""Limits and expiry of what is in segments."""

import time
from pathlib import Path

from object_kit import appends, scenario_in

from robustmq_broker.storage.object.adapter import ObjectAdapter
from robustmq_common.spi.storage import Append, Bounds, Retain, WriteBatch


async def swept(adapter: ObjectAdapter, shard: str = "a") -> Bounds:
    while await adapter.sweep():
        pass
    return await adapter.bounds(shard)


def test_a_limit_of_bytes_within_a_segment(tmp_path: Path) -> None:
    async def scenario(adapter: ObjectAdapter) -> None:
        await adapter.commit(WriteBatch([Retain("a", bytes=5500)]))
        await adapter.commit(appends("a", 0, 100, 92))
        await adapter.compact()
        assert await swept(adapter) == Bounds(45, 100)
        # The extent begins before the log does now.
        await adapter.commit(appends("a", 100, 10, 92))
        assert await swept(adapter) == Bounds(55, 110)
        assert await swept(adapter) == Bounds(55, 110)

    scenario_in(tmp_path, scenario, segment_age=60, block_size=512)


def test_old_segments_go_without_being_read(tmp_path: Path) -> None:
    async def scenario(adapter: ObjectAdapter) -> None:
        now = time.time()
        for age in (5000, 4000, 10):
            batch = [Append("a", bytes(100), timestamp=now - age) for _ in range(10)]
            await adapter.commit(WriteBatch([*batch]))
            await adapter._flush()
        adapter._reader._cache._kept.clear()
        await adapter.commit(WriteBatch([Retain("a", seconds=3600)]))
        assert await swept(adapter) == Bounds(20, 30)
        assert {key[0] & 0xFFFFFFFF for key in adapter._reader._cache._kept} == {5}
        await adapter.compact()
        assert len(list((tmp_path / "store/segments").iterdir())) <= 3

    scenario_in(tmp_path, scenario, segment_age=60, compact_segments=100)


def test_expired_records_in_segments(tmp_path: Path) -> None:
    async def scenario(adapter: ObjectAdapter) -> None:
        ends = [1.0, 1.0, 1e11, 1.0]
        await adapter.commit(WriteBatch([Append("a", b"x", expires_at=at) for at in ends]))
        await adapter.commit(WriteBatch([Append("b", b"x", expires_at=1.0)]))
        await adapter.compact()
        assert [record.offset for record in await adapter.read("a", 0, 10, 100)] == [2]
        assert await swept(adapter) == Bounds(2, 4)
        assert await adapter.bounds("b") == Bounds(1, 1)

    scenario_in(tmp_path, scenario, segment_age=60)


def test_more_than_one_step(tmp_path: Path) -> None:
    async def scenario(adapter: ObjectAdapter) -> None:
        batch = [Append("a", b"", expires_at=1.0) for _ in range(5000)]
        await adapter.commit(WriteBatch([*batch, Append("a", b"kept")]))
        await adapter.compact()
        assert await adapter.sweep()
        assert await swept(adapter) == Bounds(5000, 5001)

    scenario_in(tmp_path, scenario, segment_age=60)
