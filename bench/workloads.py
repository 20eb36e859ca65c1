"""Throughput: publishers and subscribers at work, as fast as the broker lets them."""

from typing import Final, final

from bench.load import Load, LoadRun
from bench.scenario import (
    HIGHER,
    LOWER,
    V5,
    V311,
    Deadline,
    Figure,
    Outcome,
    Scenario,
    Target,
    Tools,
)

CONNECT_SECONDS: Final = 10.0


@final
class Workload(Scenario):
    """Publishers and subscribers, and what they do to each other.

    shape: "pair" is one topic per publisher and subscriber, "fanout" all subscribers on one topic,
    "fanin" one subscriber with a wildcard on the topics of all publishers.
    window: messages a publisher may have under way. payload: bytes. rate: messages per second and
    publisher, 0 for as fast as the window allows. seconds: how long it publishes.
    """

    fresh = False

    def __init__(
        self,
        name: str,
        shape: str,
        publishers: int,
        subscribers: int,
        qos: int,
        window: int,
        *,
        payload: int = 64,
        level: int = V311,
        rate: int = 0,
        seconds: float = 1.5,
    ) -> None:
        self.name = name
        self.level = level
        self.paced = rate > 0
        self.bound = CONNECT_SECONDS + seconds + 10
        self.arguments = {
            "shape": shape,
            "publishers": publishers,
            "subscribers": subscribers,
            "qos": qos,
            "window": window,
            "payload": payload,
            "level": level,
            "rate": rate,
            "seconds": seconds,
            "patience": CONNECT_SECONDS,
        }
        self.what = _describe(self.arguments)

    def run(self, target: Target, tools: Tools) -> Outcome:
        arguments = {"port": target.port_for(self.level), **self.arguments}
        load, cpu_us = measured_load(target, tools, arguments, Deadline(self.bound))
        figures = [
            # What is paced cannot be faster.
            Figure("messages", load.per_second, "msg/s", "" if self.paced else HIGHER, main=True),
            Figure("CPU", cpu_us, "us/msg", LOWER, main=True),
            Figure("p50", load.p50_us / 1000, "ms", LOWER if self.paced else ""),
            Figure("p99", load.p99_us / 1000, "ms", LOWER if self.paced else ""),
        ]
        return Outcome(figures, load.fault)


def measured_load(
    target: Target, tools: Tools, arguments: dict[str, object], deadline: Deadline
) -> tuple[Load, float]:
    """Run the load generator: what it counted, and the broker's CPU microseconds per message.

    Raises ScenarioFailed if the broker refuses or is late, PeerDied if it ends.
    """
    with LoadRun(tools.load, arguments) as run:
        run.ready(deadline.left("connecting"))
        before = target.process.cpu_seconds()
        load = run.go()
        used = target.process.cpu_seconds() - before
    return load, used * 1e6 / load.received


def _describe(arguments: dict[str, object]) -> str:
    version = "5.0" if arguments["level"] == V5 else "3.1.1"
    pace = f"{arguments['rate']:,} msg/s each" if arguments["rate"] else "as fast as it goes"
    return (
        f"{arguments['shape']}, {arguments['publishers']} publishers, "
        f"{arguments['subscribers']} subscribers, QoS {arguments['qos']}, "
        f"{arguments['payload']} B, window {arguments['window']}, MQTT {version}, {pace}"
    )


def workloads(seconds: float) -> list[Scenario]:
    """All of them, each publishing for so many seconds."""
    return [
        Workload("pair-1-qos0", "pair", 1, 1, 0, 500, seconds=seconds),
        Workload("pair-10-qos0", "pair", 10, 10, 0, 500, seconds=seconds),
        Workload("pair-10-qos1", "pair", 10, 10, 1, 100, seconds=seconds),
        Workload("pair-100-qos1", "pair", 100, 100, 1, 10, seconds=seconds),
        Workload("pair-10-qos2", "pair", 10, 10, 2, 50, seconds=seconds),
        Workload("fanout-50-qos0", "fanout", 1, 50, 0, 500, seconds=seconds),
        Workload("fanout-50-qos1", "fanout", 1, 50, 1, 20, seconds=seconds),
        Workload("fanin-50-qos0", "fanin", 50, 1, 0, 50, seconds=seconds),
        Workload(
            "pair-10-qos1-1k-v5", "pair", 10, 10, 1, 100, payload=1024, level=V5, seconds=seconds
        ),
        Workload("paced-10k-qos0", "pair", 10, 10, 0, 500, rate=1000, seconds=seconds),
    ]
