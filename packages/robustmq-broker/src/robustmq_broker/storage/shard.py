"""[P] One shard in memory: a log in a dict by offset, and keys in a dict."""

from robustmq_broker.storage.sorted_names import SortedNames
from robustmq_common.spi.storage import Append, Bounds, StoredRecord

Kept = tuple[bytes, bytes | None, float, float]
"""Value, key, timestamp and expiry. A tuple, as the garbage collector does not walk over it."""


class Shard:
    """Offsets from `start` up to, not including, `end` are in `records`; there are no gaps."""

    __slots__ = ("end", "names", "records", "start", "values")

    def __init__(self) -> None:
        self.start = 0
        self.end = 0
        self.records: dict[int, Kept] = {}
        self.values: dict[bytes, bytes] = {}
        self.names: SortedNames[bytes] | None = None

    def append(self, entry: Append) -> int:
        """Add a record to the log; returns its offset."""
        offset = self.end
        self.records[offset] = (entry.value, entry.key, entry.timestamp, entry.expires_at)
        self.end = offset + 1
        return offset

    def trim(self, before: int) -> None:
        """Forget the records below an offset; the end of the log stays where it is."""
        stop = min(before, self.end)
        for offset in range(self.start, stop):
            del self.records[offset]
        self.start = max(self.start, stop)

    def read(self, offset: int, max_records: int, max_bytes: int) -> list[StoredRecord]:
        """Records from `offset` on, within both limits but for the first one.

        The size of a record is that of its value and key.
        """
        found: list[StoredRecord] = []
        size = 0
        first = max(offset, self.start)
        for position in range(first, min(self.end, first + max_records)):
            value, key, timestamp, expires_at = self.records[position]
            size += len(value) if key is None else len(value) + len(key)
            if found and size > max_bytes:
                break
            found.append(StoredRecord(position, value, key, timestamp, expires_at))
        return found

    def bounds(self) -> Bounds:
        return Bounds(self.start, self.end)

    def offset_at(self, timestamp: float) -> int:
        """Offset of the first record no older; a look at each, as a clock may have gone back."""
        for offset in range(self.start, self.end):
            if self.records[offset][2] >= timestamp:
                return offset
        return self.end

    def put(self, key: bytes, value: bytes) -> None:
        if self.names is not None and key not in self.values:
            self.names.add(key)
        self.values[key] = value

    def delete(self, key: bytes) -> None:
        if self.values.pop(key, None) is not None and self.names is not None:
            self.names.remove(key)

    def scan(self, prefix: bytes, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Keys with their values, in order."""
        if self.names is None:
            self.names = SortedNames()
        names = self.names.scan(self.values, prefix, after, limit)
        return [(name, self.values[name]) for name in names]

    def is_gone(self) -> bool:
        """Whether there is nothing left, and no offset that a new record must not get again."""
        return self.end == 0 and not self.values
