"""What a backup has; that it comes back is in test_restore.py."""

import asyncio
from pathlib import Path

from backup_kit import exported, filled_memory

from robustmq_broker.backup.export import PIECE, export_backup
from robustmq_broker.backup.frames import Decoder, KeyEntry, ShardEntry, Totals
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.spi.storage import Append, StoredRecord, WriteBatch


def test_an_empty_storage_is_a_backup_of_nothing() -> None:
    async def scenario() -> None:
        adapter = MemoryAdapter({}, Path())
        await adapter.open()
        assert list(Decoder().feed(await exported(adapter))) == [Totals()]

    asyncio.run(scenario())


def test_everything_is_in_it_in_order() -> None:
    async def scenario() -> None:
        entries = list(Decoder().feed(await exported(await filled_memory())))
        shards = [one for one in entries if isinstance(one, ShardEntry)]
        assert [(one.name, one.start, one.end) for one in shards] == [
            ("empty", 0, 0),
            ("keys", 0, 0),
            ("log", 30, 1200),
            ("trimmed", 5, 5),
        ]
        assert shards[0].limits is not None
        assert shards[0].limits.seconds == 3600
        records = [one for one in entries if isinstance(one, StoredRecord)]
        assert [one.offset for one in records] == list(range(30, 1200))
        keys = [one for one in entries if isinstance(one, KeyEntry)]
        assert [one.key for one in keys] == sorted(b"key %d" % n for n in range(1500))
        assert entries[-1] == Totals(4, 1170, 1500)

    asyncio.run(scenario())


def test_two_of_the_same_state_are_the_same_bytes() -> None:
    async def scenario() -> None:
        first, second = await filled_memory(), await filled_memory()
        assert await exported(first) == await exported(second) == await exported(first)

    asyncio.run(scenario())


def test_it_comes_in_pieces() -> None:
    async def scenario() -> None:
        adapter = MemoryAdapter({}, Path())
        await adapter.open()
        await adapter.commit(WriteBatch([Append("s", bytes(1000)) for _ in range(5000)]))
        sizes = [len(piece) async for piece, _ in export_backup(adapter)]
        assert len(sizes) > 30
        assert max(sizes) < 2 * PIECE

    asyncio.run(scenario())
