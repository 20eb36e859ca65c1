"""[P] Everything the adapter knows of its shards: bounds, keys, and where the records are.

    records:  start ..... in segments (extents) ..... stored ..... in memory (tail) ..... end

A shard takes about 1 KB of memory with an extent, and its keys and values what they are.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from robustmq_broker.storage.object.changes import Changes, Entry
from robustmq_broker.storage.object.segment import Extent, Record
from robustmq_broker.storage.retention import Kept, record_size
from robustmq_broker.storage.sorted_names import SortedNames
from robustmq_common.spi.storage import (
    Append,
    Bounds,
    Delete,
    Drop,
    Operation,
    Put,
    Retain,
    Skip,
    Trim,
)

_RECORD_OVERHEAD: Final = 40


class ObjectShard:
    """A log, whose records below `stored` are in segments, and keys."""

    __slots__ = (
        "end",
        "expires",
        "extents",
        "id",
        "limits",
        "name",
        "names",
        "start",
        "stored",
        "tail",
        "values",
    )

    def __init__(self, name: str, id_: int) -> None:
        self.name = name
        self.id = id_
        self.start = self.end = self.stored = 0
        self.tail: dict[int, Kept] | None = None
        self.extents: list[Extent] = []
        self.values: dict[bytes, bytes] = {}
        self.names: SortedNames[bytes] | None = None
        self.limits: Retain | None = None
        self.expires = False

    def bounds(self) -> Bounds:
        return Bounds(self.start, self.end)

    def is_gone(self) -> bool:
        """Whether there is nothing left, and no offset that a new record must not get again."""
        return self.end == 0 and not self.values and self.limits is None

    def skip(self, to: int) -> None:
        """Have the next record get the offset `to`, if the log has not got there yet."""
        if to > self.end:
            if self.start == self.end:
                self.start = to
            self.end = to

    def extent_at(self, offset: int) -> Extent | None:
        """The extent that has this offset, or else the next one."""
        extents = self.extents
        at = bisect_right(extents, offset, key=_first)
        if at and extents[at - 1].end > offset:
            return extents[at - 1]
        return extents[at] if at < len(extents) else None

    def scan(self, prefix: bytes, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Keys with their values, in order."""
        if self.names is None:
            self.names = SortedNames()
        names = self.names.scan(self.values, prefix, after, limit)
        return [(name, self.values[name]) for name in names]

    def tail_size(self) -> int:
        """Bytes of the keys and values of what is in memory."""
        return sum(record_size(value, key) for value, key, _, _ in (self.tail or {}).values())


