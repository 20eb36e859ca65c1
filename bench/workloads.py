"""What the brokers are measured with."""

from dataclasses import dataclass
from typing import Final

V311: Final = 4
V5: Final = 5


@dataclass(frozen=True)
class Workload:
    """Publishers and subscribers, and what they do to each other.

    shape: "pair" is one topic per publisher and subscriber, "fanout" all subscribers on one topic,
    "fanin" one subscriber with a wildcard on the topics of all publishers.
    window: messages a publisher may have under way. payload: bytes. rate: messages per second and
    publisher, 0 for as fast as the window allows.
    """

    name: str
    shape: str
    publishers: int
    subscribers: int
    qos: int
    window: int
    payload: int = 64
    level: int = V311
    rate: int = 0

    @property
    def saturates(self) -> bool:
        """Whether the broker is the limit, so that messages per second mean something."""
        return self.rate == 0


WORKLOADS: Final = (
    Workload("pair-qos0", "pair", 10, 10, 0, 500),
    Workload("pair-qos1", "pair", 10, 10, 1, 100),
    Workload("pair-qos2", "pair", 10, 10, 2, 50),
    Workload("fanout-qos0", "fanout", 1, 50, 0, 500),
    Workload("fanout-qos1", "fanout", 1, 50, 1, 20),
    Workload("fanout-qos2", "fanout", 1, 50, 2, 20),
    Workload("fanin-qos0", "fanin", 50, 1, 0, 50),
    Workload("fanin-qos1", "fanin", 50, 1, 1, 20),
    Workload("fanin-qos2", "fanin", 50, 1, 2, 20),
    Workload("pair-qos1-1k-v5", "pair", 10, 10, 1, 100, payload=1024, level=V5),
    Workload("paced-qos0", "pair", 10, 10, 0, 500, rate=1000),
    Workload("paced-qos1", "pair", 10, 10, 1, 100, rate=500),
)


def chosen(names: str | None) -> list[Workload]:
    """The workloads of these comma-separated names, all without; ValueError names a wrong one."""
    if not names:
        return list(WORKLOADS)
    known = {workload.name: workload for workload in WORKLOADS}
    unknown = [name for name in names.split(",") if name not in known]
    if unknown:
        raise ValueError(f"no workload {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names.split(",")]
