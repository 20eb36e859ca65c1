"""What goes on behind the adapter: compaction, merging, fencing."""

import asyncio
from pathlib import Path

import pytest
from object_kit import adapter_in, appends, scenario_in

from robustmq_broker.storage.object.adapter import ObjectAdapter
from robustmq_common.errors import StorageError
from robustmq_common.spi.storage import Append, Bounds, Put, Trim, WriteBatch
from until import until


def objects(folder: Path, kind: str) -> list[str]:
    return sorted(path.name for path in (folder / "store" / kind).iterdir())


def test_small_segments_become_one(tmp_path: Path) -> None:
    async def scenario(adapter: ObjectAdapter) -> None:
        for number in range(6):
            batch = [Append("a", b"%d" % number), Append(f"shard-{number}", b"x")]
            await adapter.commit(WriteBatch([*batch]))
            await adapter._flush()
        assert len(adapter._state.segments) == 6
        await adapter.compact()
        assert len(adapter._state.segments) == 1
        shard = adapter._state.shards["a"]
        assert [(it.first, it.end) for it in shard.extents] == [(0, 6)]
        found = await adapter.read("a", 0, 10, 100)
        assert [record.value for record in found] == [b"%d" % number for number in range(6)]

    scenario_in(tmp_path, scenario, segment_age=60, compact_segments=100)


def test_a_segment_with_few_records_left_is_written_anew(tmp_path: Path) -> None:
    async def scenario(adapter: ObjectAdapter) -> None:
        batch = [Append(f"shard-{number}", bytes(100)) for number in range(100)]
        await adapter.commit(WriteBatch([*batch]))
        await adapter._flush()
        (before,) = adapter._state.segments.values()
        await adapter.commit(WriteBatch([Trim(f"shard-{number}", 1) for number in range(80)]))
        await adapter.compact()
        (after,) = adapter._state.segments.values()
        assert after.size < before.size / 3
        assert len(await adapter.read("shard-99", 0, 10, 1000)) == 1
        assert await adapter.bounds("shard-0") == Bounds(1, 1)

    scenario_in(tmp_path, scenario, segment_age=60)


def test_changes_are_merged(tmp_path: Path) -> None:
    async def scenario(adapter: ObjectAdapter) -> None:
        for number in range(100):
            await adapter.commit(WriteBatch([Put("a", b"%d" % (number % 7), b"%d" % number)]))
            await adapter._flush()
        assert len(adapter._uploader.manifest.states) < 40
        await adapter.compact()
        assert len(adapter._uploader.manifest.states) == 1

    scenario_in(tmp_path, scenario, segment_age=60)
    assert len(objects(tmp_path, "manifests")) == 2
    adapter = adapter_in(tmp_path)

    async def again() -> None:
        await adapter.open()
        assert len(await adapter.scan("a")) == 7
        await adapter.close()

    asyncio.run(again())


def test_orphans_are_removed_and_nothing_else(tmp_path: Path) -> None:
    async def write(adapter: ObjectAdapter) -> None:
        await adapter.commit(appends("a", 0, 10))

    async def look(adapter: ObjectAdapter) -> None:
        await adapter.compact()
        assert len(await adapter.read("a", 0, 100, 2**20)) == 10
        assert await adapter.check() == []

    scenario_in(tmp_path, write)
    orphans = [
        "segments/0000000001-0000000099.seg",
        "states/0000000001-0000000099",
        "manifests/0000000000-0000000001",
    ]
    kept = ["segments/0000000001-0000000098.seg.corrupt", "segments/0000000009-0000000001.seg"]
    for name in (*orphans, *kept):
        (tmp_path / "store" / name).write_bytes(b"")
    scenario_in(tmp_path, look)
    assert not any((tmp_path / "store" / name).exists() for name in orphans)
    assert all((tmp_path / "store" / name).exists() for name in kept)


def test_an_idle_broker_notices_that_another_has_taken_over(tmp_path: Path) -> None:
    async def scenario(adapter: ObjectAdapter) -> None:
        other = adapter_in(tmp_path / "other", f"file://{tmp_path}/store")
        await other.open()
        await until(lambda: adapter._failure is not None, "it does not notice")
        with pytest.raises(StorageError, match=r"commit of 1 op.* belongs to process \d+"):
            await adapter.commit(WriteBatch([Append("a", b"")]))
        await other.close()

    scenario_in(tmp_path, scenario, fence_interval=0.05)
