"""[D] The storage adapter "object": shards in an object store, with a local write-ahead log.

A commit is a frame in the local log and a change in memory; both are done by the event loop. What
was written since the last generation is uploaded as the next one, when it is large or old enough.
If uploads fall behind, commits wait, and whoever publishes waits for them.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import structlog

from robustmq_broker.storage.conditions import check_conditions, has_conditions
from robustmq_broker.storage.object.checking import check_objects
from robustmq_broker.storage.object.maintenance import Maintenance
from robustmq_broker.storage.object.manifest import Manifest, newest
from robustmq_broker.storage.object.operations import encode
from robustmq_broker.storage.object.ownership import Fenced, claim
from robustmq_broker.storage.object.reader import FOLDER, SegmentReader, segment_name
from robustmq_broker.storage.object.reads import ObjectReads
from robustmq_broker.storage.object.recovery import Replay, load_state
from robustmq_broker.storage.object.segment import Extent
from robustmq_broker.storage.object.settings import read_settings
from robustmq_broker.storage.object.snapshot import ObjectSnapshot
from robustmq_broker.storage.object.state import Generation, ObjectShard
from robustmq_broker.storage.object.sweeping import Sweep
from robustmq_broker.storage.object.uploader import Sealed, Uploader
from robustmq_broker.storage.object.wal import Wal
from robustmq_broker.storage.rocksdb.syncing import GroupSync
from robustmq_broker.storage.waiters import Waiters, not_open
from robustmq_common.errors import ConditionFailed, StorageError
from robustmq_common.files import Files
from robustmq_common.files.store import unique
from robustmq_common.spi.services import Log
from robustmq_common.spi.storage import Append, Operation, Skip, StorageAdapter, WriteBatch

_LOCK: Final = "lock"
_NODE: Final = "node"


class ObjectAdapter(ObjectReads):
    """Shards below a URL, and a log below the data directory in the folder `object`.

    settings: see `ObjectSettings`. Raises ConfigError if they are not right.
    """

    name = "object"

    def __init__(self, settings: Mapping[str, Any], data_dir: Path) -> None:
        self.settings = read_settings(settings)
        self.path = data_dir / "object"
        self._log: Log = structlog.get_logger("robustmq.storage")
        self._waiters = Waiters(self.name)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="object-log")
        self._sync = GroupSync(self._sync_log, self._thread, self._sync_failed)
        self._lock: int | None = None
        self._files: Files
        self._wal: Wal
        self._uploader: Uploader
        self._maintenance: Maintenance
        self._sweep: Sweep
        # What is collected for the next upload, where its log is, and the timer of its age.
        self._generation = Generation()
        self._paths: list[Path] = []
        self._timer: asyncio.TimerHandle | None = None
        self._last_sealed: Sealed | None = None
        self._sequence = 0
        # Bytes in the local log and in memory; commits that wait for that to shrink.
        self.pending = 0
        self._room = asyncio.Event()
        self._queued = 0
        self._turn = asyncio.Lock()
        self._failure: StorageError | None = None
        # Up to here the local disk may have lost something; only an upload makes up for it.
        self._unsynced = 0

    async def open(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._lock_folder)
        self._files = Files(self.settings.url, self.settings.options, self.settings.request_timeout)
        try:
            await self._files.open()
            await self._recover()
        except BaseException:
            self._release()
            raise
        self._is_open = True

    async def close(self) -> None:
        if not self._is_open:
            self._release()
            return
        self._is_open = False
        self._waiters.close()
        self._room.set()
        await self._sync.drain()
        try:
            if self._failure is None:
                await self._flush_before_close()
        finally:
            await self._maintenance.stop()
            await asyncio.get_running_loop().run_in_executor(self._thread, self._wal.close)
            self._release()

    async def commit(self, batch: WriteBatch) -> list[int]:
        operations = batch.operations
        shard = operations[0].shard if operations else ""
        if not self._is_open:
            raise not_open(self.name, "commit", shard)
        if not operations:
            return []
        try:
            if self._queued or self._is_full():
                return await self._commit_later(operations)
            return self._commit_now(operations)
        except ConditionFailed:
            raise
        except StorageError as error:
            message = f"commit of {len(operations)} operations, the first of shard {shard!r}: "
            raise StorageError(f"{message}{error}") from error

    async def sync(self) -> None:
        if not self._is_open:
            raise not_open(self.name, "sync", "")
        if self.durability == "memory" or self._unsynced > self._uploader.manifest.sequence:
            await self._flush()
        else:
            await self._sync.join()

    async def sweep(self) -> bool:
        if not self._is_open:
            raise not_open(self.name, "sweep", "")
        if self._failure is not None or self._is_full():
            return False
        return await self._sweep.step(time.time())

    async def wait_for_change(self, shard: str, end: int) -> None:
        known = self._look("wait_for_change", shard)
        if known is None or known.end <= end:
            await self._waiters.wait(shard, end)

    async def check(self) -> list[str]:
        self._look("check", "")
        self._uploader.pins += 1
        try:
            return await check_objects(self._files, self._uploader.manifest, self._state)
        finally:
            self._uploader.pins -= 1

    async def compact(self) -> None:
        self._look("compact", "")
        await self._flush()
        await self._maintenance.compact()

    async def snapshot(self) -> StorageAdapter:
        self._look("snapshot", "")
        self._uploader.pins += 1
        try:
            manifest = await self._flush()
            return await ObjectSnapshot.load(self._uploader, manifest, self.settings)
        except BaseException:
            self._uploader.pins -= 1
            raise

    def _commit_now(self, operations: list[Operation]) -> list[int]:
        if self._failure is not None:
            raise self._failure
        if has_conditions(operations):
            check_conditions(operations, self._get)
        payload = encode(operations)
        if self.durability != "memory":
            path = self._wal.append(self._sequence + 1, payload)
            if not self._paths:
                self._paths.append(path)
        self._sequence += 1
        generation = self._generation
        if not generation.last:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self.settings.segment_age, self._seal)
        generation.last = self._sequence
        generation.size += len(payload)
        self.pending += len(payload)
        offsets = self._state.apply(operations, generation)
        for name in {one.shard for one in operations if isinstance(one, Append | Skip)}:
            known = self._state.shards.get(name)
            if known is not None and name in self._waiters:
                self._waiters.wake(name, known.end)
        if generation.size >= self.settings.segment_size:
            self._seal()
        return offsets

    async def _commit_later(self, operations: list[Operation]) -> list[int]:
        """Wait for room, in the order of the calls."""
        deadline = time.monotonic() + self.settings.commit_timeout
        self._queued += 1
        try:
            # The first step may run outside of any task (`run_now_or_later`), timeouts may not.
            await asyncio.sleep(0)
            async with self._turn:
                while self._is_full() and self._failure is None and self._is_open:
                    self._seal()
                    self._room.clear()
                    try:
                        async with asyncio.timeout(max(deadline - time.monotonic(), 0.0)):
                            await self._room.wait()
                    except TimeoutError as error:
                        raise StorageError(self._why_full()) from error
                if not self._is_open:
                    raise not_open(self.name, "commit", operations[0].shard)
                return self._commit_now(operations)
        finally:
            self._queued -= 1

    def _is_full(self) -> bool:
        return self.pending >= self.settings.wal_size

    def _why_full(self) -> str:
        trouble = self._uploader.trouble or "it is slower than what is written"
        return (
            f"{self.pending} bytes wait for the object store {self.settings.url}, as many as "
            f"storage.settings.wal_size allows, and nothing was taken in "
            f"{self.settings.commit_timeout:g} seconds: {trouble}"
        )

    def _seal(self) -> Sealed | None:
        """Let what was written since the last time be uploaded; None if that is nothing."""
        generation = self._generation
        if not generation.last or self._failure is not None:
            return None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return self._submit(generation, self._state.next_id)

    def _submit(self, generation: Generation, next_id: int) -> Sealed:
        sealed = Sealed(generation, self._state.capture(generation), next_id, self._paths)
        self._generation = Generation()
        self._paths = []
        self._wal.rotate()
        self._maintenance.submit(sealed)
        self._last_sealed = sealed
        return sealed

    async def _flush(self) -> Manifest:
        """Return when everything that was committed is in the store, and which manifest has it."""
        self._seal()
        if self._failure is not None:
            raise self._failure
        last = self._last_sealed
        if last is None or last.done.done():
            return self._uploader.manifest
        return await asyncio.shield(last.done)

    def _stored(self, sealed: Sealed) -> None:
        self.pending -= sealed.generation.size
        self._room.set()
        for path in sealed.paths:
            # After any sync that has begun: it may be of this file.
            self._thread.submit(self._forget_log, path)

    def _forget_log(self, path: Path) -> None:
        try:
            self._wal.remove(path)
        except OSError as error:
            # The next start finds that it is uploaded already.
            self._log.warning("a file of the local log stays", file=str(path), reason=str(error))

    def _failed(self, error: Exception) -> None:
        """Nothing can be written any more."""
        if isinstance(error, Fenced):
            self._log.error("another broker has taken over the object store", reason=str(error))
            self._failure = error
        else:
            self._log.error("the object store is not written to any more", exc_info=error)
            self._failure = StorageError(f"the object store is not written to since: {error!r}")
        self._room.set()

    async def _recover(self) -> None:
        node = (self.path / _NODE).read_text(encoding="ascii")
        owner = await claim(self._files, node)
        manifest = await newest(self._files, self._log)
        self._state, states = await load_state(self._files, manifest, self._log)
        self._reader = SegmentReader(
            self._files, self._size_of, self.settings.cache, self.settings.read_ahead
        )
        self._uploader = Uploader(
            self._files, owner, self._state, self._reader, self.settings, self._log, self._stored
        )
        self._wal = Wal(self.path / "wal", owner.epoch, owner.store)
        await self._uploader.begin(replace(manifest, states=states))
        recovered: list[Sealed] = []

        def seal(generation: Generation, path: Path) -> None:
            changes = self._state.capture(generation)
            recovered.append(Sealed(generation, changes, self._state.next_id, [path]))
            self.pending += generation.size

        replay = Replay(self._state, manifest.sequence, self._log, seal)
        await replay.run(self.path / "wal", owner)
        self._sequence = replay.sequence
        missing = await self._missing_segments()
        self._maintenance = Maintenance(self._uploader, self._failed)
        for sealed in recovered:
            self._maintenance.submit(sealed)
            self._last_sealed = sealed
        for segment in missing:
            self._maintenance.note_damage(segment)
        self._sweep = Sweep(self._state, self._page, self._commit_now)

    async def _missing_segments(self) -> list[int]:
        """Segments that are not there, or shorter or longer than they were written."""
        found = await self._files.sizes(FOLDER)
        return [
            id_
            for id_, segment in self._state.segments.items()
            if segment.live > 0 and found.get(segment_name(id_)) != segment.size
        ]

    async def _flush_before_close(self) -> None:
        self._seal()
        last = self._last_sealed
        if last is None or last.done.done():
            return
        # Without a local log there is nothing else that keeps it.
        keeps = self.durability != "memory"
        limit = self.settings.close_timeout if keeps else self.settings.commit_timeout
        try:
            async with asyncio.timeout(limit):
                await asyncio.shield(last.done)
        except TimeoutError as error:
            if not keeps:
                message = f"{self.pending} bytes could not be uploaded and are lost: "
                raise StorageError(f"{message}{self._uploader.trouble}") from error
            self._log.warning(
                "the object store did not take everything; the local log keeps the rest",
                bytes=self.pending,
                reason=self._uploader.trouble,
            )

    async def _damaged(self, shard: ObjectShard, extent: Extent, error: Exception) -> None:
        if self._failure is not None:
            raise StorageError(f"read of shard {shard.name!r}: {error}") from error
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(self.settings.request_timeout):
                await self._maintenance.repair(extent.segment)
        except TimeoutError:
            message = f"read of shard {shard.name!r} at {extent.first}: {error}; repairing it waits"
            raise StorageError(message) from error

    def _get(self, shard: str, key: bytes) -> bytes | None:
        known = self._state.shards.get(shard)
        return None if known is None else known.values.get(key)

    def _size_of(self, segment: int) -> int | None:
        known = self._state.segments.get(segment)
        return None if known is None else known.size

    def _sync_log(self) -> None:
        self._wal.sync()

    def _sync_failed(self, error: StorageError) -> None:
        # What is on the disk after a failed sync nobody knows; a second one may wrongly succeed.
        self._unsynced = self._sequence
        self._log.error("the local log cannot be synced; uploads stand in", reason=str(error))

    def _lock_folder(self) -> None:
        try:
            (self.path / "wal").mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            node = self.path / _NODE
            if not node.exists() or not node.read_text(encoding="ascii"):
                node.write_text(unique(), encoding="ascii")
        except BlockingIOError as error:
            self._release()
            message = f"{self.path} is open already: is another broker running with this data_dir?"
            raise StorageError(message) from error
        except OSError as error:
            self._release()
            raise StorageError(f"cannot use {self.path}: {error.strerror}") from error

    def _release(self) -> None:
        if hasattr(self, "_files"):
            self._files.close()
        if hasattr(self, "_uploader"):
            self._uploader.threads.shutdown(wait=False)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        self._thread.shutdown(wait=False)
