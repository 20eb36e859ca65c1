"""Snapshots: their objects stay while the adapter compacts."""

from pathlib import Path

import pytest
from object_kit import appends, scenario_in

from robustmq_broker.storage.object.adapter import ObjectAdapter
from robustmq_common.errors import StorageError
from robustmq_common.spi.storage import Drop, Put, WriteBatch


def test_what_it_reads_is_not_deleted(tmp_path: Path) -> None:
    async def scenario(adapter: ObjectAdapter) -> None:
        await adapter.commit(appends("a", 0, 100))
        snapshot = await adapter.snapshot()
        await adapter.commit(WriteBatch([Drop("a"), Put("b", b"k", b"v")]))
        for _ in range(3):
            await adapter.commit(WriteBatch([Put("b", b"k", b"w")]))
            await adapter.compact()
        assert len(await snapshot.read("a", 0, 1000, 2**20)) == 100
        assert await snapshot.check() == []
        await snapshot.close()
        await snapshot.close()
        await adapter.commit(WriteBatch([Put("b", b"k", b"x")]))
        await adapter.compact()
        assert list((tmp_path / "store/segments").iterdir()) == []

    scenario_in(tmp_path, scenario, segment_age=60)


def test_it_cannot_be_waited_on_and_repairs_nothing(tmp_path: Path) -> None:
    async def scenario(adapter: ObjectAdapter) -> None:
        await adapter.commit(appends("a", 0, 100))
        snapshot = await adapter.snapshot()
        with pytest.raises(StorageError, match="this is a snapshot"):
            await snapshot.wait_for_change("a", 100)
        (segment,) = (tmp_path / "store/segments").iterdir()
        segment.write_bytes(b"")
        with pytest.raises(StorageError, match="read of shard 'a' at 0"):
            await snapshot.read("a", 0, 10, 1000)
        (problem,) = await snapshot.check()
        assert "is damaged: it is too short" in problem
        await snapshot.close()

    scenario_in(tmp_path, scenario, segment_age=60)
