"""[P] Changes to shards: what segments were added, what keys were set, where logs begin and end.

The state of the store is the sum of a few of these objects, each on top of the one before. `merge`
makes one out of two; the sum of all of them is the state itself. So a start reads them, and neither
lists segments nor opens any.

    magic, dropped shards, added and removed segments, shards, checksum (CRC-32)
"""

import struct
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

from robustmq_broker.storage.object.operations import LIMITS, pack_limits, unpack_limits
from robustmq_broker.storage.object.segment import Damaged, Extent
from robustmq_common.spi.storage import Retain

MAGIC: Final = b"RMQCHG1\n"
_COUNTS: Final = struct.Struct("<QQQQ")
_ID: Final = struct.Struct("<Q")
_SEGMENT: Final = struct.Struct("<QQ")
_ENTRY: Final = struct.Struct("<QiQQII")  # id, length of the name or -1, start, end, extents, keys
_EXTENT: Final = struct.Struct("<QQQQdd")
_KEY: Final = struct.Struct("<Ii")  # length of the key, of the value or -1 for a removed one
_CHECKSUM: Final = struct.Struct("<I")


@dataclass(slots=True)
class Entry:
    """What changed of a shard. Without a name only extents were added: bounds are as they were."""

    name: str | None = None
    start: int = 0
    end: int = 0
    limits: Retain | None = None
    extents: list[Extent] = field(default_factory=list)
    keys: dict[bytes, bytes | None] = field(default_factory=dict)


@dataclass(slots=True)
class Changes:
    """Shards are known by id: one that is dropped and made anew has another.

    added: bytes by segment.
    """

    dropped: set[int] = field(default_factory=set)
    added: dict[int, int] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    entries: dict[int, Entry] = field(default_factory=dict)

    def is_empty(self) -> bool:
        return not (self.dropped or self.added or self.removed or self.entries)


def merge(older: Changes, newer: Changes) -> Changes:
    """Both, as one. The older is used up."""
    for id_ in newer.dropped:
        older.entries.pop(id_, None)
        older.dropped.add(id_)
    for segment in newer.removed:
        older.added.pop(segment, None)
        older.removed.add(segment)
    older.added.update(newer.added)
    for id_, entry in newer.entries.items():
        known = older.entries.get(id_)
        if known is None:
            if id_ not in older.dropped:
                older.entries[id_] = entry
            continue
        if entry.name is not None:
            known.name, known.start, known.end = entry.name, entry.start, entry.end
            known.limits = entry.limits
        known.extents += entry.extents
        known.keys.update(entry.keys)
    return older


def tidy(changes: Changes, *, complete: bool) -> Changes:
    """Leave out what other changes in the same object have overtaken.

    complete: whether there is nothing below, so that removals have nothing to remove.
    """
    for entry in changes.entries.values():
        if entry.extents:
            kept = [
                extent
                for extent in entry.extents
                if extent.segment not in changes.removed
                and (entry.name is None or extent.end > entry.start)
            ]
            kept.sort(key=_first)
            entry.extents = kept
        if complete and None in entry.keys.values():
            entry.keys = {key: value for key, value in entry.keys.items() if value is not None}
    if complete:
        changes.dropped = set()
        changes.removed = set()
        for id_ in [id_ for id_, entry in changes.entries.items() if entry.name is None]:
            del changes.entries[id_]
    return changes


def _first(extent: Extent) -> int:
    return extent.first


def encode_changes(changes: Changes) -> bytes:
    """The object to store."""
    parts = [
        MAGIC,
        _COUNTS.pack(
            len(changes.dropped), len(changes.added), len(changes.removed), len(changes.entries)
        ),
    ]
    parts += [_ID.pack(id_) for id_ in changes.dropped]
    parts += [_SEGMENT.pack(segment, size) for segment, size in changes.added.items()]
    parts += [_ID.pack(segment) for segment in changes.removed]
    for id_, entry in changes.entries.items():
        name = None if entry.name is None else entry.name.encode("utf-8", "surrogatepass")
        parts.append(
            _ENTRY.pack(
                id_,
                -1 if name is None else len(name),
                entry.start,
                entry.end,
                len(entry.extents),
                len(entry.keys),
            )
        )
        parts += (name or b"", pack_limits(entry.limits))
        parts += [_EXTENT.pack(*extent) for extent in entry.extents]
        for key, value in entry.keys.items():
            parts.append(_KEY.pack(len(key), -1 if value is None else len(value)))
            parts += (key, value or b"")
    data = b"".join(parts)
    return data + _CHECKSUM.pack(crc32(data))


def decode_changes(data: bytes) -> Changes:
    """What was stored. Raises Damaged."""
    body = data[: -_CHECKSUM.size]
    if not body.startswith(MAGIC) or data[-_CHECKSUM.size :] != _CHECKSUM.pack(crc32(body)):
        raise Damaged("its checksum is wrong")
    dropped, added, removed, entries = _COUNTS.unpack_from(body, len(MAGIC))
    at = len(MAGIC) + _COUNTS.size
    changes = Changes()
    for _ in range(dropped):
        changes.dropped.add(_ID.unpack_from(body, at)[0])
        at += _ID.size
    for _ in range(added):
        segment, size = _SEGMENT.unpack_from(body, at)
        changes.added[segment] = size
        at += _SEGMENT.size
    for _ in range(removed):
        changes.removed.add(_ID.unpack_from(body, at)[0])
        at += _ID.size
    for _ in range(entries):
        at = _decode_entry(changes, body, at)
    return changes


def _decode_entry(changes: Changes, body: bytes, at: int) -> int:
    id_, length, start, end, extents, keys = _ENTRY.unpack_from(body, at)
    at += _ENTRY.size
    name = None
    if length >= 0:
        name = body[at : at + length].decode("utf-8", "surrogatepass")
        at += length
    entry = Entry(name, start, end, unpack_limits(name or "", body, at))
    at += LIMITS.size
    for _ in range(extents):
        entry.extents.append(Extent(*_EXTENT.unpack_from(body, at)))
        at += _EXTENT.size
    for _ in range(keys):
        key_size, size = _KEY.unpack_from(body, at)
        at += _KEY.size
        middle = at + key_size
        entry.keys[body[at:middle]] = None if size < 0 else body[middle : middle + max(size, 0)]
        at = middle + max(size, 0)
    changes.entries[id_] = entry
    return at
