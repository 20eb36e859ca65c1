"""[P] A segment: records of many shards in one object, in blocks with checksums.

    magic, block, block, ..., index, footer

Records are sorted by (id of the shard, offset), so a shard's are next to each other. The index has
an entry for each block, not for each record: where it is, its checksum, and its first record.
A segment is never changed. Little-endian; checksums are CRC-32.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterable
from math import inf
from typing import Final, NamedTuple
from zlib import crc32

from robustmq_broker.storage.retention import Kept, record_size

MAGIC: Final = b"RMQSEG1\n"
_RECORD: Final = struct.Struct("<QQddIi")  # shard, offset, timestamp, expiry, value, key or -1
_ENTRY: Final = struct.Struct("<QQQII")  # first shard, first offset, position, length, checksum
_FOOTER: Final = struct.Struct("<QII8s")  # position, length and checksum of the index
FOOTER_SIZE: Final = _FOOTER.size

Record = tuple[int, int, Kept]
"""Id of the shard, offset, and the record itself."""


class Extent(NamedTuple):
    """Offsets of one shard from `first` up to `end`, without a gap, that are in a segment.

    size: bytes of their keys and values. latest: the greatest timestamp among them. soonest: when
    the first of them expires, infinite if none does.
    """

    segment: int
    first: int
    end: int
    size: int
    latest: float
    soonest: float


class Block(NamedTuple):
    """Where a block is, and the shard and offset of its first record."""

    shard: int
    offset: int
    position: int
    length: int
    checksum: int


class Index:
    """The blocks of a segment, and which of them has a record."""

    __slots__ = ("_firsts", "blocks")

    def __init__(self, blocks: list[Block]) -> None:
        self.blocks = blocks
        self._firsts = [(block.shard, block.offset) for block in blocks]

    def find(self, shard: int, offset: int) -> int:
        """Number of the block that has this record, if any has."""
        return max(bisect_right(self._firsts, (shard, offset)) - 1, 0)


class Damaged(ValueError):
    """A segment, or a block of it, is not what was written."""


def encode_segment(
    segment: int, records: Iterable[Record], block_size: int
) -> tuple[bytes, dict[int, list[Extent]]]:
    """A segment with these records, sorted already, and the extents by shard."""
    parts = [MAGIC]
    index: list[bytes] = []
    position = len(MAGIC)
    extents = _Extents(segment)
    block: list[bytes] = []
    size, first = 0, (0, 0)

    def close() -> None:
        nonlocal position, size
        data = b"".join(block)
        index.append(_ENTRY.pack(*first, position, len(data), crc32(data)))
        parts.append(data)
        position += len(data)
        block.clear()
        size = 0

    for shard, offset, kept in records:
        value, key, timestamp, expires_at = kept
        if not block:
            first = (shard, offset)
        length = -1 if key is None else len(key)
        block += (
            _RECORD.pack(shard, offset, timestamp, expires_at, len(value), length),
            value,
            key or b"",
        )
        size += _RECORD.size + record_size(value, key)
        extents.add(shard, offset, kept)
        if size >= block_size:
            close()
    if block:
        close()
    table = b"".join(index)
    parts += (table, _FOOTER.pack(position, len(table), crc32(table), MAGIC))
    return b"".join(parts), extents.finish()


class _Extents:
    """Collects the runs of offsets."""

    def __init__(self, segment: int) -> None:
        self._segment = segment
        self._found: dict[int, list[Extent]] = {}
        self._shard = -1
        self._first = self._end = self._size = 0
        self._latest, self._soonest = -inf, inf

    def add(self, shard: int, offset: int, kept: Kept) -> None:
        if shard != self._shard or offset != self._end:
            self._close()
            self._shard, self._first, self._size = shard, offset, 0
            self._latest, self._soonest = -inf, inf
        self._end = offset + 1
        self._size += record_size(kept[0], kept[1])
        self._latest = max(self._latest, kept[2])
        if kept[3]:
            self._soonest = min(self._soonest, kept[3])

    def _close(self) -> None:
        if self._shard >= 0:
            extent = Extent(
                self._segment, self._first, self._end, self._size, self._latest, self._soonest
            )
            self._found.setdefault(self._shard, []).append(extent)

    def finish(self) -> dict[int, list[Extent]]:
        self._close()
        return self._found


def decode_footer(footer: bytes) -> tuple[int, int, int]:
    """Position, length and checksum of the index. Raises Damaged."""
    if len(footer) != FOOTER_SIZE:
        raise Damaged("it is too short")
    position, length, checksum, magic = _FOOTER.unpack(footer)
    if magic != MAGIC:
        raise Damaged("it does not end as a segment does")
    return position, length, checksum


def decode_index(table: bytes, checksum: int) -> Index:
    """Raises Damaged."""
    if crc32(table) != checksum:
        raise Damaged("the checksum of its index is wrong")
    return Index([Block(*entry) for entry in _ENTRY.iter_unpack(table)])


def read_index(data: bytes) -> Index:
    """The index of a whole segment. Raises Damaged."""
    position, length, checksum = decode_footer(data[-FOOTER_SIZE:])
    return decode_index(data[position : position + length], checksum)


def check_block(block: Block, data: bytes) -> None:
    """Raises Damaged."""
    if len(data) != block.length or crc32(data) != block.checksum:
        raise Damaged(f"the checksum of the block at byte {block.position} is wrong")


def decode_block(data: bytes) -> list[Record]:
    """All records of a block whose checksum is right."""
    found: list[Record] = []
    at = 0
    while at < len(data):
        shard, offset, timestamp, expires_at, size, key_size = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        end = at + size
        key = None if key_size < 0 else data[end : end + key_size]
        found.append((shard, offset, (data[at:end], key, timestamp, expires_at)))
        at = end + max(key_size, 0)
    return found


def select_from_block(data: bytes, wanted: int, start: int, stop: int) -> list[tuple[int, Kept]]:
    """Offsets from `start` up to `stop` of one shard, with their records."""
    found: list[tuple[int, Kept]] = []
    at = 0
    while at < len(data):
        shard, offset, timestamp, expires_at, size, key_size = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        end = at + size
        after = end + max(key_size, 0)
        if shard > wanted or (shard == wanted and offset >= stop):
            break
        if shard == wanted and offset >= start:
            key = None if key_size < 0 else data[end:after]
            found.append((offset, (data[at:end], key, timestamp, expires_at)))
        at = after
    return found
