"""Runs workloads on peers, in turn, and works out ratios."""

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.load import Load, LoadError, run_load
from bench.peers import BASE, Peer
from bench.process import PeerUnavailable, Process
from bench.workloads import Workload

CPU_FLOOR = 1e-9
"""Keeps ratios finite if a broker used less processor time than the kernel can tell."""


@dataclass(frozen=True)
class Run:
    """One workload on one peer, once. cpu_us: processor time per message that was delivered."""

    workload: str
    peer: str
    round: int
    load: Load
    cpu_us: float


@dataclass(frozen=True)
class Row:
    """All rounds of a workload on a peer: medians, and the base's figures in relation.

    speed: messages per second over the base's. cpu: the base's processor time per message over
    this peer's. Both are medians of the rounds' ratios, None without a base. `note` says why there
    are no figures, or what was wrong with them.
    """

    workload: str
    peer: str
    per_second: float = 0.0
    cpu_us: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    speed: float | None = None
    cpu: float | None = None
    note: str = ""


class Field:
    """The peers that run; those that do not have a reason in `missing`."""

    def __init__(self, peers: Iterable[Peer], folder: Path) -> None:
        self.missing: dict[str, str] = {}
        self.processes: dict[str, Process] = {}
        self.peers = list(peers)
        for number, peer in enumerate(self.peers):
            home = folder / str(number)
            home.mkdir()
            try:
                self.processes[peer.name] = peer.start(home)
            except PeerUnavailable as error:
                self.missing[peer.name] = str(error)

    def measure(
        self, program: Path, workload: Workload, rounds: int, seconds: float
    ) -> tuple[list[Run], dict[str, str]]:
        """Run a workload on every peer, `rounds` times; the runs, and what failed on which peer."""
        runs: list[Run] = []
        failures: dict[str, str] = {}
        running = [peer for peer in self.peers if peer.name in self.processes]
        for number in range(rounds):
            # Whoever is first in one round is last in another: the machine is not always as fast.
            turn = number % max(1, len(running))
            for peer in running[turn:] + running[:turn]:
                if peer.name in failures:
                    continue
                try:
                    runs.append(self._run(program, peer, workload, number, seconds))
                except LoadError as error:
                    failures[peer.name] = str(error)
        return runs, failures

    def _run(
        self, program: Path, peer: Peer, workload: Workload, number: int, seconds: float
    ) -> Run:
        process = self.processes[peer.name]
        before = process.cpu_seconds()
        load = run_load(program, peer.port, workload, seconds)
        used = process.cpu_seconds() - before
        return Run(workload.name, peer.name, number, load, used * 1e6 / max(1, load.received))

    def stop(self) -> None:
        """Stop all."""
        for process in self.processes.values():
            process.stop()


def rows(workload: Workload, field: Field, runs: list[Run], failed: dict[str, str]) -> list[Row]:
    """One row for every peer, also for those that could not be measured."""
    by_peer = {
        peer.name: {run.round: run for run in runs if run.peer == peer.name}
        for peer in field.peers
        if peer.name not in failed
    }
    result = []
    for peer in field.peers:
        why = field.missing.get(peer.name) or failed.get(peer.name)
        if why is None:
            result.append(_row(workload.name, peer.name, by_peer[peer.name], by_peer.get(BASE, {})))
        else:
            result.append(Row(workload.name, peer.name, note=f"not measured: {why}"))
    return result


def _row(workload: str, peer: str, runs: dict[int, Run], base: dict[int, Run]) -> Row:
    def median(value: Callable[[Run], float]) -> float:
        return statistics.median(value(run) for run in runs.values())

    pairs = [(run, base[number]) for number, run in runs.items() if number in base]
    speed = [run.load.per_second / other.load.per_second for run, other in pairs]
    cpu = [other.cpu_us / max(CPU_FLOOR, run.cpu_us) for run, other in pairs]
    faults = sorted({run.load.fault for run in runs.values() if run.load.fault})
    return Row(
        workload,
        peer,
        median(lambda run: run.load.per_second),
        median(lambda run: run.cpu_us),
        median(lambda run: run.load.p50_us) / 1000,
        median(lambda run: run.load.p99_us) / 1000,
        statistics.median(speed) if speed else None,
        statistics.median(cpu) if cpu else None,
        "; ".join(faults),
    )


def geometric_mean(values: Iterable[float]) -> float | None:
    """The mean for ratios; None of nothing."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else None
