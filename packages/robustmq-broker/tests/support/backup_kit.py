"""Storage with a bit of everything, and backups of it."""

from pathlib import Path

from robustmq_broker.backup.export import export_backup
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.spi.storage import Append, Put, Retain, StorageAdapter, Trim, WriteBatch


async def fill(adapter: StorageAdapter) -> None:
    """Write a log that begins late, keys, a log of which only the end is left, and limits."""
    batch = WriteBatch()
    for number in range(1200):
        key = b"key" if number % 3 == 0 else None
        batch.operations.append(Append("log", b"%d" % number, key, 1000.0 + number))
    batch.operations.append(Trim("log", 30))
    batch.operations += [Put("keys", b"key %d" % number, b"v") for number in range(1500)]
    batch.operations += [Append("trimmed", b"") for _ in range(5)]
    batch.operations += [Trim("trimmed", 5), Retain("empty", 3600, None, 10)]
    await adapter.commit(batch)


async def filled_memory() -> MemoryAdapter:
    adapter = MemoryAdapter({}, Path())
    await adapter.open()
    await fill(adapter)
    return adapter


async def exported(adapter: StorageAdapter) -> bytes:
    return b"".join([piece async for piece, _ in export_backup(adapter)])
