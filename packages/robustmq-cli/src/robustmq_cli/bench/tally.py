"""[P] What a run has counted: in a worker process, between processes, and all of it."""

from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from robustmq_common.histogram import Histogram, from_json

CONNECT: Final = "connect"
ACKNOWLEDGE: Final = "acknowledge"
END_TO_END: Final = "end_to_end"
LATENCIES: Final = (CONNECT, ACKNOWLEDGE, END_TO_END)

LOST: Final = "lost"
DUPLICATE: Final = "duplicate"
OUT_OF_ORDER: Final = "out of order"
NOT_ACKNOWLEDGED: Final = "not acknowledged"

MOST_REASONS: Final = 50
OTHER: Final = "other reasons"


@dataclass(slots=True)
class Counts:
    """Numbers since the start.

    connected: connections that were accepted; open: those that still are. received: messages, each
    copy counted; unstamped and retained are among them, foreign ones, of other runs, are not. lost:
    expected and never seen.
    """

    connected: int = 0
    open: int = 0
    subscribed: int = 0
    sent: int = 0
    sent_bytes: int = 0
    acknowledged: int = 0
    received: int = 0
    received_bytes: int = 0
    unstamped: int = 0
    foreign: int = 0
    retained: int = 0
    lost: int = 0
    duplicates: int = 0
    out_of_order: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Add two up."""
        sums = {
            one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)
        }
        return Counts(**sums)

    def to_json(self) -> dict[str, int]:
        return asdict(self)


class Errors:
    """How often what went wrong; of more than `MOST_REASONS` reasons the last share a name."""

    def __init__(self) -> None:
        self.by_reason: Counter[str] = Counter()

    def count(self, reason: str, times: int = 1) -> None:
        if times <= 0:
            return
        if reason not in self.by_reason and len(self.by_reason) >= MOST_REASONS:
            reason = OTHER
        self.by_reason[reason] += times

    def total(self) -> int:
        return self.by_reason.total()


@dataclass(slots=True)
class Report:
    """What a worker tells: counts and errors since the start, latencies since its last report.

    Times are microseconds on the clock of the run, 0 for not yet: connecting and connected when the
    first client began and the last one was done; began and ended the start of what follows, and the
    last message seen. cpu: seconds of processor time since `began`.
    """

    counts: Counts = field(default_factory=Counts)
    errors: dict[str, int] = field(default_factory=dict)
    latencies: dict[str, Histogram] = field(default_factory=dict)
    connecting: int = 0
    connected: int = 0
    began: int = 0
    ended: int = 0
    cpu: float = 0.0

    def to_json(self) -> dict[str, Any]:
        latencies = {name: one.to_json() for name, one in self.latencies.items() if one.count}
        return {
            "counts": self.counts.to_json(),
            "errors": self.errors,
            "latencies": latencies,
            "connecting": self.connecting,
            "connected": self.connected,
            "began": self.began,
            "ended": self.ended,
            "cpu": self.cpu,
        }


def report_from_json(document: dict[str, Any]) -> Report:
    """Read what `Report.to_json` wrote."""
    return Report(
        Counts(**document["counts"]),
        document["errors"],
        {name: from_json(one) for name, one in document["latencies"].items()},
        document["connecting"],
        document["connected"],
        document["began"],
        document["ended"],
        document["cpu"],
    )


def empty_latencies() -> dict[str, Histogram]:
    """A histogram of each kind."""
    return {name: Histogram() for name in LATENCIES}


def foreground(latencies: dict[str, Histogram]) -> Histogram:
    """The latency that a person looks for: end to end if there is any, else the next best."""
    for name in (END_TO_END, ACKNOWLEDGE):
        if latencies[name].count:
            return latencies[name]
    return latencies[CONNECT]


class Total:
    """All workers together."""

    def __init__(self, workers: int) -> None:
        self.latest = [Report() for _ in range(workers)]
        self.latencies = empty_latencies()
        self.since_tick = empty_latencies()
        self.own_errors = Errors()

    def take(self, worker: int, report: Report) -> None:
        """Add a worker's report."""
        self.latest[worker] = report
        for name, histogram in report.latencies.items():
            self.latencies[name].merge(histogram)
            self.since_tick[name].merge(histogram)

    def counts(self) -> Counts:
        total = Counts()
        for report in self.latest:
            total = total.plus(report.counts)
        return total

    def errors(self) -> dict[str, int]:
        """By reason, the most frequent first."""
        total = Errors()
        for by_reason in [self.own_errors.by_reason, *(one.errors for one in self.latest)]:
            for reason, times in by_reason.items():
                total.count(reason, times)
        return dict(total.by_reason.most_common())

    def seconds(self) -> float:
        """From the start of the first worker to the last message that any has seen."""
        return _span([(report.began, report.ended) for report in self.latest])

    def connect_seconds(self) -> float:
        """How long it took to connect all."""
        return _span([(report.connecting, report.connected) for report in self.latest])

    def take_interval(self) -> dict[str, Histogram]:
        """The latencies since the last call."""
        taken = self.since_tick
        self.since_tick = empty_latencies()
        return taken


def _span(intervals: list[tuple[int, int]]) -> float:
    """Seconds from the first beginning to the last end, in microseconds; 0 means none."""
    passed = [(begin, end) for begin, end in intervals if begin and end > begin]
    if not passed:
        return 0.0
    return (max(end for _, end in passed) - min(begin for begin, _ in passed)) / 1e6
