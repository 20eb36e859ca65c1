"""A million subscriptions: what they cost, and whether matching gets slower with them."""

from pathlib import Path
from typing import Final, final

from bench.load import Load, LoadRun
from bench.scenario import HIGHER, LOWER, Deadline, Figure, Outcome, Scenario, Target, Tools, joined

FEW: Final = 1_000


@final
class ManySubscriptions(Scenario):
    """Matching with many subscriptions, relative to matching with few."""

    name = "million-subscriptions"
    bound = 150.0

    def __init__(self, count: int = 1_000_000, clients: int = 500, seconds: float = 3.0) -> None:
        self.count = count
        self.clients = clients
        self.seconds = seconds
        self.what = (
            f"{clients} clients with {count // clients:,} subscriptions each, a third of them with "
            f"wildcards; then 10 publishers for {seconds:g} s to topics all over them, each of "
            f"which matches one; before that, the same with {FEW:,} subscriptions in all"
        )

    def run(self, target: Target, tools: Tools) -> Outcome:
        deadline = Deadline(self.bound)
        few, few_cpu, _, _ = self._phase(target, tools, min(FEW, self.count), deadline)
        many, many_cpu, seconds, grown = self._phase(target, tools, self.count, deadline)
        figures = [
            Figure("subscribe", self.count / seconds, "subscriptions/s", HIGHER, main=True),
            Figure("memory", grown / self.count, "B/subscription", LOWER, main=True),
            Figure("CPU, few", few_cpu, "us/msg", LOWER),
            Figure("CPU, many", many_cpu, "us/msg", LOWER, main=True),
            Figure("CPU, many to few", many_cpu / max(0.01, few_cpu), "x"),
            Figure("messages, few", few.per_second, "msg/s", HIGHER),
            Figure("messages, many", many.per_second, "msg/s", HIGHER, main=True),
        ]
        return Outcome(figures, joined([few.fault, many.fault]))

    def _phase(
        self, target: Target, tools: Tools, count: int, deadline: Deadline
    ) -> tuple[Load, float, float, int]:
        """Counts, CPU microseconds per message, seconds to subscribe, bytes of memory grown."""
        filters, topics = write_subscriptions(tools.folder, count)
        arguments = {
            "port": target.port,
            "shape": "listed",
            "filters": filters,
            "topics": topics,
            "publishers": 10,
            "subscribers": self.clients,
            "window": 50,
            "payload": 64,
            "seconds": self.seconds,
            "patience": self.bound,
        }
        before = target.process.resident_bytes()
        with LoadRun(tools.load, arguments) as run:
            seconds = run.ready(deadline.left(f"making {count:,} subscriptions"))
            grown = target.process.resident_bytes() - before
            used = target.process.cpu_seconds()
            load = run.go()
            used = target.process.cpu_seconds() - used
        return load, used * 1e6 / load.received, seconds, grown


def subscription(number: int) -> tuple[str, str]:
    """A filter, and a topic that it and no other of them matches."""
    site, device = divmod(number, 1000)
    match device % 6:
        case 0:
            return f"site/{site}/+/{device}/temp", f"site/{site}/line/{device}/temp"
        case 3:
            return f"site/{site}/cell/{device}/#", f"site/{site}/cell/{device}/speed"
    same = f"site/{site}/line/{device}/temp"
    return same, same


def write_subscriptions(folder: Path, count: int) -> tuple[Path, Path]:
    """The files that load.c reads: filters, and topics with how many match."""
    filters, topics = folder / f"filters-{count}", folder / f"topics-{count}"
    if not topics.exists():
        lines = [subscription(number) for number in range(count)]
        filters.write_text("".join(f"{one}\n" for one, _ in lines))
        topics.write_text("".join(f"1 {one}\n" for _, one in lines))
    return filters, topics
