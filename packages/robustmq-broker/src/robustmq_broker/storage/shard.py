"""[P] One shard in memory: a log in a dict by offset, and keys in a dict."""

from robustmq_broker.storage.retention import Kept, Retention, record_size
from robustmq_broker.storage.sorted_names import SortedNames
from robustmq_common.spi.storage import Append, Bounds, Retain, StoredRecord


class Shard:
    """Offsets from `start` up to, not including, `end` are in `records`, but for expired ones."""

    __slots__ = ("end", "names", "records", "retention", "start", "values")

    def __init__(self) -> None:
        self.start = 0
        self.end = 0
        self.records: dict[int, Kept] = {}
        self.values: dict[bytes, bytes] = {}
        self.names: SortedNames[bytes] | None = None
        self.retention: Retention | None = None

    def append(self, entry: Append) -> int:
        """Add a record to the log; returns its offset."""
        offset = self.end
        self.records[offset] = (entry.value, entry.key, entry.timestamp, entry.expires_at)
        self.end = offset + 1
        if entry.expires_at:
            self._retention().expires(entry.expires_at)
        return offset

    def trim(self, before: int) -> None:
        """Forget the records below an offset; the end of the log stays where it is."""
        stop = min(before, self.end)
        for offset in range(self.start, stop):
            record = self.records.pop(offset, None)
            if self.retention is not None and record is not None:
                self.retention.removed(offset, record)
        self.start = max(self.start, stop)

    def skip(self, to: int) -> None:
        """Have the next record get the offset `to`, if the log has not got there yet."""
        if to > self.end:
            if self.start == self.end:
                self.start = to
            self.end = to

    def retain(self, limits: Retain) -> None:
        """Limit what the log keeps, from the next sweep on."""
        self._retention().limits = limits

    def sweep(self, now: float, budget: int) -> int:
        """Forget what has expired or is beyond the limits; returns how much of it was looked at.

        As much as the budget means that there may be more. now: seconds since the epoch.
        """
        retention = self.retention
        if retention is None:
            return 0
        looked = retention.sweep(self.records, self.start, self.end, now, budget)
        while looked < budget and self.start < self.end:
            oldest = self.records.get(self.start)
            if not retention.is_beyond(oldest, self.end - self.start, now):
                break
            self.trim(self.start + 1)
            looked += 1
        return looked

    def is_swept(self) -> bool:
        """Whether sweeps have to come by, as it has limits or records that expire."""
        return self.retention is not None

    def _retention(self) -> Retention:
        if self.retention is None:
            self.retention = Retention()
        return self.retention

    def read(self, offset: int, max_records: int, max_bytes: int, now: float) -> list[StoredRecord]:
        """Records from `offset` on, within both limits but for the first one.

        The size of a record is that of its value and key. now: seconds since the epoch; what has
        expired by then is passed over.
        """
        found: list[StoredRecord] = []
        size = 0
        for position in range(max(offset, self.start), self.end):
            record = self.records.get(position)
            if record is None or 0 < record[3] <= now:
                continue
            value, key, timestamp, expires_at = record
            size += record_size(value, key)
            if len(found) == max_records or (found and size > max_bytes):
                break
            found.append(StoredRecord(position, value, key, timestamp, expires_at))
        return found

    def bounds(self) -> Bounds:
        return Bounds(self.start, self.end)

    def offset_at(self, timestamp: float) -> int:
        """Offset of the first record no older; a look at each, as a clock may have gone back."""
        for offset in range(self.start, self.end):
            record = self.records.get(offset)
            if record is not None and record[2] >= timestamp:
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

    def copy(self) -> "Shard":
        """One to read from, which does not change with this one."""
        same = Shard()
        same.start, same.end = self.start, self.end
        same.records, same.values = self.records.copy(), self.values.copy()
        if self.retention is not None and self.retention.limits is not None:
            same.retain(self.retention.limits)
        return same

    def is_gone(self) -> bool:
        """Whether there is nothing left, and no offset that a new record must not get again."""
        return self.end == 0 and not self.values and self.retention is None
