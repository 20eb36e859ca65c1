"""[P] A run second by second."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any, Final

from robustmq_cli.bench.tally import Counts, Total, foreground

KEPT: Final = 86_400
"""Points that are kept: a day of seconds. After that the oldest go."""


@dataclass(frozen=True, slots=True)
class Point:
    """What happened between two looks. Rates per second; latencies of what is in the foreground."""

    seconds: float
    connected: int
    sent_rate: float
    acknowledged_rate: float
    received_rate: float
    connect_rate: float
    p50_us: int
    p99_us: int
    errors: int


class Series:
    """Points, each for the time since the one before. `now` is in seconds, on any clock."""

    def __init__(self, now: float, kept: int = KEPT) -> None:
        self.points: deque[Point] = deque(maxlen=kept)
        self._began = self._at = now
        self._counts = Counts()

    def begin(self, now: float) -> None:
        """Call this second 0: all are connected."""
        self._began = now

    def add(self, total: Total, now: float) -> None:
        """Look at the numbers."""
        span = max(1e-3, now - self._at)
        counts = total.counts()
        before = self._counts
        latency = foreground(total.take_interval())
        self.points.append(
            Point(
                seconds=round(now - self._began, 3),
                connected=counts.connected,
                sent_rate=round((counts.sent - before.sent) / span, 1),
                acknowledged_rate=round((counts.acknowledged - before.acknowledged) / span, 1),
                received_rate=round((counts.received - before.received) / span, 1),
                connect_rate=round((counts.connected - before.connected) / span, 1),
                p50_us=latency.percentile(50),
                p99_us=latency.percentile(99),
                errors=sum(total.errors().values()),
            )
        )
        self._at = now
        self._counts = counts

    def to_json(self) -> list[dict[str, Any]]:
        return [asdict(point) for point in self.points]
