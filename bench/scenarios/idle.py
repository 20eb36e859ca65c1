"""Many clients that only keep their connections alive."""

import contextlib
import socket
import time
from typing import Final, final

from bench.child import Child, Link
from bench.clients import PINGREQ, connect_packet, open_crowd, subscribe_packet
from bench.load import open_file_limit
from bench.scenario import LOWER, V5, Deadline, Figure, Outcome, Scenario, Target, Tools, joined

SPARE_FILES: Final = 1000
"""Open files that client and broker need beside the connections."""

KEEP_ALIVE: Final = 60
"""Seconds."""


def most_clients(wanted: int) -> int:
    """As many clients as are wanted or the limit of open files allows."""
    return min(wanted, open_file_limit() - SPARE_FILES)


def fewer(wanted: int) -> str:
    """What to say if there cannot be as many clients as wanted."""
    count = most_clients(wanted)
    return "" if count == wanted else f"{count:,} clients only: the limit of open files"


@final
class IdleConnections(Scenario):
    """Memory for each of them, and the processor time for their PINGREQs."""

    name = "idle-connections"
    bound = 120.0

    def __init__(self, clients: int = 15_000, seconds: float = 15.0) -> None:
        self.clients = clients
        self.seconds = seconds
        self.what = (
            f"{clients:,} MQTT 5.0 clients with one subscription each and a keep-alive of "
            f"{KEEP_ALIVE} s, whose PINGREQs are spread evenly, for {seconds:g} s"
        )

    def run(self, target: Target, tools: Tools) -> Outcome:  # noqa: ARG002 - of all scenarios
        count = most_clients(self.clients)
        deadline = Deadline(self.bound)
        before = target.process.resident_bytes()
        with Child(_stay, target.port_for(V5), count, self.seconds, self.bound) as clients:
            took = clients.hear(deadline, "connecting")
            grown = target.process.resident_bytes() - before
            used = target.process.cpu_seconds()
            clients.tell()
            seconds, closed = clients.hear(deadline, "sending PINGREQs")
            used = target.process.cpu_seconds() - used
        figures = [
            Figure("memory", grown / count, "B/client", LOWER, main=True),
            Figure("CPU", used / seconds * 100, "% of a core", LOWER, main=True),
            Figure("connect and subscribe", count / took, "clients/s"),
        ]
        lost = f"{closed:,} clients lost their connection" if closed else ""
        return Outcome(figures, joined([fewer(self.clients), lost]))


def _stay(link: Link, port: int, count: int, seconds: float, bound: float) -> None:
    """The clients: connect, say how long that took, and keep alive when told."""

    def packets(number: int) -> list[bytes]:
        return [
            connect_packet(f"idle-{number}", V5, KEEP_ALIVE),
            subscribe_packet([f"idle/{number}/set"], 0, V5),
        ]

    crowd = open_crowd(port, count, packets, Deadline(bound))
    link.say(crowd.seconds)
    link.wait()
    begun = time.monotonic()
    pinged = 0
    while (passed := time.monotonic() - begun) < seconds:
        for client in crowd.sockets[pinged : int(passed / KEEP_ALIVE * count)]:
            with contextlib.suppress(OSError):  # counted at the end
                client.send(PINGREQ)
            pinged += 1
        time.sleep(0.01)
    link.say((time.monotonic() - begun, count - sum(map(_is_open, crowd.sockets))))


def _is_open(client: socket.socket) -> bool:
    """Whether the broker has not closed the connection; reads what it has sent."""
    try:
        while client.recv(4096):
            pass
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
