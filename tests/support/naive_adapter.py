"""A storage adapter that is too simple to be wrong: every commit works on a copy.

The contract is tried on it, and the real adapters are compared with it.
"""

import asyncio
import copy
import time
from typing import Any

from robustmq_common.errors import ConditionFailed, StorageError
from robustmq_common.spi.storage import (
    Append,
    Bounds,
    Delete,
    Drop,
    Operation,
    Put,
    Retain,
    Skip,
    StorageAdapter,
    StoredRecord,
    Trim,
    Usage,
    WriteBatch,
)


class NaiveShard:
    def __init__(self) -> None:
        self.start = 0
        self.records: list[StoredRecord] = []
        self.values: dict[bytes, bytes] = {}
        self.end = 0
        self.limits: Retain | None = None

    def copy(self) -> "NaiveShard":
        """One with the same records, which nobody changes."""
        same = copy.copy(self)
        same.records = list(self.records)
        same.values = dict(self.values)
        return same

    def oldest_is_beyond(self, now: float) -> bool:
        limits = self.limits
        if limits is None or not self.records:
            return False
        size = sum(len(record.value) + len(record.key or b"") for record in self.records)
        return (
            (limits.records is not None and self.end - self.start > limits.records)
            or (limits.seconds is not None and self.records[0].timestamp < now - limits.seconds)
            or (limits.bytes is not None and size > limits.bytes)
        )

    def sweep(self, now: float) -> None:
        self.records = [record for record in self.records if not is_expired(record, now)]
        self.skip_gone()
        while self.oldest_is_beyond(now):
            del self.records[0]
            self.skip_gone()

    def skip_gone(self) -> None:
        self.start = self.records[0].offset if self.records else self.end


def copied(state: dict[str, NaiveShard]) -> dict[str, NaiveShard]:
    return {name: shard.copy() for name, shard in state.items()}


def is_expired(record: StoredRecord, now: float) -> bool:
    return 0 < record.expires_at <= now


