"""[D] One step of forgetting: the oldest records that have expired or are beyond limits."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from robustmq_broker.storage.object.state import ObjectShard, State
from robustmq_broker.storage.retention import Kept, record_size
from robustmq_common.spi.storage import Operation, Trim

_RECORDS: Final = 2000
_SHARDS: Final = 500

Page = Callable[[ObjectShard, int], Awaitable[tuple[list[tuple[int, Kept]], int]]]


class Sweep:
    """Goes round the shards that have limits or records that expire.

    page: records of a shard from an offset on, and where to go on.
    """

    def __init__(
        self, state: State, page: Page, commit: Callable[[list[Operation]], list[int]]
    ) -> None:
        self._state = state
        self._page = page
        self._commit = commit
        self._round: list[str] = []

    async def step(self, now: float) -> bool:
        """Trim some logs; returns whether there is more to do. now: seconds since the epoch."""
        if not self._round:
            self._round = list(self._state.swept)
        budget, shards = _RECORDS, _SHARDS
        while self._round and budget > 0 and shards > 0:
            shards -= 1
            name = self._round[-1]
            shard = self._state.shards.get(name)
            if shard is None or not (shard.expires or shard.limits):
                self._state.swept.pop(name, None)
                self._round.pop()
                continue
            start, looked = await self._start(shard, now, budget)
            budget -= looked
            if self._state.shards.get(name) is shard and start > shard.start:
                self._commit([Trim(name, start)])
            if budget > 0:
                self._round.pop()
        return bool(self._round)

    async def _start(self, shard: ObjectShard, now: float, budget: int) -> tuple[int, int]:
        """Where a log has to begin, and how many records that took to find out."""
        limits = shard.limits
        position = shard.start
        if limits is not None and limits.records is not None:
            position = max(position, shard.end - limits.records)
        excess = await self._excess(shard, position)
        oldest = 0.0 if limits is None or limits.seconds is None else now - limits.seconds
        looked = 0
        while position < shard.end and looked < budget:
            extent = shard.extent_at(position) if position < shard.stored else None
            if extent is not None and excess <= 0 and position >= extent.first:
                if extent.latest < oldest:
                    position = extent.end
                    continue
            page, after = await self._page(shard, position)
            for at, (value, key, timestamp, expires_at) in page:
                expired = 0 < expires_at <= now
                if not (expired or excess > 0 or timestamp < oldest):
                    return at, looked + 1
                excess -= record_size(value, key)
                looked += 1
            position = after
        return min(position, shard.end), max(looked, 1)

    async def _excess(self, shard: ObjectShard, position: int) -> int:
        """By how many bytes the log is too long, if it begins at `position`."""
        if shard.limits is None or shard.limits.bytes is None:
            return 0
        most = shard.tail_size() + sum(extent.size for extent in shard.extents)
        if most <= shard.limits.bytes:
            return 0
        # Of the extent that the log begins in, nobody keeps count.
        size = sum(extent.size for extent in shard.extents if extent.first >= position)
        tail = shard.tail or {}
        size += sum(record_size(it[0], it[1]) for at, it in tail.items() if at >= position)
        extent = shard.extent_at(position) if position < shard.stored else None
        while extent is not None and extent.first < position < extent.end:
            page, position = await self._page(shard, position)
            size += sum(record_size(it[0], it[1]) for at, it in page if at < extent.end)
            await asyncio.sleep(0)
        return size - shard.limits.bytes
