"""[D] From a place in a log, as people name it, to an offset."""

from robustmq_common.spi.consumers import AtOffset, AtTime, Edge, Position
from robustmq_common.spi.storage import StorageAdapter


async def resolve(adapter: StorageAdapter, shard: str, position: Position) -> int:
    """The offset of a place in a shard's log, as it is now; within the bounds of the log."""
    bounds = await adapter.bounds(shard)
    if isinstance(position, AtOffset):
        return min(max(position.offset, bounds.start), bounds.end)
    if isinstance(position, AtTime):
        return await adapter.offset_at(shard, position.timestamp)
    return bounds.start if position is Edge.EARLIEST else bounds.end