class Segment:
    """Bytes of the object, and about how many of them are still in use."""

    __slots__ = ("live", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.live = 0


class Generation:
    """What was written since the last one, and is uploaded as one."""

    __slots__ = ("dropped", "keys", "last", "records", "size", "touched")

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.keys: dict[int, dict[bytes, bytes | None]] = {}
        self.touched: dict[int, ObjectShard] = {}
        self.dropped: set[int] = set()
        self.size = 0
        self.last = 0


class State:
    """All shards, and all segments.

    dead: segments in which nothing is in use any more.
    """

    def __init__(self) -> None:
        self.shards: dict[str, ObjectShard] = {}
        self.by_id: dict[int, ObjectShard] = {}
        self.names: SortedNames[str] = SortedNames()
        self.segments: dict[int, Segment] = {}
        self.dead: set[int] = set()
        self.swept: dict[str, None] = {}
        self.next_id = 1

    def load(self, changes: Changes) -> None:
        """Begin with what was stored: the sum of all changes."""
        self.segments = {id_: Segment(size) for id_, size in changes.added.items()}
        for id_, entry in changes.entries.items():
            self.next_id = max(self.next_id, id_ + 1)
            if entry.name is None:
                continue
            shard = ObjectShard(entry.name, id_)
            shard.start, shard.end, shard.limits = entry.start, entry.end, entry.limits
            shard.stored = entry.end
            shard.values = {key: value for key, value in entry.keys.items() if value is not None}
            self.shards[entry.name] = self.by_id[id_] = shard
            self.adopt(shard, entry.extents)
            if shard.limits is not None:
                self.swept[shard.name] = None
        self.dead = {id_ for id_, segment in self.segments.items() if segment.live <= 0}

    def adopt(self, shard: ObjectShard, extents: Iterable[Extent]) -> None:
        """A shard has records in a segment."""
        for extent in extents:
            segment = self.segments.get(extent.segment)
            if segment is None or extent.end <= shard.start:
                continue
            segment.live += weight(extent)
            shard.extents.append(extent)
            if extent.soonest < float("inf"):
                shard.expires = True
                self.swept[shard.name] = None
        shard.extents.sort(key=_first)

    def release(self, extent: Extent) -> None:
        """Nobody needs this part of a segment any more."""
        segment = self.segments.get(extent.segment)
        if segment is not None:
            segment.live -= weight(extent)
            if segment.live <= 0:
                self.dead.add(extent.segment)

    def stored(self, generation: Generation, ends: dict[int, int]) -> None:
        """A generation is in the store. ends: where the logs ended when it was sealed."""
        for id_, end in ends.items():
            shard = self.by_id.get(id_)
            if shard is not None:
                shard.stored = max(shard.stored, end)
        for id_, offset, _ in generation.records:
            shard = self.by_id.get(id_)
            if shard is not None and shard.tail is not None:
                shard.tail.pop(offset, None)
                if not shard.tail:
                    shard.tail = None

    def apply(self, operations: Iterable[Operation], into: Generation) -> list[int]:
        """Change everything as a batch says; returns the offsets of its appends."""
        offsets: list[int] = []
        for operation in operations:
            if isinstance(operation, Append):
                offsets.append(self._append(operation, into))
            elif isinstance(operation, Put):
                self._put(operation, into)
            elif isinstance(operation, Retain):
                shard = self._made(operation.shard, into)
                shard.limits = operation
                self.swept[shard.name] = None
            elif isinstance(operation, Skip):
                self._made(operation.shard, into).skip(operation.to)
            else:
                self._remove(operation, into)
        return offsets

    def _append(self, operation: Append, into: Generation) -> int:
        shard = self._made(operation.shard, into)
        offset = operation.offset = shard.end
        kept = (operation.value, operation.key, operation.timestamp, operation.expires_at)
        if shard.tail is None:
            shard.tail = {}
        shard.tail[offset] = kept
        shard.end = offset + 1
        into.records.append((shard.id, offset, kept))
        if operation.expires_at and not shard.expires:
            shard.expires = True
            self.swept[shard.name] = None
        return offset

    def _put(self, operation: Put, into: Generation) -> None:
        shard = self._made(operation.shard, into)
        if shard.names is not None and operation.key not in shard.values:
            shard.names.add(operation.key)
        shard.values[operation.key] = operation.value
        into.keys.setdefault(shard.id, {})[operation.key] = operation.value

    def _remove(self, operation: Delete | Trim | Drop, into: Generation) -> None:
        shard = self.shards.get(operation.shard)
        if shard is None:
            return
        into.touched[shard.id] = shard
        if isinstance(operation, Trim):
            self._trim(shard, operation.before)
        elif isinstance(operation, Drop):
            self._forget(shard, into)
        else:
            if shard.values.pop(operation.key, None) is not None and shard.names is not None:
                shard.names.remove(operation.key)
            into.keys.setdefault(shard.id, {})[operation.key] = None
            if shard.is_gone():
                self._forget(shard, into)

    def _trim(self, shard: ObjectShard, before: int) -> None:
        stop = min(before, shard.end)
        if stop <= shard.start:
            return
        if shard.tail is not None:
            gone_from = max(shard.start, shard.stored)
            # Offsets that were skipped may be many more than there are records.
            offsets = range(gone_from, stop)
            for offset in offsets if len(offsets) <= len(shard.tail) else list(shard.tail):
                if offset < stop:
                    shard.tail.pop(offset, None)
        shard.start = stop
        extents = shard.extents
        gone = 0
        while gone < len(extents) and extents[gone].end <= stop:
            self.release(extents[gone])
            gone += 1
        if gone:
            del extents[:gone]

    def _forget(self, shard: ObjectShard, into: Generation) -> None:
        for extent in shard.extents:
            self.release(extent)
        del self.shards[shard.name], self.by_id[shard.id]
        self.names.remove(shard.name)
        into.dropped.add(shard.id)
        into.keys.pop(shard.id, None)
        into.touched.pop(shard.id, None)

    def _made(self, name: str, into: Generation) -> ObjectShard:
        """The shard to write to, which comes into being now if it does not exist."""
        shard = self.shards.get(name)
        if shard is None:
            shard = self.shards[name] = ObjectShard(name, self.next_id)
            self.by_id[shard.id] = shard
            self.next_id += 1
            self.names.add(name)
        into.touched[shard.id] = shard
        return shard

    def capture(self, generation: Generation) -> Changes:
        """What a generation changed, as it is now; its segment is still to be added."""
        removed, self.dead = self.dead, set()
        for segment in removed:
            self.segments.pop(segment, None)
        changes = Changes(dropped=generation.dropped, removed=removed)
        for id_, shard in generation.touched.items():
            keys = generation.keys.get(id_, {})
            changes.entries[id_] = Entry(
                shard.name, shard.start, shard.end, shard.limits, keys=keys
            )
        return changes


def weight(extent: Extent) -> int:
    """Bytes that an extent has of its segment, about."""
    return extent.size + (extent.end - extent.first) * _RECORD_OVERHEAD


def live_records(generation: Generation, changes: Changes) -> list[Record]:
    """The records of a generation that were still there when it was captured, in order."""
    starts = {id_: entry.start for id_, entry in changes.entries.items()}
    kept = [record for record in generation.records if record[1] >= starts.get(record[0], 1 << 63)]
    kept.sort(key=_place)
    return kept


def _first(extent: Extent) -> int:
    return extent.first


def _place(record: Record) -> tuple[int, int]:
    return record[0], record[1]
