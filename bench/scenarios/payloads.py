"""From tiny to large messages."""

from typing import Final, final

from bench.scenario import (
    HIGHER,
    LOWER,
    V311,
    Deadline,
    Figure,
    Outcome,
    Scenario,
    Target,
    Tools,
    joined,
)
from bench.workloads import measured_load

SIZES: Final = {16: "16 B", 256: "256 B", 4096: "4 KiB", 65536: "64 KiB", 2**20: "1 MiB"}
PAIRS: Final = 4
MOST_WINDOW: Final = 200
BYTES_UNDER_WAY: Final = 2**21
"""Of one publisher; what a window of messages comes to at most, but two messages at least."""


@final
class PayloadSweep(Scenario):
    """Messages and megabytes per second for each size of payload."""

    name = "payload-sweep"
    bound = 120.0

    def __init__(self, seconds: float = 0.7, sizes: tuple[int, ...] = tuple(SIZES)) -> None:
        self.seconds = seconds
        self.sizes = sizes
        self.what = (
            f"{PAIRS} pairs, {', '.join(SIZES[size] for size in sizes)} at QoS 0 and 1, "
            f"{seconds:g} s each; at most {BYTES_UNDER_WAY // 2**20} MiB of a publisher under way"
        )

    def run(self, target: Target, tools: Tools) -> Outcome:
        deadline = Deadline(self.bound)
        figures: list[Figure] = []
        faults: list[str] = []
        for qos in (0, 1):
            for size in self.sizes:
                arguments = {
                    "port": target.port,
                    "shape": "pair",
                    "publishers": PAIRS,
                    "subscribers": PAIRS,
                    "qos": qos,
                    "level": V311,
                    "payload": size,
                    "window": max(2, min(MOST_WINDOW, BYTES_UNDER_WAY // size)),
                    "seconds": self.seconds,
                }
                load, cpu_us = measured_load(target, tools, arguments, deadline)
                of = f"{SIZES[size]}, QoS {qos}"
                megabytes = load.per_second * size / 1e6
                figures += [
                    Figure(f"{of}", load.per_second, "msg/s", HIGHER, main=True),
                    Figure(f"{of}, data", megabytes, "MB/s"),
                    Figure(f"{of}, CPU", cpu_us, "us/msg", LOWER),
                ]
                faults.append(f"{of}: {load.fault}" if load.fault else "")
        return Outcome(figures, joined(faults))
