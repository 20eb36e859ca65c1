"""What a start makes of a local log."""

import asyncio
import shutil
from pathlib import Path

import pytest
from object_kit import adapter_in, appends

from robustmq_broker.storage.object.adapter import ObjectAdapter
from robustmq_common.spi.storage import Bounds

pytest_plugins = ("plain_log",)
pytestmark = pytest.mark.usefixtures("plain_log")


def logs(folder: Path) -> list[Path]:
    return sorted((folder / "data/object/wal").iterdir())


async def found(folder: Path) -> tuple[Bounds, list[int]]:
    adapter = adapter_in(folder)
    await adapter.open()
    records = await adapter.read("a", 0, 1000, 2**20)
    bounds = await adapter.bounds("a")
    await adapter.compact()
    await adapter.close()
    return bounds, [int(record.value[:8]) for record in records]


@pytest.mark.parametrize("durability", ["os", "memory"])
def test_it_is_replayed_once(tmp_path: Path, durability: str) -> None:
    async def scenario() -> None:
        adapter = adapter_in(tmp_path, segment_age=60)
        adapter.durability = durability
        await adapter.open()
        await adapter.commit(appends("a", 0, 10))
        assert len(logs(tmp_path)) == (durability == "os")
        shutil.copytree(tmp_path / "data/object/wal", tmp_path / "wal")
        await adapter.close()
        # As if the machine had stopped after the upload and before the log was removed.
        shutil.rmtree(tmp_path / "data/object/wal")
        (tmp_path / "wal").rename(tmp_path / "data/object/wal")
        assert await found(tmp_path) == (Bounds(0, 10), list(range(10)))
        assert logs(tmp_path) == []

    asyncio.run(scenario())


def test_a_file_that_is_missing_breaks_the_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> None:
        first = adapter_in(tmp_path, segment_age=60)
        await first.open()
        kept = tmp_path / "kept"
        for number in range(3):
            await first.commit(appends("a", number * 10, 10))
            first._wal.rotate()
        shutil.copytree(tmp_path / "data/object/wal", kept)
        manifests = tmp_path / "manifests"
        shutil.copytree(tmp_path / "store", manifests)
        await first.close()
        shutil.rmtree(tmp_path / "store")
        manifests.rename(tmp_path / "store")
        shutil.rmtree(tmp_path / "data/object/wal")
        kept.rename(tmp_path / "data/object/wal")
        logs(tmp_path)[1].unlink()

        assert await found(tmp_path) == (Bounds(0, 10), list(range(10)))
        assert [path.suffix for path in logs(tmp_path)] == [".corrupt"]

    asyncio.run(scenario())
    out = "".join(capfd.readouterr())
    assert out.count("a file of the local log is not replayed") == 1
    assert "what came before it in the log is lost" in out
    assert "records=10" in out


def test_the_log_of_another_store(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> None:
        first = adapter_in(tmp_path, segment_age=60)
        await first.open()
        await first.commit(appends("a", 0, 10))
        shutil.copytree(tmp_path / "data/object/wal", tmp_path / "kept")
        await first.close()
        shutil.rmtree(tmp_path / "store")
        shutil.rmtree(tmp_path / "data/object/wal")
        (tmp_path / "kept").rename(tmp_path / "data/object/wal")
        assert await found(tmp_path) == (Bounds(0, 0), [])
        assert [path.suffix for path in logs(tmp_path)] == [".fenced"]

    asyncio.run(scenario())
    assert "a file of the local log is not replayed" in "".join(capfd.readouterr())


def test_damaged_changes_are_set_aside(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async def write() -> None:
        adapter: ObjectAdapter = adapter_in(tmp_path)
        await adapter.open()
        await adapter.commit(appends("a", 0, 10))
        await adapter._flush()
        await adapter.commit(appends("b", 0, 10))
        await adapter.close()

    asyncio.run(write())
    first = min((tmp_path / "store/states").iterdir())
    first.write_bytes(b"damaged")
    assert asyncio.run(found(tmp_path))[0] == Bounds(0, 0)
    assert "changes to shards are damaged" in "".join(capfd.readouterr())
    assert first.with_name(f"{first.name}.corrupt").read_bytes() == b"damaged"
