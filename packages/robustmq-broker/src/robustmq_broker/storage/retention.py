"""[P] What a shard in memory may keep: limits of its log, and when its records expire."""

from math import inf

from robustmq_common.spi.storage import Retain

Kept = tuple[bytes, bytes | None, float, float]
"""Value, key, timestamp and expiry. A tuple, as the garbage collector does not walk over it."""


class Retention:
    """Belongs to a shard that has limits or records that expire; others do not pay for it.

    Sizes are counted by the sweeps and not by the commits: `size` is that of the records from the
    log's start up to `counted`.
    """

    __slots__ = ("counted", "later", "limits", "size", "soonest", "walked")

    def __init__(self) -> None:
        self.limits: Retain | None = None
        self.size = 0
        self.counted = 0
        # Nothing expires before `soonest`. A walk over the log, a piece per sweep, has come to
        # `walked`, and `later` is the soonest expiry among what it has left behind.
        self.soonest = inf
        self.walked = 0
        self.later = inf

    def expires(self, at: float) -> None:
        """A record that expires was appended."""
        self.soonest = min(self.soonest, at)
        # Whether the walk has passed its place or not, it is not forgotten.
        self.later = min(self.later, at)

    def removed(self, offset: int, record: Kept) -> None:
        """A record has left the log."""
        if offset < self.counted:
            self.size -= record_size(record[0], record[1])

    def sweep(self, records: dict[int, Kept], start: int, end: int, now: float, budget: int) -> int:
        """Take out what has expired and count sizes; returns how many records it looked at.

        budget: how many to look at, at most, for each of the two.
        """
        looked = self._expire(records, start, end, now, budget)
        if self.limits is not None and self.limits.bytes is not None:
            first = max(self.counted, start)
            self.counted = min(end, first + budget)
            for offset in range(first, self.counted):
                record = records.get(offset)
                if record is not None:
                    self.size += record_size(record[0], record[1])
            looked += self.counted - first
        return looked

    def _expire(
        self, records: dict[int, Kept], start: int, end: int, now: float, budget: int
    ) -> int:
        if self.soonest > now:
            return 0
        first = max(self.walked, start)
        stop = min(end, first + budget)
        for offset in range(first, stop):
            record = records.get(offset)
            if record is None or not record[3]:
                continue
            if record[3] <= now:
                del records[offset]
                self.removed(offset, record)
            else:
                self.later = min(self.later, record[3])
        self.walked = stop
        if stop == end:
            self.soonest, self.later, self.walked = self.later, inf, 0
        return stop - first

    def is_beyond(self, record: Kept | None, kept: int, now: float) -> bool:
        """Whether the oldest record of a log has to go. kept: how many offsets the log has."""
        limits = self.limits
        if record is None:
            return True
        if limits is None:
            return False
        return (
            (limits.records is not None and kept > limits.records)
            or (limits.seconds is not None and record[2] < now - limits.seconds)
            or (limits.bytes is not None and self.size > limits.bytes)
        )


def record_size(value: bytes, key: bytes | None) -> int:
    """Bytes of a record as limits count them."""
    return len(value) if key is None else len(value) + len(key)