class NaiveAdapter(StorageAdapter):
    """Keeps shards in `disk` if it is given one, and finds them there when it is opened again."""

    name = "naive"

    def __init__(self, disk: dict[str, NaiveShard] | None = None) -> None:
        self.disk = disk
        self.state: dict[str, NaiveShard] | None = None
        self.changed = asyncio.Condition()

    async def open(self) -> None:
        self.state = copied(self.disk or {})

    async def close(self) -> None:
        if self.disk is not None and self.state is not None:
            self.disk.update(self.state)
        self.state = None
        async with self.changed:
            self.changed.notify_all()

    async def commit(self, batch: WriteBatch) -> list[int]:
        state = dict(self.opened(batch.operations[0].shard if batch.operations else ""))
        for shard in {operation.shard for operation in batch.operations} & set(state):
            state[shard] = state[shard].copy()
        offsets = []
        for operation in batch.operations:
            self.apply(state, operation)
            if isinstance(operation, Append):
                operation.offset = state[operation.shard].end - 1
                offsets.append(operation.offset)
        self.state = state
        async with self.changed:
            self.changed.notify_all()
        return offsets

    def apply(self, state: dict[str, NaiveShard], operation: Operation) -> None:
        if isinstance(operation, Drop):
            state.pop(operation.shard, None)
            return
        shard = state.get(operation.shard, NaiveShard())
        if isinstance(operation, Append | Put | Skip | Retain):
            state[operation.shard] = shard
        if isinstance(operation, Put | Delete):
            self.compare(shard.values.get(operation.key), operation.expected)
        if isinstance(operation, Append):
            record = StoredRecord(
                shard.end, operation.value, operation.key, operation.timestamp, operation.expires_at
            )
            shard.records.append(record)
            shard.end += 1
        elif isinstance(operation, Put):
            shard.values[operation.key] = operation.value
        elif isinstance(operation, Delete):
            shard.values.pop(operation.key, None)
            if not shard.values and not shard.end and shard.limits is None:
                state.pop(operation.shard, None)
        elif isinstance(operation, Trim):
            shard.records = [one for one in shard.records if one.offset >= operation.before]
            shard.start = max(shard.start, min(operation.before, shard.end))
        elif isinstance(operation, Skip):
            if operation.to > shard.end:
                if shard.start == shard.end:
                    shard.start = operation.to
                shard.end = operation.to
        elif isinstance(operation, Retain):
            shard.limits = operation

    def compare(self, present: bytes | None, expected: bytes | None) -> None:
        if expected is not None and present != (expected or None):
            raise ConditionFailed("another value")

    async def read(
        self, shard: str, offset: int, max_records: int, max_bytes: int
    ) -> list[StoredRecord]:
        found: list[StoredRecord] = []
        for record in self.shard(shard).records:
            if is_expired(record, time.time()):
                continue
            if record.offset >= offset and len(found) < max_records:
                size = sum(len(one.value) + len(one.key or b"") for one in [*found, record])
                if found and size > max_bytes:
                    break
                found.append(record)
        return found

    async def bounds(self, shard: str) -> Bounds:
        return Bounds(self.shard(shard).start, self.shard(shard).end)

    async def offset_at(self, shard: str, timestamp: float) -> int:
        younger = [one.offset for one in self.shard(shard).records if one.timestamp >= timestamp]
        return min(younger, default=self.shard(shard).end)

    async def get(self, shard: str, key: bytes) -> bytes | None:
        return self.shard(shard).values.get(key)

    async def scan(
        self, shard: str, prefix: bytes = b"", after: bytes = b"", limit: int = 1000
    ) -> list[tuple[bytes, bytes]]:
        found = sorted(self.shard(shard).values.items())
        return [it for it in found if it[0].startswith(prefix) and (not after or it[0] > after)][
            :limit
        ]

    async def shards(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        found = sorted(self.opened(prefix))
        return [name for name in found if name.startswith(prefix) and name > after][:limit]

    async def sweep(self) -> bool:
        for shard in self.opened("sweep").values():
            shard.sweep(time.time())
        return False

    async def wait_for_change(self, shard: str, end: int) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: self.shard(shard).end > end)

    async def usage(self, shard: str) -> Usage:
        found = self.shard(shard)
        log_bytes = sum(len(one.value) + len(one.key or b"") for one in found.records)
        key_bytes = sum(len(key) + len(value) for key, value in found.values.items())
        count = len(found.values)
        return Usage(len(found.records), log_bytes, count, key_bytes, limits=found.limits)

    async def sync(self) -> None:
        self.opened("sync")

    async def check(self) -> list[str]:
        self.opened("check")
        return []

    async def compact(self) -> None:
        self.opened("compact")

    async def snapshot(self) -> StorageAdapter:
        snapshot = NaiveSnapshot()
        snapshot.state = copied(self.opened("snapshot"))
        return snapshot

    def opened(self, shard: str) -> dict[str, NaiveShard]:
        if self.state is None:
            raise StorageError(f"{shard}: not open")
        return self.state

    def shard(self, name: str) -> NaiveShard:
        return self.opened(name).get(name, NaiveShard())


class NaiveSnapshot(NaiveAdapter):
    async def commit(self, batch: WriteBatch) -> list[int]:
        raise StorageError(f"{batch.operations}: this is a snapshot")

    async def sweep(self) -> bool:
        raise StorageError("sweep: this is a snapshot")

    async def compact(self) -> None:
        raise StorageError("compact: this is a snapshot")


async def picture(store: StorageAdapter) -> dict[str, Any]:
    """Everything that is in a store, to compare it with another."""
    return {
        name: (
            await store.bounds(name),
            await store.read(name, 0, 10_000, 10_000_000),
            await store.scan(name, limit=10_000),
        )
        for name in await store.shards(limit=10_000)
    }
