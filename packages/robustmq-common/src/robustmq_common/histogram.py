"""[H] A histogram of latencies with a bounded relative error, in the manner of HdrHistogram.

Values below 128 have a bucket each; above, every power of two is cut into 64. A percentile is the
middle of its bucket, so it is off by less than 1/128 of itself (0.8 %), at any scale.
"""

from typing import Final, final

SUB_BUCKET_BITS: Final = 6
SUB_BUCKETS: Final = 1 << SUB_BUCKET_BITS
EXACT_BELOW: Final = 2 * SUB_BUCKETS
HIGHEST_BITS: Final = 36
HIGHEST: Final = (1 << HIGHEST_BITS) - 1
"""The largest value with a bucket: 19 hours in microseconds. Larger ones count as this one."""
BUCKETS: Final = EXACT_BELOW + (HIGHEST_BITS - SUB_BUCKET_BITS - 1) * SUB_BUCKETS


def bucket_of(value: int) -> int:
    """The bucket of a value in 0..HIGHEST."""
    if value < EXACT_BELOW:
        return value
    shift = value.bit_length() - SUB_BUCKET_BITS - 1
    return (shift << SUB_BUCKET_BITS) + (value >> shift)


def middle_of(bucket: int) -> int:
    """The value in the middle of a bucket."""
    if bucket < EXACT_BELOW:
        return bucket
    shift = (bucket >> SUB_BUCKET_BITS) - 1
    return ((bucket - (shift << SUB_BUCKET_BITS)) << shift) + (1 << (shift - 1))


@final
class Histogram:
    """Counts of whole numbers from 0 on, such as microseconds.

    `count`, `total` (their sum), `minimum` and `maximum` are exact; the last two are 0 while it is
    empty.
    """

    def __init__(self) -> None:
        self.counts: list[int] = [0] * BUCKETS
        self.count = 0
        self.total = 0
        self.minimum = 0
        self.maximum = 0

    def record(self, value: int, times: int = 1) -> None:
        """Count a value, `times` over; a negative one counts as 0."""
        if times <= 0:
            return
        if value < 0:
            value = 0
        elif value > HIGHEST:
            value = HIGHEST
        self.counts[bucket_of(value)] += times
        if self.count == 0 or value < self.minimum:
            self.minimum = value
        if value > self.maximum:
            self.maximum = value
        self.count += times
        self.total += value * times

    def merge(self, other: "Histogram") -> None:
        """Count all that another one has counted."""
        if other.count == 0:
            return
        for bucket in range(BUCKETS):
            self.counts[bucket] += other.counts[bucket]
        self._join(other.count, other.total, other.minimum, other.maximum)

    def mean(self) -> float:
        """The mean, 0 of nothing."""
        return self.total / self.count if self.count else 0.0

    def percentile(self, percent: float) -> int:
        """The value that `percent` (0..100) of all do not exceed, within 0.8 %; 0 of nothing."""
        wanted = self.count * percent / 100
        seen = 0
        for bucket in range(BUCKETS):
            seen += self.counts[bucket]
            if seen >= wanted and seen > 0:
                return max(self.minimum, min(middle_of(bucket), self.maximum))
        return self.maximum

    def to_json(self) -> dict[str, object]:
        """What `from_json` reads: `buckets` has [bucket, count] for those that are not empty."""
        filled = [[bucket, times] for bucket, times in enumerate(self.counts) if times]
        return {
            "count": self.count,
            "total": self.total,
            "min": self.minimum,
            "max": self.maximum,
            "buckets": filled,
        }

    def _join(self, count: int, total: int, minimum: int, maximum: int) -> None:
        if self.count == 0 or minimum < self.minimum:
            self.minimum = minimum
        if maximum > self.maximum:
            self.maximum = maximum
        self.count += count
        self.total += total


def from_json(document: object) -> Histogram:
    """The histogram that `to_json` wrote; ValueError if it is not one."""
    histogram = Histogram()
    # It came from another process: a wrong type is a wrong value like any other.
    buckets: object = document.get("buckets") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(buckets, list):
        raise ValueError("a histogram is an object with a list of buckets")  # noqa: TRY004
    count = 0
    for entry in buckets:
        if not isinstance(entry, list) or len(entry) != 2:
            raise ValueError("a bucket is written as [bucket, count]")
        bucket = _whole(entry[0], "a bucket")
        times = _whole(entry[1], "a count")
        if bucket >= BUCKETS:
            raise ValueError(f"there is no bucket {bucket}: the last is {BUCKETS - 1}")
        histogram.counts[bucket] += times
        count += times
    if count != _whole(document.get("count"), "count"):
        raise ValueError("the buckets of a histogram do not add up to its count")
    if count:
        histogram._join(
            count,
            _whole(document.get("total"), "total"),
            _whole(document.get("min"), "min"),
            _whole(document.get("max"), "max"),
        )
    return histogram


def _whole(value: object, name: str) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} of a histogram is a whole number, not {value!r}")
    return value
