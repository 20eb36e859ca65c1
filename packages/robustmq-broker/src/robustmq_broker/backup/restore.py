"""[D] Checks a backup, and fills an empty storage adapter from it."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final

from robustmq_broker.backup.frames import Decoder, Entry, KeyEntry, ShardEntry, Totals
from robustmq_common.errors import CallerError, WorldError
from robustmq_common.spi.storage import (
    Append,
    Drop,
    Operation,
    Put,
    Retain,
    Skip,
    StorageAdapter,
    StoredRecord,
    WriteBatch,
)

Progress = Callable[[int], None]
"""Is called with how many bytes have been read."""

_PIECE: Final = 1024 * 1024
_BATCH: Final = 1000
_BATCH_BYTES: Final = 4 * 1024 * 1024
_PAGE: Final = 1000


def check_backup(path: Path, progress: Progress) -> Totals:
    """Read a backup to its end; returns what it holds. Raises BackupDamaged or WorldError."""
    decoder = Decoder()
    for _ in _entries(path, decoder, progress):
        pass
    return decoder.seen


async def is_empty(adapter: StorageAdapter) -> bool:
    """Whether an adapter has no shard at all."""
    return not await adapter.shards(limit=1)


async def drop_everything(adapter: StorageAdapter) -> AsyncIterator[int]:
    """Delete all shards; yields how many are gone."""
    dropped = 0
    while names := await adapter.shards(limit=_PAGE):
        await adapter.commit(WriteBatch([Drop(name) for name in names]))
        dropped += len(names)
        yield dropped


async def restore_backup(path: Path, adapter: StorageAdapter, progress: Progress) -> Totals:
    """Write what a backup holds to an adapter that is empty, and sync it; returns what that was.

    A log begins and ends at the offsets it had, and its records have theirs. Raises CallerError if
    the adapter has something, BackupDamaged, WorldError or StorageError; what was written until
    then stays.
    """
    if not await is_empty(adapter):
        raise CallerError(f"the {adapter.name} storage is not empty")
    decoder = Decoder()
    batch = _Batch(adapter)
    for entry in _entries(path, decoder, progress):
        batch.add(entry)
        if batch.is_full():
            await batch.commit()
    batch.finish_shard()
    await batch.commit()
    await adapter.sync()
    return decoder.seen


class _Batch:
    """Turns entries into operations."""

    def __init__(self, adapter: StorageAdapter) -> None:
        self._adapter = adapter
        self._operations: list[Operation] = []
        self._size = 0
        self._shard = ShardEntry("", 0, 0, None)
        self._next = 0

    def add(self, entry: Entry) -> None:
        name = self._shard.name
        if isinstance(entry, ShardEntry):
            self.finish_shard()
            self._shard = entry
            self._next = 0
            limits = entry.limits
            if limits is not None:
                self._operations.append(
                    Retain(entry.name, limits.seconds, limits.bytes, limits.records)
                )
            self._skip(entry.start)
        elif isinstance(entry, StoredRecord):
            self._skip(entry.offset)
            self._operations.append(
                Append(name, entry.value, entry.key, entry.timestamp, entry.expires_at)
            )
            self._next += 1
            self._size += len(entry.value)
        elif isinstance(entry, KeyEntry):
            self._operations.append(Put(name, entry.key, entry.value))
            self._size += len(entry.value)

    def finish_shard(self) -> None:
        """The records at the end of the log may have expired: their offsets are taken still."""
        self._skip(self._shard.end)

    def is_full(self) -> bool:
        return len(self._operations) >= _BATCH or self._size >= _BATCH_BYTES

    async def commit(self) -> None:
        operations, self._operations, self._size = self._operations, [], 0
        if operations:
            await self._adapter.commit(WriteBatch(operations))

    def _skip(self, offset: int) -> None:
        if offset > self._next:
            self._operations.append(Skip(self._shard.name, offset))
            self._next = offset


def _entries(path: Path, decoder: Decoder, progress: Progress) -> Iterator[Entry]:
    try:
        with path.open("rb") as file:
            size = 0
            while data := file.read(_PIECE):
                yield from decoder.feed(data)
                size += len(data)
                progress(size)
    except OSError as error:
        raise WorldError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    decoder.finish()
