"""A backup fills another storage: the same records at the same offsets, the same keys."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from backup_kit import exported, fill, filled_memory

from robustmq_broker.backup.restore import (
    check_backup,
    drop_everything,
    is_empty,
    restore_backup,
)
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter
from robustmq_common.errors import BackupDamaged, CallerError, WorldError
from robustmq_common.spi.storage import Append, Bounds, Skip, StorageAdapter, Trim, WriteBatch

Make = Callable[[Path], StorageAdapter]
KINDS: list[Make] = [
    lambda path: MemoryAdapter({}, path),
    lambda path: RocksdbAdapter({}, path),
]
both = pytest.mark.parametrize("make", KINDS, ids=["memory", "rocksdb"])


def ignore(_: int) -> None:
    pass


@both
def test_the_copy_has_the_same_backup(make: Make, tmp_path: Path) -> None:
    async def scenario() -> None:
        data = await exported(await filled_memory())
        (tmp_path / "backup").write_bytes(data)
        copy = make(tmp_path)
        await copy.open()
        told: list[int] = []
        totals = await restore_backup(tmp_path / "backup", copy, told.append)
        assert (totals.shards, totals.records, totals.keys) == (4, 1170, 1500)
        assert told[-1] == len(data)
        assert await exported(copy) == data
        assert await copy.bounds("log") == Bounds(30, 1200)
        assert (await copy.commit(WriteBatch([Append("log", b""), Append("trimmed", b"")]))) == [
            1200,
            5,
        ]
        await copy.close()

    asyncio.run(scenario())


@both
def test_a_log_that_began_very_late_begins_there_again(make: Make, tmp_path: Path) -> None:
    """Also one whose oldest offset is beyond what could be filled up one by one."""
    late = 10**15

    async def scenario() -> None:
        source = MemoryAdapter({}, tmp_path)
        await source.open()
        await source.commit(WriteBatch([Skip("s", late), Append("s", b"one"), Append("s", b"two")]))
        (tmp_path / "backup").write_bytes(await exported(source))
        copy = make(tmp_path)
        await copy.open()
        await restore_backup(tmp_path / "backup", copy, ignore)
        records = await copy.read("s", 0, 10, 1000)
        assert [(one.offset, one.value) for one in records] == [(late, b"one"), (late + 1, b"two")]
        await copy.close()

    asyncio.run(scenario())


@both
def test_records_that_expired_leave_their_offsets_unused(make: Make, tmp_path: Path) -> None:
    async def scenario() -> None:
        source = MemoryAdapter({}, tmp_path)
        await source.open()
        gone = {0, 3, 4, 9}
        await source.commit(
            WriteBatch(
                [Append("s", b"%d" % n, expires_at=1.0 if n in gone else 0.0) for n in range(10)]
            )
        )
        (tmp_path / "backup").write_bytes(await exported(source))
        copy = make(tmp_path)
        await copy.open()
        await restore_backup(tmp_path / "backup", copy, ignore)
        records = await copy.read("s", 0, 100, 100_000)
        assert [one.offset for one in records] == [1, 2, 5, 6, 7, 8]
        assert (await copy.bounds("s")).end == 10
        await copy.close()

    asyncio.run(scenario())


def test_a_storage_with_something_in_it_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        target = await filled_memory()
        (tmp_path / "backup").write_bytes(await exported(target))
        assert not await is_empty(target)
        with pytest.raises(CallerError, match="is not empty"):
            await restore_backup(tmp_path / "backup", target, ignore)

    asyncio.run(scenario())


@both
def test_everything_can_be_dropped(make: Make, tmp_path: Path) -> None:
    async def scenario() -> None:
        target = make(tmp_path)
        await target.open()
        await fill(target)
        assert [count async for count in drop_everything(target)] == [4]
        assert await is_empty(target)
        await target.close()

    asyncio.run(scenario())


def test_a_sound_backup_is_verified_and_a_damaged_one_is_found(tmp_path: Path) -> None:
    path = tmp_path / "backup"

    async def scenario() -> bytes:
        return await exported(await filled_memory())

    data = asyncio.run(scenario())
    path.write_bytes(data)
    assert check_backup(path, ignore).records == 1170
    path.write_bytes(data[:-5])
    with pytest.raises(BackupDamaged, match="cut off"):
        check_backup(path, ignore)
    path.write_bytes(data[:5000] + bytes([data[5000] ^ 4]) + data[5001:])
    with pytest.raises(BackupDamaged, match="wrong checksum"):
        check_backup(path, ignore)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match=r"cannot read .*no such file"):
        check_backup(tmp_path / "none", ignore)


def test_an_empty_log_keeps_its_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        source = MemoryAdapter({}, tmp_path)
        await source.open()
        await source.commit(WriteBatch([*(Append("s", b"") for _ in range(7)), Trim("s", 7)]))
        (tmp_path / "backup").write_bytes(await exported(source))
        for make in KINDS:
            copy = make(tmp_path)
            await copy.open()
            await restore_backup(tmp_path / "backup", copy, ignore)
            assert await copy.bounds("s") == Bounds(7, 7)
            await copy.close()

    asyncio.run(scenario())
