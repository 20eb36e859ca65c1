"""Uploads: what is written in which order, and what is left when it ends in between."""

import asyncio
import shutil
from pathlib import Path

from object_kit import adapter_in, appends, scenario_in

from robustmq_broker.storage.object.adapter import ObjectAdapter
from robustmq_common.errors import StorageError
from robustmq_common.spi.storage import Append, Bounds, Put, WriteBatch
from until import until


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_a_generation_is_a_segment_changes_and_a_manifest(tmp_path: Path) -> None:
    async def scenario(adapter: ObjectAdapter) -> None:
        before = files(tmp_path / "store")
        await adapter.commit(appends("a", 0, 10))
        await adapter._flush()
        new = files(tmp_path / "store") - before
        kinds = sorted(str(path.parent.name) for path in new)
        assert kinds == ["manifests", "segments", "states"]
        # Without records there is no segment.
        await adapter.commit(WriteBatch([Put("a", b"k", b"v")]))
        await adapter._flush()
        assert len(list((tmp_path / "store/segments").iterdir())) == 1

    scenario_in(tmp_path, scenario, segment_age=60)


def test_size_and_age_begin_an_upload(tmp_path: Path) -> None:
    async def by_size(adapter: ObjectAdapter) -> None:
        await adapter.commit(appends("a", 0, 100))
        assert adapter._generation.last == 0
        await adapter._flush()
        assert adapter.pending == 0

    async def by_age(adapter: ObjectAdapter) -> None:
        await adapter.commit(WriteBatch([Append("a", b"x")]))
        assert adapter.pending > 0
        await until(lambda: adapter.pending == 0, "it is not uploaded")

    scenario_in(tmp_path, by_size, segment_age=60, segment_size=4096)
    scenario_in(tmp_path, by_age, segment_age=0.05)


def test_an_end_between_any_two_objects(tmp_path: Path) -> None:
    """The next start finds everything once, whichever object was the last to be written."""
    for ends_after in range(12):
        folder = tmp_path / str(ends_after)
        folder.mkdir()
        asyncio.run(_end_after(folder, ends_after))
        asyncio.run(_everything_once(folder))


async def _end_after(folder: Path, writes: int) -> None:
    """The store takes so many more objects, and then none; what is on the disks then is kept."""
    adapter = adapter_in(folder, segment_age=60, compact_segments=2)
    await adapter.open()
    left = writes
    files = adapter._uploader.files
    write, create = files.write, files.create

    async def limited(name: str, data: bytes) -> None:
        _take()
        await write(name, data)

    async def limited_create(name: str, data: bytes) -> bool:
        _take()
        return await create(name, data)

    def _take() -> None:
        nonlocal left
        if left == 0:
            raise StorageError("the store is gone")
        left -= 1

    files.write, files.create = limited, limited_create  # type: ignore[method-assign]
    for first in (0, 10, 20):
        await adapter.commit(appends("a", first, 10))
        await adapter.commit(WriteBatch([Put("a", b"end", b"%d" % (first + 10))]))
        adapter._seal()
    # With three uploads and what is merged and compacted after them, it may need fewer.
    uploader = adapter._uploader
    await until(lambda: not left or (uploader.manifest.sequence == 6 and left < 3))
    shutil.copytree(folder, folder / "copy")
    files.write, files.create = write, create  # type: ignore[method-assign]
    await adapter.close()


async def _everything_once(folder: Path) -> None:
    adapter = adapter_in(folder / "copy", f"file://{folder}/copy/store")
    await adapter.open()
    assert await adapter.bounds("a") == Bounds(0, 30)
    found = await adapter.read("a", 0, 100, 2**20)
    assert [int(record.value[:8]) for record in found] == list(range(30))
    assert await adapter.get("a", b"end") == b"30"
    assert await adapter.check() == []
    await adapter.close()
