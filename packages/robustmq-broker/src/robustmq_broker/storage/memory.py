"""[D] The storage adapter that keeps everything in this process, and loses it with the process."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from robustmq_broker.storage.conditions import check_conditions, has_conditions
from robustmq_broker.storage.read_only import ReadOnly
from robustmq_broker.storage.retention import record_size
from robustmq_broker.storage.shard import Shard
from robustmq_broker.storage.sorted_names import SortedNames
from robustmq_broker.storage.waiters import Waiters, not_open
from robustmq_common.errors import ConfigError
from robustmq_common.spi.storage import (
    Append,
    Bounds,
    Delete,
    Drop,
    Put,
    Retain,
    Skip,
    StorageAdapter,
    StoredRecord,
    Trim,
    Usage,
    WriteBatch,
)

_EMPTY = Shard()
_SWEPT_RECORDS = 5000
"""How many records a sweep looks at, at most: about a millisecond of work."""
_COUNTED: Final = 5000
"""Records or keys whose sizes are added up without letting others run: half a millisecond."""


class MemoryAdapter(StorageAdapter):
    """Shards in dicts. Nothing is copied or encoded, and what a session does never suspends.

    settings: has to be empty; there is nothing to set. Raises ConfigError otherwise.
    data_dir: not used.
    """

    name = "memory"

    def __init__(self, settings: Mapping[str, Any], data_dir: Path) -> None:  # noqa: ARG002
        if settings:
            unknown = ", ".join(sorted(settings))
            message = f"the storage adapter memory has no settings, but was given {unknown}"
            raise ConfigError(message)
        self._shards: dict[str, Shard] = {}
        self._names: SortedNames[str] = SortedNames()
        self._waiters = Waiters(self.name)
        # Shards that sweeps come by, and those that the present round has yet to see.
        self._swept: dict[str, None] = {}
        self._round: list[str] = []
        self._now: Callable[[], float] = time.time
        self._is_open = False

    async def open(self) -> None:
        self._is_open = True

    async def close(self) -> None:
        self._is_open = False
        self._shards = {}
        self._names = SortedNames()
        self._swept = {}
        self._round = []
        self._waiters.close()

    async def commit(self, batch: WriteBatch) -> list[int]:
        operations = batch.operations
        self._check_open("commit", operations[0].shard if operations else "")
        if has_conditions(operations):
            check_conditions(operations, self._get)
        offsets: list[int] = []
        grown: set[str] = set()
        for operation in operations:
            if isinstance(operation, Append):
                operation.offset = self._shard(operation.shard).append(operation)
                offsets.append(operation.offset)
                grown.add(operation.shard)
                if operation.expires_at:
                    self._swept[operation.shard] = None
            else:
                self._apply(operation)
                if isinstance(operation, Skip):
                    grown.add(operation.shard)
        for shard in grown:
            if shard in self._waiters:
                self._waiters.wake(shard, self._shards[shard].end if shard in self._shards else 0)
        return offsets

    async def read(
        self, shard: str, offset: int, max_records: int, max_bytes: int
    ) -> list[StoredRecord]:
        return self._look("read", shard).read(offset, max_records, max_bytes, self._now())

    async def bounds(self, shard: str) -> Bounds:
        return self._look("bounds", shard).bounds()

    async def offset_at(self, shard: str, timestamp: float) -> int:
        return self._look("offset_at", shard).offset_at(timestamp)

    async def get(self, shard: str, key: bytes) -> bytes | None:
        return self._look("get", shard).values.get(key)

    async def scan(
        self, shard: str, prefix: bytes = b"", after: bytes = b"", limit: int = 1000
    ) -> list[tuple[bytes, bytes]]:
        found = self._look("scan", shard)
        return found.scan(prefix, after, limit) if found.values else []

    async def shards(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        self._check_open("shards", prefix)
        return self._names.scan(self._shards, prefix, after, limit)

    async def sweep(self) -> bool:
        self._check_open("sweep", "")
        if not self._round:
            self._round = list(self._swept)
        now, budget = self._now(), _SWEPT_RECORDS
        while self._round and budget > 0:
            shard = self._shards.get(self._round[-1])
            if shard is None or not shard.is_swept():
                self._swept.pop(self._round[-1], None)
                budget -= 1
            else:
                looked = shard.sweep(now, budget)
                budget -= max(looked, 1)
                if budget <= 0:
                    # It may have more: it is where the next sweep goes on.
                    return True
            self._round.pop()
        return bool(self._round)

    async def wait_for_change(self, shard: str, end: int) -> None:
        if self._look("wait_for_change", shard).end <= end:
            await self._waiters.wait(shard, end)

    async def usage(self, shard: str) -> Usage:
        found = self._look("usage", shard)
        log_bytes, key_bytes = 0, 0
        for turn, (value, key, _, _) in enumerate(list(found.records.values()), 1):
            log_bytes += record_size(value, key)
            if turn % _COUNTED == 0:
                await asyncio.sleep(0)
        values = list(found.values.items())
        for turn, (name, value) in enumerate(values, 1):
            key_bytes += record_size(value, name)
            if turn % _COUNTED == 0:
                await asyncio.sleep(0)
        limits = None if found.retention is None else found.retention.limits
        return Usage(len(found.records), log_bytes, len(values), key_bytes, limits=limits)

    async def sync(self) -> None:
        self._check_open("sync", "")

    async def check(self) -> list[str]:
        self._check_open("check", "")
        return []

    async def compact(self) -> None:
        self._check_open("compact", "")

    async def snapshot(self) -> StorageAdapter:
        """Everything is copied at once, which takes 50 ns per record and key."""
        self._check_open("snapshot", "")
        copy = MemorySnapshot({}, Path())
        copy.hold({name: shard.copy() for name, shard in self._shards.items()})
        await copy.open()
        return copy

    def _look(self, operation: str, shard: str) -> Shard:
        """The shard to read from, an empty one if it does not exist."""
        self._check_open(operation, shard)
        return self._shards.get(shard, _EMPTY)

    def _check_open(self, operation: str, shard: str) -> None:
        if not self._is_open:
            raise not_open(self.name, operation, shard)

    def _shard(self, name: str) -> Shard:
        """The shard to write to, which comes into being now if it does not exist."""
        shard = self._shards.get(name)
        if shard is None:
            shard = self._shards[name] = Shard()
            self._names.add(name)
        return shard

    def _forget(self, name: str) -> None:
        if self._shards.pop(name, None) is not None:
            self._names.remove(name)

    def _apply(self, operation: Put | Delete | Trim | Skip | Drop | Retain) -> None:
        if isinstance(operation, Put):
            self._shard(operation.shard).put(operation.key, operation.value)
            return
        if isinstance(operation, Drop):
            self._forget(operation.shard)
            return
        if isinstance(operation, Skip):
            self._shard(operation.shard).skip(operation.to)
            return
        if isinstance(operation, Retain):
            self._shard(operation.shard).retain(operation)
            self._swept[operation.shard] = None
            return
        shard = self._shards.get(operation.shard)
        if shard is None:
            return
        if isinstance(operation, Trim):
            shard.trim(operation.before)
        else:
            shard.delete(operation.key)
            if shard.is_gone():
                self._forget(operation.shard)

    def _get(self, shard: str, key: bytes) -> bytes | None:
        return self._shards.get(shard, _EMPTY).values.get(key)


class MemorySnapshot(ReadOnly, MemoryAdapter):
    """A copy of the shards of a memory adapter."""

    def hold(self, shards: dict[str, Shard]) -> None:
        """Read from these from now on."""
        self._shards = shards
