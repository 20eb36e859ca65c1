"""The start of a broker, and what it takes while nobody is there."""

import time
from typing import final

from bench.scenario import LOWER, Figure, Outcome, Scenario, Target, Tools


@final
class StartAndIdle(Scenario):
    """Seconds to the first CONNACK, then processor time and memory without clients."""

    name = "start-and-idle"
    bound = 60.0

    def __init__(self, seconds: float = 8.0) -> None:
        self.seconds = seconds
        self.what = f"from exec to the first CONNACK, then {seconds:g} s without any client"

    def run(self, target: Target, tools: Tools) -> Outcome:  # noqa: ARG002 - of all scenarios
        process = target.process
        # Let it finish what it puts off until after the start.
        time.sleep(min(1.0, self.seconds))
        used, begun = process.cpu_seconds(), time.monotonic()
        time.sleep(self.seconds)
        used = process.cpu_seconds() - used
        seconds = time.monotonic() - begun
        return Outcome(
            [
                Figure("start", target.start_seconds, "s", LOWER, main=True),
                Figure("idle CPU", used / seconds * 100, "% of a core", LOWER),
                Figure("idle memory", process.resident_bytes() / 2**20, "MiB", LOWER, main=True),
            ]
        )
