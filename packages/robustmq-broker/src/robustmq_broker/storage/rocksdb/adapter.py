"""[D] The storage adapter "rocksdb": shards on this machine's disk.

A commit is written at once, by the event loop: that takes a microsecond per record, less than
handing it to a thread and back, and RocksDB keeps the interpreter's lock meanwhile anyway. Only the
fsync, which lets go of that lock, runs in a thread; commits that come while it runs share the next
one. A commit that finds RocksDB behind with its flushes waits without blocking, the ones after it
behind it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog

from robustmq_broker.storage.conditions import check_conditions, has_conditions
from robustmq_broker.storage.rocksdb.layout import (
    END_OF_NAMES,
    FAMILIES,
    after_prefix,
    decode_name,
    decode_record,
    encode_name,
    pack_id,
    pack_place,
)
from robustmq_broker.storage.rocksdb.settings import read_settings
from robustmq_broker.storage.rocksdb.shards import Shards
from robustmq_broker.storage.rocksdb.stage import Stage
from robustmq_broker.storage.rocksdb.start import first_id, has_room
from robustmq_broker.storage.rocksdb.sweep import Sweep
from robustmq_broker.storage.rocksdb.syncing import GroupSync
from robustmq_broker.storage.waiters import Waiters, not_open
from robustmq_common.errors import ConditionFailed, StorageError
from robustmq_common.kv import Database, Stalled, Tuning
from robustmq_common.spi.services import Log
from robustmq_common.spi.storage import (
    Bounds,
    StorageAdapter,
    StoredRecord,
    WriteBatch,
)

Result = TypeVar("Result")

RETRY_SECONDS: Final = 1.0
"""After a failed write, how long until one finds out whether writing is possible again."""

_STALL_PAUSE: Final = 0.002
_STALL_DEADLINE: Final = 30.0
_PAGE: Final = 1000
"""Records or keys that are read without letting others run: about a millisecond."""
_PAGE_BYTES: Final = 1024 * 1024


class RocksdbAdapter(StorageAdapter):
    """Shards in a RocksDB below the data directory, in the folder `rocksdb`.

    settings: see `RocksdbSettings`. Raises ConfigError if they are not right.
    """

    name = "rocksdb"

    def __init__(self, settings: Mapping[str, Any], data_dir: Path) -> None:
        self.settings = read_settings(settings)
        self.path = data_dir / "rocksdb"
        self._log: Log = structlog.get_logger("robustmq.storage")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rocksdb")
        self._sync = GroupSync(lambda: self._opened("sync", "").sync(), self._thread, self._broke)
        self._waiters = Waiters(self.name)
        self._database: Database | None = None
        self._shards: Shards
        self._sweep: Sweep
        self._next_id = 0
        # Commits that wait for their turn, and whose turn it is.
        self._queued = 0
        self._turn = asyncio.Lock()
        # Why nothing can be written, and when that was last tried.
        self._failure: StorageError | None = None
        self._tried_at = 0.0
        self._is_open = False

    async def open(self) -> None:
        await self._in_thread(self._open)
        self._is_open = True

    async def close(self) -> None:
        self._is_open = False
        await self._sync.drain()
        self._waiters.close()
        database, self._database = self._database, None
        try:
            if database is not None:
                await self._in_thread(database.close)
        finally:
            self._thread.shutdown()

    async def commit(self, batch: WriteBatch) -> list[int]:
        operations = batch.operations
        shard = operations[0].shard if operations else ""
        if not self._is_open:
            raise not_open(self.name, "commit", shard)
        if not operations:
            return []

        def fill(stage: Stage) -> list[int]:
            if has_conditions(operations):
                check_conditions(operations, self._get)
            return stage.apply(operations)

        try:
            offsets = await self._write(fill)
            if self.settings.durability == "fsync":
                await self._sync.join()
        except ConditionFailed:
            raise
        except StorageError as error:
            message = f"commit of {len(operations)} operations, the first of shard {shard!r}: "
            raise StorageError(f"{message}{error}") from error
        return offsets

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

    async def sweep(self) -> bool:
        self._opened("sweep", "")
        if self._failure is None:
            await self._write(lambda stage: self._sweep.step(stage, time.time()))
        return self._sweep.more

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

    async def _write(self, fill: Callable[[Stage], Result]) -> Result:
        """Write what `fill` adds to a stage, after everything that was to be written before."""
        if not self._queued and self._failure is None:
            with suppress(Stalled):
                return self._write_now(fill)
        self._queued += 1
        try:
            async with self._turn:
                if self._failure is not None:
                    await self._recover(self._failure)
                deadline = time.monotonic() + _STALL_DEADLINE
                while True:
                    try:
                        return self._write_now(fill)
                    except Stalled:
                        if time.monotonic() > deadline:
                            raise
                    await asyncio.sleep(_STALL_PAUSE)
        finally:
            self._queued -= 1

    def _write_now(self, fill: Callable[[Stage], Result]) -> Result:
        database = self._opened("commit", "")
        stage = Stage(database, self._shards.look_up, self._next_id)
        result = fill(stage)
        stage.finish()
        try:
            database.write(stage.batch, log=self.settings.durability != "memory")
        except Stalled:
            raise
        except StorageError as error:
            self._broke(error)
            raise
        self._next_id = stage.next_id
        self._shards.adopt(stage.states)
        for shard in stage.grown:
            state = stage.states[shard]
            if shard in self._waiters and state is not None:
                self._waiters.wake(shard, state.end)
        return result

    def _broke(self, error: StorageError) -> None:
        """RocksDB takes no more writes after one has failed, until it is opened anew."""
        if self._failure is None:
            self._log.error("storage cannot write; reading goes on", reason=str(error))
        self._failure = error
        self._tried_at = time.monotonic()

    async def _recover(self, failure: StorageError) -> None:
        """Open anew if writing is possible again. Raises StorageError if not."""
        if time.monotonic() < self._tried_at + RETRY_SECONDS:
            raise StorageError(f"nothing can be written since: {failure}")
        self._tried_at = time.monotonic()
        await self._sync.drain()
        try:
            await self._in_thread(self._reopen)
        except StorageError as error:
            self._failure = error
            raise
        self._failure = None
        self._log.info("storage can write again", path=str(self.path))

    def _reopen(self) -> None:
        has_room(self.path)
        database, self._database = self._database, None
        if database is not None:
            # It says again that it could not write; that is known.
            with suppress(StorageError):
                database.close()
        self._open()

    def _open(self) -> None:
        tuning = Tuning(
            self.settings.block_cache,
            self.settings.write_buffer,
            self.settings.max_open_files,
            whole_flushes=self.settings.durability == "memory",
        )
        database = Database.open(self.path, FAMILIES, tuning)
        for loss in database.losses:
            self._log.error("storage was damaged", path=str(self.path), lost=loss)
        try:
            self._next_id = first_id(database)
        except StorageError:
            database.close()
            raise
        self._shards = Shards(database, self.settings.cached_shards)
        self._sweep = Sweep(database, self._shards)
        self._database = database

    async def _in_thread(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _opened(self, operation: str, shard: str) -> Database:
        if self._database is None:
            if self._is_open and self._failure is not None:
                # It was closed to be opened anew, and could not.
                raise StorageError(f"{operation} of shard {shard!r}: {self._failure}")
            raise not_open(self.name, operation, shard)
        return self._database
