"""[D] Shards in a RocksDB, to read: what the adapter and its snapshots have in common."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import structlog

from robustmq_broker.storage.rocksdb.layout import (
    END_OF_NAMES,
    after_prefix,
    decode_name,
    decode_record,
    decode_totals,
    encode_name,
    pack_id,
    pack_place,
)
from robustmq_broker.storage.rocksdb.settings import RocksdbSettings
from robustmq_broker.storage.rocksdb.shards import Shards
from robustmq_broker.storage.waiters import Waiters, not_open
from robustmq_common.kv import Database
from robustmq_common.spi.services import Log
from robustmq_common.spi.storage import Bounds, StorageAdapter, StoredRecord, Usage

Result = TypeVar("Result")

_PAGE: Final = 1000
"""Records or keys that are read without letting others run: about a millisecond."""
_PAGE_BYTES: Final = 1024 * 1024
_ALL: Final = 2**63


class RocksdbReader(StorageAdapter):
    """Shards in the folder `path`. Whoever derives from it opens the database."""

    name = "rocksdb"

    def __init__(self, settings: RocksdbSettings, path: Path) -> None:
        self.settings = settings
        self.path = path
        self._log: Log = structlog.get_logger("robustmq.storage")
        # One thread for syncs, one for whatever takes longer.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="rocksdb")
        self._waiters = Waiters(self.name)
        self._database: Database | None = None
        self._shards: Shards
        self._is_open = False

    async def close(self) -> None:
        self._is_open = False
        self._waiters.close()
        database, self._database = self._database, None
        try:
            if database is not None:
                await self._in_thread(database.close)
        finally:
            self._threads.shutdown()

    async def read(
        self, shard: str, offset: int, max_records: int, max_bytes: int
    ) -> list[StoredRecord]:
        found: list[StoredRecord] = []
        size = 0
        position, now = max(offset, 0), time.time()
        while len(found) < max_records:
            database = self._opened("read", shard)
            state = self._shards.look_up(shard)
            if state is None:
                break
            first = pack_place(state.id, max(position, state.start))
            last = pack_place(state.id, max(position, state.end))
            limit = min(_PAGE, max_records - len(found))
            room = min(_PAGE_BYTES, max(max_bytes, 1))
            page = database.scan("records", first, last, limit, room)
            for place, data in page:
                record = decode_record(place, data)
                if 0 < record.expires_at <= now:
                    continue
                size += len(record.value) + len(record.key or b"")
                if found and size > max_bytes:
                    return found
                found.append(record)
            if not page:
                break
            position = int.from_bytes(page[-1][0][8:], "big") + 1
            if position < state.end and len(found) < max_records:
                await asyncio.sleep(0)
        return found

    async def bounds(self, shard: str) -> Bounds:
        self._opened("bounds", shard)
        state = self._shards.look_up(shard)
        return Bounds(0, 0) if state is None else Bounds(state.start, state.end)

    async def offset_at(self, shard: str, timestamp: float) -> int:
        self._opened("offset_at", shard)
        state = self._shards.look_up(shard)
        return 0 if state is None else self._shards.offset_at(state, timestamp)

    async def get(self, shard: str, key: bytes) -> bytes | None:
        self._opened("get", shard)
        return self._get(shard, key)

    async def scan(
        self, shard: str, prefix: bytes = b"", after: bytes = b"", limit: int = 1000
    ) -> list[tuple[bytes, bytes]]:
        self._opened("scan", shard)
        state = self._shards.look_up(shard)
        if state is None:
            return []
        head = pack_id(state.id)
        first = head + max(prefix, after + b"\x00" if after else b"")
        last = after_prefix(head + prefix) or b""
        pages = self._pages("scan", shard, ("keys", first, last), limit)
        return [(key[8:], value) async for key, value in pages]

    async def shards(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        self._opened("shards", prefix)
        head = encode_name(prefix)
        first = max(head, encode_name(after) + b"\x00" if after else b"")
        last = after_prefix(head) or END_OF_NAMES
        pages = self._pages("shards", prefix, ("shards", first, last), limit)
        return [decode_name(name) async for name, _ in pages]

    async def usage(self, shard: str) -> Usage:
        database = self._opened("usage", shard)
        state = self._shards.look_up(shard)
        if state is None:
            return Usage(0, 0, 0, 0)
        first, end = pack_place(state.id, state.start), pack_place(state.id, state.end)
        oldest = database.scan("records", first, end, 1)
        size = state.size - decode_totals(oldest[0][1])[2] if oldest else 0
        count, key_bytes = 0, 0
        where = "keys", pack_id(state.id), pack_id(state.id + 1)
        async for key, value in self._pages("usage", shard, where, _ALL):
            count += 1
            key_bytes += len(key) - len(where[1]) + len(value)
        # Nobody counts the records in between that have expired.
        records = state.end - state.start if oldest else 0
        return Usage(records, size, count, key_bytes, bool(oldest), state.limits)

    async def wait_for_change(self, shard: str, end: int) -> None:
        self._opened("wait_for_change", shard)
        state = self._shards.look_up(shard)
        if state is None or state.end <= end:
            await self._waiters.wait(shard, end)

    async def _pages(
        self, operation: str, shard: str, where: tuple[str, bytes, bytes], limit: int
    ) -> AsyncIterator[tuple[bytes, bytes]]:
        family, first, last = where
        while limit > 0 and first < last:
            page = self._opened(operation, shard).scan(
                family, first, last, min(limit, _PAGE), _PAGE_BYTES
            )
            for pair in page:
                yield pair
            if not page:
                return
            limit -= len(page)
            first = page[-1][0] + b"\x00"
            if len(page) == _PAGE:
                await asyncio.sleep(0)

    def _get(self, shard: str, key: bytes) -> bytes | None:
        state = self._shards.look_up(shard)
        if state is None:
            return None
        return self._opened("get", shard).get("keys", pack_id(state.id) + key)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _opened(self, operation: str, shard: str) -> Database:
        if self._database is None:
            raise not_open(self.name, operation, shard)
        return self._database
