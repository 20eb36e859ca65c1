"""[D] The reading side of the adapter, which snapshots share."""

import asyncio
import time
from typing import Final

from robustmq_broker.storage.object.reader import SegmentReader
from robustmq_broker.storage.object.segment import Damaged, Extent, select_from_block
from robustmq_broker.storage.object.state import ObjectShard, State
from robustmq_broker.storage.retention import Kept, record_size
from robustmq_broker.storage.waiters import not_open
from robustmq_common.errors import StorageError
from robustmq_common.files import NotFound
from robustmq_common.spi.storage import Bounds, StorageAdapter, StoredRecord, Usage

_PAGE: Final = 1000
"""Records that are looked at without letting others run."""


class ObjectReads(StorageAdapter):
    """Reads from a state and from the segments that it names."""

    _state: State
    _reader: SegmentReader
    _is_open = False

    async def read(
        self, shard: str, offset: int, max_records: int, max_bytes: int
    ) -> list[StoredRecord]:
        known = self._look("read", shard)
        found: list[StoredRecord] = []
        size, now = 0, time.time()
        position = max(offset, 0)
        while known is not None and len(found) < max_records:
            page, position = await self._page(known, position)
            for at, (value, key, timestamp, expires_at) in page:
                if 0 < expires_at <= now:
                    continue
                size += record_size(value, key)
                if len(found) == max_records or (found and size > max_bytes):
                    return found
                found.append(StoredRecord(at, value, key, timestamp, expires_at))
            if position >= known.end:
                break
        return found

    async def bounds(self, shard: str) -> Bounds:
        known = self._look("bounds", shard)
        return Bounds(0, 0) if known is None else known.bounds()

    async def offset_at(self, shard: str, timestamp: float) -> int:
        known = self._look("offset_at", shard)
        if known is None:
            return 0
        position = known.start
        while position < known.end:
            position = max(position, known.start)
            extent = known.extent_at(position) if position < known.stored else None
            if extent is not None and extent.latest < timestamp:
                position = extent.end
                continue
            page, position = await self._page(known, position)
            for at, kept in page:
                if kept[2] >= timestamp:
                    return at
        return known.end

    async def get(self, shard: str, key: bytes) -> bytes | None:
        known = self._look("get", shard)
        return None if known is None else known.values.get(key)

    async def scan(
        self, shard: str, prefix: bytes = b"", after: bytes = b"", limit: int = 1000
    ) -> list[tuple[bytes, bytes]]:
        known = self._look("scan", shard)
        return known.scan(prefix, after, limit) if known is not None and known.values else []

    async def shards(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        self._look("shards", prefix)
        return self._state.names.scan(self._state.shards, prefix, after, limit)

    async def usage(self, shard: str) -> Usage:
        known = self._look("usage", shard)
        if known is None:
            return Usage(0, 0, 0, 0)
        extents = known.extents
        # Of an extent that begins before the log does, and of what has expired, nobody keeps count.
        estimated = known.expires or bool(extents and extents[0].first < known.start)
        return Usage(
            known.end - known.start,
            sum(extent.size for extent in extents) + known.tail_size(),
            len(known.values),
            sum(len(key) + len(value) for key, value in known.values.items()),
            estimated,
            known.limits,
        )

    async def _page(self, shard: ObjectShard, position: int) -> tuple[list[tuple[int, Kept]], int]:
        """Some of the records from an offset on, and where to go on; nothing at a gap."""
        position = max(position, shard.start)
        if position < shard.stored:
            extent = shard.extent_at(position)
            if extent is None:
                return [], shard.stored
            return await self._from_segment(shard, extent, max(position, extent.first))
        end = min(shard.end, position + _PAGE)
        tail = shard.tail or {}
        page = [(at, tail[at]) for at in range(position, end) if at in tail]
        if not page:
            # Offsets that were skipped may be any number.
            end = min((at for at in tail if at >= position), default=shard.end)
        if end < shard.end:
            await asyncio.sleep(0)
        return page, end

    async def _from_segment(
        self, shard: ObjectShard, extent: Extent, position: int
    ) -> tuple[list[tuple[int, Kept]], int]:
        try:
            block = await self._reader.block(shard.id, extent, position)
        except (Damaged, NotFound) as error:
            if extent not in shard.extents or self._state.by_id.get(shard.id) is not shard:
                # Written anew or dropped meanwhile.
                return [], position if shard.id in self._state.by_id else shard.end
            await self._damaged(shard, extent, error)
            return [], position
        except StorageError as error:
            raise StorageError(f"read of shard {shard.name!r} at {position}: {error}") from error
        page = select_from_block(block, shard.id, max(position, shard.start), extent.end)
        return page, page[-1][0] + 1 if page else extent.end

    async def _damaged(self, shard: ObjectShard, extent: Extent, error: Exception) -> None:
        """A segment cannot be read. Return when its records are somewhere else, or given up."""
        raise NotImplementedError

    def _look(self, operation: str, shard: str) -> ObjectShard | None:
        if not self._is_open:
            raise not_open(self.name, operation, shard)
        return self._state.shards.get(shard)
