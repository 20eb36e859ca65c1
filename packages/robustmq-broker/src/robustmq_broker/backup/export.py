"""[D] Writes a backup of a storage adapter, piece by piece."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from robustmq_broker.backup.frames import MAGIC, Encoder, ShardEntry, Totals
from robustmq_common.spi.storage import StorageAdapter

PIECE: Final = 32 * 1024
"""Bytes of a piece, about: what is encoded without letting others run, in half a millisecond."""
_PAGE: Final = 100
_PAGE_BYTES: Final = 32 * 1024


async def export_backup(adapter: StorageAdapter) -> AsyncGenerator[tuple[bytes, Totals], None]:
    """Yield the bytes of a backup, with what they hold up to there.

    adapter: nobody must write to it meanwhile: a snapshot, or one that is open for this alone.
    Raises StorageError.
    """
    encoder = Encoder()
    piece = bytearray(MAGIC)
    async for frame in _frames(adapter, encoder):
        piece += frame
        if len(piece) >= PIECE:
            yield bytes(piece), encoder.totals
            piece.clear()
            await asyncio.sleep(0)
    piece += encoder.end()
    yield bytes(piece), encoder.totals


async def _frames(adapter: StorageAdapter, encoder: Encoder) -> AsyncIterator[bytes]:
    name = ""
    while names := await adapter.shards(after=name, limit=_PAGE):
        for name in names:
            bounds = await adapter.bounds(name)
            limits = (await adapter.usage(name)).limits
            yield encoder.shard(ShardEntry(name, bounds.start, bounds.end, limits))
            offset = bounds.start
            while records := await adapter.read(name, offset, _PAGE, _PAGE_BYTES):
                for record in records:
                    yield encoder.record(record)
                offset = records[-1].offset + 1
            after = b""
            while pairs := await adapter.scan(name, after=after, limit=_PAGE):
                for key, value in pairs:
                    yield encoder.key(key, value)
                after = pairs[-1][0]
