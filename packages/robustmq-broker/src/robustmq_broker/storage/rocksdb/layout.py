"""[H] What is where in RocksDB.

| family | key | value |
| --- | --- | --- |
| meta | `version`, `next` | of this layout; the id that the next shard gets |
| meta | `limits/` NAME | nothing: sweeps look at this shard |
| shards | NAME | the shard's id, bounds and limits (`_ENTRY`) |
| records | id, offset | a record (`_SHORT` or `_LONG`, then its key and value) |
| keys | id, KEY | VALUE |
| expiry | time, id, offset | NAME: this record expires then |

Numbers are of 8 bytes, big-endian: RocksDB's order is theirs, and a shard is a range of keys.
Shards have ids because names are long and come again: a shard that is dropped and made anew shares
nothing with the old one. What nobody asks for is not read: a start looks at two keys.

An append writes its record only. The entry in `shards` is older than that, and the log's end is
found at its last record; whoever removes records writes the entry too, as the last one may be gone.
Every record knows how many bytes the log had before it and the latest timestamp up to it. Both only
grow, so limits by size and age, and a look-up by time, are binary searches.
"""

from __future__ import annotations

import struct
from typing import Final, final

from robustmq_common.spi.operations import Retain, StoredRecord

VERSION: Final = b"2"
VERSION_KEY: Final = b"version"
NEXT_KEY: Final = b"next"
LIMITS: Final = b"limits/"
FAMILIES: Final = ("meta", "shards", "records", "keys", "expiry")
END_OF_NAMES: Final = b"\xff"
"""Greater than every name, as this byte does not occur in UTF-8."""

_ID: Final = struct.Struct("!Q")
_PLACE: Final = struct.Struct("!QQ")
_EXPIRY: Final = struct.Struct("!dQQ")  # the order of positive numbers is that of their bytes
_SHORT: Final = struct.Struct("!?dQ")  # False, timestamp (the latest), bytes before
_LONG: Final = struct.Struct("!?dQddI")  # True, the same, expiry, latest timestamp, key
_ENTRY: Final = struct.Struct("!QQQQd?ddd")  # id, start, end, size, latest, limits: three

pack_id = _ID.pack
pack_place = _PLACE.pack
pack_expiry = _EXPIRY.pack
unpack_expiry = _EXPIRY.unpack
pack_short = _SHORT.pack
pack_long = _LONG.pack


@final
class ShardState:
    """A shard's entry, and what a commit has to know of it.

    size: bytes of all keys and values ever appended. latest: greatest timestamp of any record.
    witness: a key that is there, if one is known. stale: the entry on the disk is to be replaced.
    freed: from here up to `start` there are trimmed records that are yet to be removed.
    """

    def __init__(
        self, id_: int, start: int, end: int, size: int, latest: float, limits: Retain | None
    ) -> None:
        self.id = id_
        self.start = start
        self.freed = start
        self.end = end
        self.size = size
        self.latest = latest
        self.limits = limits
        self.witness: bytes | None = None
        self.stale = False

    def copy(self) -> ShardState:
        same = ShardState(self.id, self.start, self.end, self.size, self.latest, self.limits)
        same.witness = self.witness
        same.freed = self.freed
        return same

    def encode(self) -> bytes:
        limits = self.limits
        three = (-1.0, -1.0, -1.0)
        if limits is not None:
            three = (_number(limits.seconds), _number(limits.bytes), _number(limits.records))
        has = limits is not None
        return _ENTRY.pack(self.id, self.start, self.end, self.size, self.latest, has, *three)


def decode_entry(name: str, data: bytes) -> ShardState:
    id_, start, end, size, latest, has, seconds, bytes_, records = _ENTRY.unpack(data)
    limits = None
    if has:
        limits = Retain(
            name,
            None if seconds < 0 else seconds,
            None if bytes_ < 0 else int(bytes_),
            None if records < 0 else int(records),
        )
    return ShardState(id_, start, end, size, latest, limits)


def encode_name(name: str) -> bytes:
    # In the order of the characters, which for UTF-8 is that of the bytes.
    return name.encode("utf-8", "surrogatepass")


def decode_name(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def decode_record(place: bytes, data: bytes) -> StoredRecord:
    offset = offset_of(place)
    if not data[0]:
        return StoredRecord(offset, data[_SHORT.size :], None, _SHORT.unpack_from(data)[1], 0.0)
    _, timestamp, _, expires_at, _, key_length = _LONG.unpack_from(data)
    if not key_length:
        return StoredRecord(offset, data[_LONG.size :], None, timestamp, expires_at)
    value_at = _LONG.size + key_length - 1
    key = data[_LONG.size : value_at]
    return StoredRecord(offset, data[value_at:], key, timestamp, expires_at)


def decode_totals(data: bytes) -> tuple[float, float, int, int]:
    """Timestamp, latest timestamp up to it, bytes of the log before this record and after it."""
    if not data[0]:
        _, timestamp, before = _SHORT.unpack_from(data)
        return timestamp, timestamp, before, before + len(data) - _SHORT.size
    _, timestamp, before, _, latest, _ = _LONG.unpack_from(data)
    return timestamp, latest, before, before + len(data) - _LONG.size


def offset_of(place: bytes) -> int:
    return int.from_bytes(place[8:], "big")


def after_prefix(prefix: bytes) -> bytes | None:
    """The first bytes that come after everything with this prefix; None if nothing does."""
    kept = prefix.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else None


def _number(limit: float | None) -> float:
    return -1.0 if limit is None else max(0.0, float(limit))
