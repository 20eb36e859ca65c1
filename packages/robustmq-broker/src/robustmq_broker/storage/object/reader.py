"""[D] Reads segments: blocks through a cache, several at once where a log is read on."""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from robustmq_broker.storage.object.segment import (
    FOOTER_SIZE,
    Block,
    Damaged,
    Extent,
    Index,
    check_block,
    decode_footer,
    decode_index,
    read_index,
)
from robustmq_common.errors import StorageError
from robustmq_common.files import Files, NotFound

FOLDER: Final = "segments"
_TRIES: Final = 4
_PAUSE: Final = 0.1
_ENTRY_OVERHEAD: Final = 200
_INDEX_ENTRY: Final = 300

Key = tuple[int, int]
_INDEX: Final = -1


def segment_name(segment: int) -> str:
    """The object of a segment."""
    return f"{FOLDER}/{segment >> 32:010d}-{segment & 0xFFFFFFFF:010d}.seg"


def segment_of(name: str) -> int | None:
    """The segment that an object is, None if it is something else."""
    epoch, _, number = name.removeprefix(f"{FOLDER}/").removesuffix(".seg").partition("-")
    if not (name.endswith(".seg") and epoch.isdigit() and number.isdigit()):
        return None
    return int(epoch) << 32 | int(number)


class Cache:
    """Blocks and indexes, the least recently used going first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[Key, tuple[bytes | Index, int]] = OrderedDict()

    def get(self, key: Key) -> bytes | Index | None:
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: Key, value: bytes | Index) -> None:
        if isinstance(value, Index):
            size = len(value.blocks) * _INDEX_ENTRY
        else:
            size = len(value)
        self.forget(key)
        self._kept[key] = value, size + _ENTRY_OVERHEAD
        self._size += size + _ENTRY_OVERHEAD
        while self._size > self._limit and len(self._kept) > 1:
            self._size -= self._kept.popitem(last=False)[1][1]

    def forget(self, key: Key) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._size -= found[1]


class SegmentReader:
    """Gets blocks of segments.

    size_of: the bytes of a segment's object, None if it is not in use.
    cache: bytes of memory. read_ahead: bytes that are fetched at once, at most.
    """

    def __init__(
        self, files: Files, size_of: Callable[[int], int | None], cache: int, read_ahead: int
    ) -> None:
        self._files = files
        self._size_of = size_of
        self._cache = Cache(cache)
        self._read_ahead = read_ahead
        # One request for all who want the same.
        self._loading: dict[Key, asyncio.Task[None]] = {}

    async def block(self, id_: int, extent: Extent, offset: int) -> bytes:
        """The block that has the record of a shard at an offset, if any has.

        Raises Damaged, NotFound, and StorageError when the store does not answer.
        """
        segment = extent.segment
        index = await self.index(segment)
        number = index.find(id_, offset)
        key = (segment, number)
        found = self._cache.get(key)
        while found is None:
            loading = self._loading.get(key)
            if loading is None:
                last = index.find(id_, max(extent.end - 1, offset))
                loading = asyncio.ensure_future(self._load(segment, index, number, last))
                self._loading[key] = loading
                loading.add_done_callback(lambda done: self._loaded(key, done))
            await asyncio.shield(loading)
            found = self._cache.get(key)
        assert isinstance(found, bytes)
        return found

    async def index(self, segment: int) -> Index:
        """Raises as `block` does."""
        found = self._cache.get((segment, _INDEX))
        if isinstance(found, Index):
            return found
        name = segment_name(segment)
        size = self._size_of(segment)
        if size is None:
            raise NotFound(f"{name} is not in use any more")
        footer = await self._read(name, max(size - FOOTER_SIZE, 0), size)
        position, length, checksum = decode_footer(footer)
        index = decode_index(await self._read(name, position, position + length), checksum)
        self._cache.put((segment, _INDEX), index)
        return index

    def remember(self, segment: int, data: bytes) -> None:
        """Keep what was just written: whoever follows a log wants it soon."""
        index = read_index(data)
        self._cache.put((segment, _INDEX), index)
        for number, block in enumerate(index.blocks):
            end = block.position + block.length
            self._cache.put((segment, number), data[block.position : end])

    async def _load(self, segment: int, index: Index, first: int, last: int) -> None:
        blocks: list[Block] = [index.blocks[first]]
        size = blocks[0].length
        for block in index.blocks[first + 1 : last + 1]:
            size += block.length
            if size > self._read_ahead or (segment, first + len(blocks)) in self._loading:
                break
            blocks.append(block)
        start = blocks[0].position
        end = blocks[-1].position + blocks[-1].length
        data = await self._read(segment_name(segment), start, end)
        # The last first, so that the cache lets go of what is wanted last.
        for number in range(len(blocks) - 1, -1, -1):
            block = blocks[number]
            piece = data[block.position - start : block.position - start + block.length]
            try:
                check_block(block, piece)
            except Damaged:
                if number == 0:
                    raise
                continue
            self._cache.put((segment, first + number), piece)

    def _loaded(self, key: Key, done: "asyncio.Task[None]") -> None:
        self._loading.pop(key, None)
        if not done.cancelled():
            done.exception()

    async def _read(self, name: str, start: int, end: int) -> bytes:
        for tried in range(_TRIES):
            try:
                return await self._files.read(name, start, end)
            except NotFound:
                raise
            except StorageError:
                if tried == _TRIES - 1:
                    raise
            await asyncio.sleep(_PAUSE * 2**tried * (0.5 + random.random()))  # noqa: S311
        raise AssertionError
