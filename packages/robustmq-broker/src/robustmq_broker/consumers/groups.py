"""[D] `robustmq_common.spi.consumers` over a storage adapter.

A group is a shard, "groups/NAME", with a key for each shard it reads: that shard's name, and the
next offset in 8 bytes. In the keyed space and not in a log, as only the last position counts; in
the adapter of the logs it reads, as one batch can then hold a position and what a consumer made of
the records before it.
"""

import struct
from collections.abc import Sequence
from typing import Final

from robustmq_broker.consumers.positions import resolve
from robustmq_common.errors import CallerError, ConditionFailed, OffsetOutOfRange, StorageError
from robustmq_common.spi.consumers import Edge, Lag, Position, Reset
from robustmq_common.spi.storage import (
    Bounds,
    Drop,
    Operation,
    Put,
    StorageAdapter,
    StoredRecord,
    WriteBatch,
)

GROUPS: Final = "groups/"
NAME_MAX: Final = 255
_OFFSET: Final = struct.Struct("!Q")
_PAGE: Final = 1000


class StoredGroup:
    """One consumer group. reset: see `robustmq_common.spi.consumers.Reset`."""

    def __init__(self, name: str, adapter: StorageAdapter, reset: Reset) -> None:
        self.name = name
        self._adapter = adapter
        self._shard = GROUPS + name
        self._reset = reset

    async def fetch(
        self,
        shard: str,
        max_records: int = 500,
        max_bytes: int = 1_048_576,
        *,
        wait: bool = False,
    ) -> list[StoredRecord]:
        while True:
            # Before the position and the records: what comes in meanwhile must not be waited for.
            bounds = await self._adapter.bounds(shard)
            position = await self._usable(shard, bounds)
            records = await self._adapter.read(shard, position, max_records, max_bytes)
            if records or not wait:
                return records
            await self._adapter.wait_for_change(shard, bounds.end)

    async def position(self, shard: str) -> int | None:
        value = await self._adapter.get(self._shard, shard.encode())
        return None if value is None else self._decode(shard, value)

    async def commit(
        self,
        shard: str,
        offset: int,
        writes: Sequence[Operation] = (),
        expected: int | None = None,
    ) -> None:
        if offset < 0:
            raise CallerError(f"consumer group {self.name!r}: offset {offset} is below 0")
        condition = None
        if expected is not None:
            condition = b"" if expected < 0 else _OFFSET.pack(expected)
        put = Put(self._shard, shard.encode(), _OFFSET.pack(offset), condition)
        try:
            await self._adapter.commit(WriteBatch([*writes, put]))
        except ConditionFailed as error:
            raise ConditionFailed(
                f"consumer group {self.name!r} did not move to offset {offset} of shard "
                f"{shard!r}: {error}; somebody else has moved it, fetch again"
            ) from error
        if self._adapter.durability == "fsync":
            await self._adapter.sync()

    async def seek(self, shard: str, position: Position) -> int:
        offset = await resolve(self._adapter, shard, position)
        await self.commit(shard, offset)
        return offset

    async def lags(self) -> list[Lag]:
        found: list[Lag] = []
        after = b""
        while page := await self._adapter.scan(self._shard, after=after, limit=_PAGE):
            for key, value in page:
                shard = key.decode()
                bounds = await self._adapter.bounds(shard)
                position = self._decode(shard, value)
                found.append(Lag(shard, position, bounds.start, bounds.end))
            after = page[-1][0]
        return found

    async def _usable(self, shard: str, bounds: Bounds) -> int:
        """The committed position if it is in the log, else the one that `reset` says."""
        position = await self.position(shard)
        if position is not None and bounds.start <= position <= bounds.end:
            return position
        if position is not None and position > bounds.end:
            # Others may have gone on since the bounds were looked at.
            bounds = await self._adapter.bounds(shard)
            if position <= bounds.end:
                return position
        if self._reset is Reset.ERROR:
            what = "no position" if position is None else f"position {position}"
            raise OffsetOutOfRange(
                f"consumer group {self.name!r} has {what} in shard {shard!r}, whose log has "
                f"offsets {bounds.start} to {bounds.end}; seek to one of them, to the earliest or "
                "to the latest"
            )
        return bounds.start if self._reset is Reset.EARLIEST else await self._from_end(shard)

    async def _from_end(self, shard: str) -> int:
        # Written down, or whoever waits for the next record would look past it when it is there.
        return await self.seek(shard, Edge.LATEST)

    def _decode(self, shard: str, value: bytes) -> int:
        if len(value) != _OFFSET.size:
            raise StorageError(
                f"the position of consumer group {self.name!r} in shard {shard!r} is damaged: "
                f"{len(value)} bytes instead of {_OFFSET.size}; seek to set it anew"
            )
        (offset,) = _OFFSET.unpack(value)
        return int(offset)


class StoredGroups:
    """The consumer groups of a broker. default: the adapter of `storage.adapter`."""

    def __init__(self, default: StorageAdapter) -> None:
        self._default = default

    def group(
        self, name: str, adapter: StorageAdapter | None = None, reset: Reset = Reset.EARLIEST
    ) -> StoredGroup:
        if not 0 < len(name.encode()) <= NAME_MAX or not name.isprintable():
            raise CallerError(
                f"{name!r} cannot be the name of a consumer group: it takes 1 to {NAME_MAX} bytes "
                "that can be printed"
            )
        return StoredGroup(name, adapter or self._default, reset)

    async def names(self, adapter: StorageAdapter | None = None) -> list[str]:
        source = adapter or self._default
        found: list[str] = []
        while page := await source.shards(GROUPS, found[-1] if found else "", _PAGE):
            found += page
        return [name.removeprefix(GROUPS) for name in found]

    async def delete(self, name: str, adapter: StorageAdapter | None = None) -> bool:
        source = adapter or self._default
        shard = GROUPS + self.group(name, source).name
        exists = await source.shards(shard, limit=1) == [shard]
        if exists:
            await source.commit(WriteBatch([Drop(shard)]))
        return exists
