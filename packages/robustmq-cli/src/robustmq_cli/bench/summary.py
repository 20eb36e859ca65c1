"""[A] What a run of robust-bench comes to, for people and for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from robustmq_cli.bench.plan import PUB, ROUNDTRIP, SUB, Plan
from robustmq_cli.bench.series import Point, Series
from robustmq_cli.bench.tally import ACKNOWLEDGE, CONNECT, END_TO_END, Total
from robustmq_cli.reporting import columns
from robustmq_common.histogram import Histogram

VERSIONS: Final = {3: "3.1", 4: "3.1.1", 5: "5.0"}
PERCENTILES: Final = (50.0, 90.0, 99.0, 99.9)
BUSY: Final = 0.95
REACHED: Final = 0.95
LONG_ENOUGH: Final = 0.5
"""Seconds of a run whose processor time means something."""

NAMES: Final = {CONNECT: "connect", ACKNOWLEDGE: "acknowledge", END_TO_END: "end to end"}


@dataclass(frozen=True, slots=True)
class Summary:
    """A run that is over. `interrupted` by Ctrl-C."""

    plan: Plan
    total: Total
    series: Series
    interrupted: bool

    @property
    def exit_code(self) -> int:
        """0 if nothing went wrong, else 1."""
        return 1 if self.total.errors() else 0

    def headline(self) -> str:
        """Say in one line what was done to whom."""
        plan = self.plan
        done = [f"MQTT {VERSIONS[plan.level]}"]
        if plan.command != "conn":
            done.append(f"QoS {plan.qos}")
        if plan.publishers:
            size = plan.size if plan.payload is None else len(plan.payload.encode())
            done.append(f"{size:,}-byte payloads")
        for count, what in (
            (plan.publishers, "publisher"),
            (plan.subscribers, "subscriber"),
            (plan.idle, "client"),
            (plan.processes, "process"),
        ):
            if count:
                done.append(counted(count, what))
        return f"robust-bench mqtt {plan.command} {plan.host}:{plan.port}: {', '.join(done)}"

    def text(self) -> str:
        """Write a table of numbers, a table of latencies, and what went wrong."""
        parts = [self.headline(), "\n".join(columns(self._numbers(), indent="  "))]
        latencies = self._latencies()
        if latencies:
            parts.append("\n".join(columns(latencies, indent="  ")))
        parts.append(self._errors())
        parts += [f"note: {note}" for note in self.notes()]
        return "\n\n".join(parts)

    def to_json(self) -> dict[str, Any]:
        """Everything, with latencies in microseconds."""
        counts = self.total.counts()
        seconds = self.total.seconds()
        parameters = self.plan.to_json()
        parameters["password"] = None if self.plan.password is None else "(not shown)"
        return {
            "command": self.plan.command,
            "parameters": parameters,
            "seconds": round(seconds, 6),
            "totals": counts.to_json(),
            "connect_seconds": round(self._connect_seconds(), 6),
            "rates": {
                "connected": per_second(counts.connected, self._connect_seconds()),
                "sent": per_second(counts.sent, seconds),
                "acknowledged": per_second(counts.acknowledged, seconds),
                "received": per_second(counts.received, seconds),
            },
            "latency_us": {
                name: latency_to_json(one) for name, one in self.total.latencies.items()
            },
            "errors": self.total.errors(),
            "processes": [
                {"cpu_seconds": round(one.cpu, 3), "busy": round(share, 3)}
                for one, share in zip(self.total.latest, self.busy(), strict=True)
            ],
            "notes": self.notes(),
            "interrupted": self.interrupted,
            "exit_code": self.exit_code,
            "series": self.series.to_json(),
        }

    def busy(self) -> list[float]:
        """The share of the run for which each process had a processor; 0 in runs too short."""
        seconds = self.total.seconds()
        if seconds < LONG_ENOUGH:
            return [0.0] * len(self.total.latest)
        return [one.cpu / seconds for one in self.total.latest]

    def notes(self) -> list[str]:
        """What a reader of the numbers should know."""
        found = []
        busiest = max(self.busy())
        if busiest > BUSY:
            found.append(
                f"a process of robust-bench was busy {busiest:.0%} of the time and may have been "
                "the limit; give it more --processes"
            )
        wanted = self.plan.rate * self.plan.publishers
        got = per_second(self.total.counts().sent, self.total.seconds())
        if 0 < got < wanted * REACHED:
            found.append(f"{wanted:,.0f} messages a second were asked for, {got:,.0f} were sent")
        counts = self.total.counts()
        if counts.foreign:
            found.append(f"{counted(counts.foreign, 'message')} of another run came in between")
        if counts.retained:
            found.append(f"{counted(counts.retained, 'message')} had been retained before")
        if self.plan.command == SUB and counts.unstamped:
            found.append(
                f"{counted(counts.unstamped, 'message')} had no stamp of robust-bench, so their "
                "latency, loss and order are not known"
            )
        return found

    def _connect_seconds(self) -> float:
        total = self.total
        return total.seconds() if self.plan.recreate else total.connect_seconds()

    def _numbers(self) -> list[tuple[str, str, str]]:
        plan = self.plan
        counts = self.total.counts()
        seconds = self.total.seconds()
        rows = [(f"{seconds:.2f} s", "total", "per second")]
        rows.append(rate_row("connected", counts.connected, self._connect_seconds()))
        rows.append(("open at the end", f"{counts.open:,}", ""))
        if plan.publishers:
            rows.append(rate_row("sent", counts.sent, seconds))
            if plan.qos:
                rows.append(rate_row("acknowledged", counts.acknowledged, seconds))
        if plan.command in {SUB, ROUNDTRIP}:
            rows.append(rate_row("received", counts.received, seconds))
            rows += [
                (name, f"{value:,}", "")
                for name, value in (
                    ("lost", counts.lost),
                    ("duplicates", counts.duplicates),
                    ("out of order", counts.out_of_order),
                )
            ]
        if seconds >= LONG_ENOUGH:
            rows.append(("busiest process", f"{max(self.busy()):.0%}", ""))
        width = max(len(row[1]) for row in rows)
        wide = max(len(row[2]) for row in rows)
        return [(name, f"{value:>{width}}", f"{rate:>{wide}}") for name, value, rate in rows]

    def _latencies(self) -> list[list[str]]:
        shown = [(NAMES[name], one) for name, one in self.total.latencies.items() if one.count]
        if not shown:
            return []
        heads = [f"p{percent:g}" for percent in PERCENTILES]
        rows = [["latency in ms", *(f"{head:>9}" for head in [*heads, "max", "mean"])]]
        for name, histogram in shown:
            values: list[float] = [histogram.percentile(percent) for percent in PERCENTILES]
            values += [histogram.maximum, histogram.mean()]
            rows.append([name, *(f"{value / 1000:>9.3f}" for value in values)])
        return rows

    def _errors(self) -> str:
        errors = self.total.errors()
        if not errors:
            return "errors: none"
        rows = [(f"{times:>9,}", reason) for reason, times in errors.items()]
        return "errors:\n" + "\n".join(columns(rows))


def progress_line(plan: Plan, point: Point) -> str:
    """Say how it goes, in one line."""
    parts = [f"{point.seconds:6.1f} s", f"{point.connected:,} connected"]
    if plan.recreate:
        parts.append(f"{point.connect_rate:,.0f} connects/s")
    if plan.publishers:
        parts.append(f"sent {point.sent_rate:,.0f}/s")
    if plan.command == PUB and plan.qos:
        parts.append(f"acknowledged {point.acknowledged_rate:,.0f}/s")
    if plan.command in {SUB, ROUNDTRIP}:
        parts.append(f"received {point.received_rate:,.0f}/s")
    parts.append(f"p50 {point.p50_us / 1000:.2f} ms  p99 {point.p99_us / 1000:.2f} ms")
    parts.append(counted(point.errors, "error"))
    return "  ".join(parts)


def latency_to_json(histogram: Histogram) -> dict[str, object]:
    """Write percentiles, and the buckets, for those who want others."""
    named: Mapping[str, object] = {
        f"p{percent:g}": histogram.percentile(percent) for percent in PERCENTILES
    }
    return {**named, "mean": round(histogram.mean(), 1), **histogram.to_json()}


def per_second(count: int, seconds: float) -> float:
    """A rate; 0 of no time."""
    return round(count / seconds, 1) if seconds else 0.0


def rate_row(name: str, count: int, seconds: float) -> tuple[str, str, str]:
    """A row with a total and a rate."""
    return (name, f"{count:,}", f"{per_second(count, seconds):,.0f}")


def counted(count: int, what: str) -> str:
    """Write "1 client", "2 clients", "2 processes"."""
    plural = "" if count == 1 else "es" if what.endswith("s") else "s"
    return f"{count:,} {what}{plural}"
