"""All clients come at once, are cut off, and come again."""

import time
from typing import final

from bench.child import Child, Link
from bench.clients import Crowd, connect_packet, open_crowd, percentile
from bench.scenario import HIGHER, LOWER, V311, Deadline, Figure, Outcome, Scenario, Target, Tools
from bench.scenarios.idle import fewer, most_clients


@final
class ConnectionStorm(Scenario):
    """Connections per second, what each costs, and how long clients wait for their CONNACK."""

    name = "connection-storm"
    bound = 90.0

    def __init__(self, clients: int = 15_000) -> None:
        self.clients = clients
        self.what = (
            f"{clients:,} clients connect as fast as they are let in, 90 at a time; then all "
            "connections are reset and all reconnect"
        )

    def run(self, target: Target, tools: Tools) -> Outcome:  # noqa: ARG002 - of all scenarios
        count = most_clients(self.clients)
        deadline = Deadline(self.bound)
        figures = []
        with Child(_come, target.port, count, self.bound) as clients:
            for wave in ("connect", "reconnect"):
                before = target.process.cpu_seconds()
                clients.tell()
                seconds, busy, waits = clients.hear(deadline, wave)
                used = target.process.cpu_seconds() - before
                main = wave == "reconnect"
                figures += [
                    Figure(f"{wave} rate", count / seconds, "clients/s", HIGHER, main=main),
                    Figure(f"{wave} CPU", used * 1e6 / count, "us/client", LOWER, main=main),
                    Figure(f"{wave} p99", percentile(waits, 0.99) * 1e3, "ms", LOWER, main=main),
                    Figure(f"{wave} generator", busy * 100, "% of a core"),
                ]
        return Outcome(figures, fewer(self.clients))


def _come(link: Link, port: int, count: int, bound: float) -> None:
    """The clients: whenever they are told, those that are connected are cut off and all come in."""
    deadline = Deadline(bound)
    crowd = Crowd()
    while True:
        link.wait()
        crowd.drop()
        before = time.process_time()
        crowd = open_crowd(port, count, _connect, deadline)
        busy = (time.process_time() - before) / crowd.seconds
        link.say((crowd.seconds, busy, crowd.waits))


def _connect(number: int) -> list[bytes]:
    return [connect_packet(f"storm-{number}", V311)]
