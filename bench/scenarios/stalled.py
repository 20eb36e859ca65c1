"""One subscriber among many stops reading; the others must not notice."""

from typing import final

from bench.load import Load, LoadRun
from bench.scenario import LOWER, Deadline, Figure, Outcome, Scenario, Target, Tools, joined


@final
class StalledSubscriber(Scenario):
    """The latency of the others with and without it, and the memory it takes."""

    name = "stalled-subscriber"
    bound = 90.0

    def __init__(self, subscribers: int = 100, rate: int = 100, seconds: float = 5.0) -> None:
        self.subscribers = subscribers
        self.rate = rate
        self.seconds = seconds
        self.what = (
            f"{rate} messages of 16 KiB a second to {subscribers} subscribers for {seconds:g} s, "
            "first all well, then with one that does not read its socket; at QoS 0 and 1"
        )

    def run(self, target: Target, tools: Tools) -> Outcome:
        deadline = Deadline(self.bound)
        figures: list[Figure] = []
        faults: list[str] = []
        for qos in (0, 1):
            well, _ = self._phase(target, tools, qos, 0, deadline)
            stalled, grown = self._phase(target, tools, qos, 1, deadline)
            of = f"QoS {qos}"
            figures += [
                Figure(f"{of}, p99 before", well.p99_us / 1000, "ms", LOWER),
                Figure(f"{of}, p99 with it", stalled.p99_us / 1000, "ms", LOWER, main=True),
                Figure(f"{of}, memory grown", grown / 2**20, "MiB", LOWER, main=True),
            ]
            for when, load in (("before", well), ("with it", stalled)):
                faults.append(f"{of} {when}: {load.fault}" if load.fault else "")
        return Outcome(figures, joined(faults))

    def _phase(
        self, target: Target, tools: Tools, qos: int, stalled: int, deadline: Deadline
    ) -> tuple[Load, int]:
        """What was counted, and by how many bytes the broker's memory was up at most."""
        arguments = {
            "port": target.port,
            "shape": "fanout",
            "publishers": 1,
            "subscribers": self.subscribers,
            "stalled": stalled,
            "qos": qos,
            "window": 50,
            "payload": 16_384,
            "rate": self.rate,
            "seconds": self.seconds,
            "patience": 10,
        }
        process = target.process
        with LoadRun(tools.load, arguments) as run:
            run.ready(deadline.left("subscribing"))
            seen = [process.resident_bytes()]
            load = run.go(lambda: seen.append(process.resident_bytes()))
        return load, max(seen) - seen[0]
