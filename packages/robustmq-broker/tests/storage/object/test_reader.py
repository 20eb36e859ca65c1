"""Blocks of segments: fetched once, ahead, and only if they are right."""

import asyncio

import pytest

from robustmq_broker.storage.object.reader import (
    Cache,
    SegmentReader,
    segment_name,
    segment_of,
)
from robustmq_broker.storage.object.segment import (
    Damaged,
    Record,
    encode_segment,
    select_from_block,
)
from robustmq_common.files import Files, NotFound
from robustmq_common.files.store import unique

RECORDS: list[Record] = [(1, at, (b"%04d" % at, None, 0.0, 0.0)) for at in range(200)]
SEGMENT = 3 << 32 | 5
DATA, EXTENTS = encode_segment(SEGMENT, RECORDS, 512)
EXTENT = EXTENTS[1][0]


class Counted(Files):
    reads = 0

    async def read(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        self.reads += 1
        return await super().read(name, start, end)


async def prepared(data: bytes = DATA, read_ahead: int = 2048) -> tuple[Counted, SegmentReader]:
    files = Counted(f"memory://{unique()}", {}, 30.0)
    await files.open()
    await files.write(segment_name(SEGMENT), data)
    sizes = {SEGMENT: len(data)}
    return files, SegmentReader(files, sizes.get, 1_000_000, read_ahead)


def test_names() -> None:
    assert segment_name(SEGMENT) == "segments/0000000003-0000000005.seg"
    assert segment_of(segment_name(SEGMENT)) == SEGMENT
    assert segment_of("segments/0000000003-0000000005.seg.corrupt") is None


def test_reading_on_fetches_ahead() -> None:
    async def scenario() -> None:
        files, reader = await prepared()
        found = []
        position = 0
        while position < 200:
            block = await reader.block(1, EXTENT, position)
            page = select_from_block(block, 1, position, 200)
            found += page
            position = page[-1][0] + 1
        assert [it[0] for it in found] == list(range(200))
        # Footer, index, and three blocks at a time of the 16.
        assert files.reads == 2 + 6
        files.close()

    asyncio.run(scenario())


def test_many_who_want_the_same_ask_once() -> None:
    async def scenario() -> None:
        files, reader = await prepared()
        await reader.index(SEGMENT)
        before = files.reads
        blocks = await asyncio.gather(*(reader.block(1, EXTENT, 0) for _ in range(20)))
        assert len(set(blocks)) == 1
        assert files.reads == before + 1
        files.close()

    asyncio.run(scenario())


def test_what_was_uploaded_is_not_fetched() -> None:
    async def scenario() -> None:
        files, reader = await prepared()
        reader.remember(SEGMENT, DATA)
        await reader.block(1, EXTENT, 150)
        assert files.reads == 0
        files.close()

    asyncio.run(scenario())


def test_a_damaged_block_is_not_given_out() -> None:
    async def scenario() -> None:
        damaged = bytearray(DATA)
        damaged[600] ^= 1
        files, reader = await prepared(bytes(damaged))
        await reader.block(1, EXTENT, 0)
        with pytest.raises(Damaged, match="the block at byte"):
            await reader.block(1, EXTENT, 14)
        await reader.block(1, EXTENT, 50)
        files.close()

    asyncio.run(scenario())


def test_a_segment_that_is_gone() -> None:
    async def scenario() -> None:
        files, reader = await prepared()
        await files.delete(segment_name(SEGMENT))
        with pytest.raises(NotFound):
            await reader.block(1, EXTENT, 0)
        with pytest.raises(NotFound, match="not in use any more"):
            await reader.index(SEGMENT + 1)
        files.close()

    asyncio.run(scenario())


def test_the_cache_keeps_what_was_used_last() -> None:
    cache = Cache(2000)
    for number in range(3):
        cache.put((1, number), bytes(500))
        cache.get((1, 0))
    assert [cache.get((1, number)) is not None for number in range(3)] == [True, False, True]
    cache.put((1, 9), bytes(9000))
    assert cache.get((1, 9)) is not None
    assert cache.get((1, 0)) is None
