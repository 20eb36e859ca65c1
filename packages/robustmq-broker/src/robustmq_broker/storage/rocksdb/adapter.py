"""[D] The storage adapter "rocksdb": shards on this machine's disk.

A commit is written at once, by the event loop: that takes a microsecond per record, less than
handing it to a thread and back, and RocksDB keeps the interpreter's lock meanwhile anyway. Only the
fsync, which lets go of that lock, runs in a thread; commits that come while it runs share the next
one. A commit that finds RocksDB behind with its flushes waits without blocking, the ones after it
behind it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from robustmq_broker.storage.conditions import check_conditions, has_conditions
from robustmq_broker.storage.rocksdb.layout import FAMILIES
from robustmq_broker.storage.rocksdb.reader import RocksdbReader
from robustmq_broker.storage.rocksdb.settings import read_settings
from robustmq_broker.storage.rocksdb.shards import Shards
from robustmq_broker.storage.rocksdb.snapshot import RocksdbSnapshot, new_path, remove_leftovers
from robustmq_broker.storage.rocksdb.stage import Stage
from robustmq_broker.storage.rocksdb.start import first_id, has_room
from robustmq_broker.storage.rocksdb.sweep import Sweep
from robustmq_broker.storage.rocksdb.syncing import GroupSync
from robustmq_broker.storage.waiters import not_open
from robustmq_common.errors import ConditionFailed, StorageError
from robustmq_common.kv import Damaged, Database, Stalled, Tuning
from robustmq_common.spi.storage import WriteBatch

Result = TypeVar("Result")

RETRY_SECONDS: Final = 1.0
"""After a failed write, how long until one finds out whether writing is possible again."""

_STALL_PAUSE: Final = 0.002
_STALL_DEADLINE: Final = 30.0
_FLUSHES: Final = 3
"""Before a copy. What is written during one is flushed by the next, which takes less; the rest is
written while the copy is made, which nobody can interrupt."""


class RocksdbAdapter(RocksdbReader):
    """Shards in a RocksDB below the data directory, in the folder `rocksdb`.

    settings: see `RocksdbSettings`. Raises ConfigError if they are not right.
    """

    def __init__(self, settings: Mapping[str, Any], data_dir: Path) -> None:
        super().__init__(read_settings(settings), data_dir / "rocksdb")
        self._syncs = GroupSync(self._sync, self._threads, self._broke)
        self._sweep: Sweep
        self._next_id = 0
        # Commits that wait for their turn, and whose turn it is.
        self._queued = 0
        self._turn = asyncio.Lock()
        # Held by what takes long, and by what may not happen meanwhile.
        self._maintenance = asyncio.Lock()
        # Why nothing can be written, and when that was last tried.
        self._failure: StorageError | None = None
        self._tried_at = 0.0

    async def open(self) -> None:
        await self._in_thread(self._open)
        await self._in_thread(lambda: remove_leftovers(self.path))
        self._is_open = True

    async def close(self) -> None:
        try:
            await self._free_all()
        finally:
            await self._close()

    async def _free_all(self) -> None:
        """Remove what was trimmed, as nobody will know of it after the next start."""
        if not self._is_open or self._failure is not None:
            return

        def fill(stage: Stage) -> None:
            for name in list(self._shards.deferred):
                stage.free(name)

        await self._write(fill)

    async def _close(self) -> None:
        self._is_open = False
        await self._syncs.drain()
        async with self._maintenance:
            await super().close()

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
        except ConditionFailed:
            raise
        except StorageError as error:
            message = f"commit of {len(operations)} operations, the first of shard {shard!r}: "
            raise StorageError(f"{message}{error}") from error
        return offsets

    async def sweep(self) -> bool:
        self._opened("sweep", "")
        if self._failure is None:
            await self._write(lambda stage: self._sweep.step(stage, time.time()))
        return self._sweep.more

    async def sync(self) -> None:
        self._opened("sync", "")
        await self._syncs.join()

    async def compact(self) -> None:
        async with self._maintenance:
            database = self._opened("compact", "")
            await self._in_thread(lambda: database.compact(self._is_ending))

    async def snapshot(self) -> RocksdbSnapshot:
        async with self._maintenance:
            database = self._opened("snapshot", "")
            path = new_path(self.path)
            for _ in range(_FLUSHES):
                await self._in_thread(database.flush)
            database.checkpoint(path)
        copy = RocksdbSnapshot(path)
        try:
            await copy.open()
        except StorageError:
            await copy.close()
            raise
        return copy

    async def check(self) -> list[str]:
        """Reads a snapshot back, so that everything comes from its files."""
        self._opened("check", "")
        try:
            copy = await self.snapshot()
        except Damaged as damaged:
            damages = [damaged]
        else:
            try:
                damages = await copy.damages()
            finally:
                await copy.close()
        database = self._opened("check", "")
        for damage in damages:
            if damage.table:
                database.suspect(damage.table)
        return [str(damage) for damage in damages]

    def _sync(self) -> None:
        database = self._opened("sync", "")
        if self.durability == "memory":
            database.flush()
        else:
            database.sync()

    def _is_ending(self) -> bool:
        """Whether the database is to be closed as soon as possible."""
        return not self._is_open or self._failure is not None

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
        shards = self._shards
        stage = Stage(database, shards.look_up, self._next_id, shards.deferred)
        result = fill(stage)
        stage.finish()
        try:
            database.write(stage.batch, log=self.durability != "memory")
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
            self._log.warning("storage cannot write; reading goes on", reason=str(error))
        self._failure = error
        self._tried_at = time.monotonic()

    async def _recover(self, failure: StorageError) -> None:
        """Open anew if writing is possible again. Raises StorageError if not."""
        if time.monotonic() < self._tried_at + RETRY_SECONDS:
            raise StorageError(f"nothing can be written since: {failure}")
        self._tried_at = time.monotonic()
        await self._syncs.drain()
        try:
            async with self._maintenance:
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
            whole_flushes=self.durability == "memory",
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

    def _opened(self, operation: str, shard: str) -> Database:
        if self._database is None and self._is_open and self._failure is not None:
            # It was closed to be opened anew, and could not.
            raise StorageError(f"{operation} of shard {shard!r}: {self._failure}")
        return super()._opened(operation, shard)
