"""Runs scenarios on pairs of peers: back to back, the order alternating, nothing else running."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.peers import OURS
from bench.peers.base import Peer
from bench.process import PeerDied, PeerUnavailable
from bench.scenario import Figure, Outcome, Scenario, ScenarioFailed, Target, Tools

ALONE: Final = ""
"""The pair of a peer that is measured without another."""

CRASH_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Run:
    """One scenario on one peer, once.

    pair: the peer that ours was measured beside, of both runs of the pair. failed: why there are
    no figures. fault: what is wrong with those that there are.
    """

    scenario: str
    pair: str
    round: int
    peer: str
    figures: dict[str, float] = field(default_factory=dict)
    fault: str = ""
    failed: str = ""


@dataclass(frozen=True)
class Step:
    """What is measured next: all rounds of a scenario on a pair (or one peer alone)."""

    scenario: Scenario
    peers: Sequence[Peer]
    rounds: int

    @property
    def pair(self) -> str:
        return next((peer.name for peer in self.peers if peer.name != OURS), ALONE)

    @property
    def runs(self) -> int:
        return self.rounds * len(self.peers)


def pairs(peers: Sequence[Peer]) -> list[list[Peer]]:
    """Ours with each other peer; each alone if ours is not among them, or nobody else is."""
    ours = [peer for peer in peers if peer.name == OURS]
    others = [peer for peer in peers if peer.name != OURS]
    if ours and others:
        return [[*ours, other] for other in others]
    return [[peer] for peer in peers]


def steps(peers: Sequence[Peer], scenarios: Sequence[Scenario], rounds: int) -> list[Step]:
    """Pair by pair. What needs a fresh broker is long, and done once for each pair.

    What is only ours is measured on ours alone, once.
    """
    paired = [
        Step(scenario, pair, 1 if scenario.fresh else rounds)
        for pair in pairs(peers)
        for scenario in scenarios
        if not scenario.ours
    ]
    ours = [peer for peer in peers if peer.name == OURS]
    return paired + [Step(scenario, ours, 1) for scenario in scenarios if scenario.ours and ours]


class Bench:
    """Carries steps out. `say` is told what runs and what came of it.

    Brokers of a pair stay up for scenarios that do not need fresh ones. One that failed is
    stopped, so that the next scenario gets another.
    """

    def __init__(self, tools: Tools, say: Callable[[str], None]) -> None:
        self._tools = tools
        self._say = say
        self._targets: dict[str, Target] = {}
        self._started = 0
        self._given_up: dict[str, str] = {}
        self.figures: dict[str, list[Figure]] = {}
        """What each scenario measures, known from its outcomes."""

    def carry_out(self, step: Step, turn: int) -> list[Run]:
        """All runs of a step; turn: who of the pair is first, alternating with the rounds."""
        runs: list[Run] = []
        names = [peer.name for peer in step.peers]
        self._stop_others([] if step.scenario.fresh else names)
        for number in range(step.rounds):
            order = list(step.peers)
            if (number + turn) % 2:
                order.reverse()
            for peer in order:
                runs.append(self._run(step, peer, number))
            if any(run.failed for run in runs):
                break
        return runs

    def _run(self, step: Step, peer: Peer, number: int) -> Run:
        scenario = step.scenario
        start = (scenario.name, step.pair, number, peer.name)
        self._say(f"{scenario.name}: {peer.name}")
        failed, outcome = "", Outcome()
        try:
            fresh = peer.name not in self._targets
            target = self._target(peer)
            if fresh and not scenario.fresh:
                scenario.run(target, self._tools)  # what compiles as it runs has to warm up
            outcome = scenario.run(target, self._tools)
        except PeerUnavailable as error:
            failed = f"does not start: {error}"
        except (PeerDied, ScenarioFailed) as error:
            failed = str(error)
        failed = self._crash(peer.name, failed) or failed
        if failed or scenario.fresh:
            self._stop(peer.name)
        if not failed:
            # Where something went wrong there may be fewer.
            known = self.figures.get(scenario.name, [])
            self.figures[scenario.name] = max(known, outcome.figures, key=len)
        figures = {} if failed else {one.name: one.value for one in outcome.figures}
        return Run(*start, figures, "" if failed else outcome.fault, failed)

    def _crash(self, name: str, seen: str) -> str:
        """How the broker ended, if it did: that says more than what its clients have `seen`."""
        target = self._targets.get(name)
        if target is None:
            return ""
        # Connections are closed some time before a process has ended.
        end = target.process.end_within(CRASH_SECONDS if seen else 0)
        return f"crashed: {end}" if end else ""

    def _target(self, peer: Peer) -> Target:
        if peer.name in self._given_up:
            raise PeerUnavailable(self._given_up[peer.name])
        if peer.name not in self._targets:
            self._started += 1
            folder = self._tools.folder / f"{peer.name}-{self._started}"
            try:
                self._targets[peer.name] = peer.start(folder)
            except PeerUnavailable as error:
                # Another half a minute for each scenario would not make it start.
                self._given_up[peer.name] = str(error)
                raise
        return self._targets[peer.name]

    def _stop_others(self, names: Iterable[str]) -> None:
        for name in set(self._targets) - set(names):
            self._stop(name)

    def _stop(self, name: str) -> None:
        target = self._targets.pop(name, None)
        if target is not None:
            target.process.stop()
            shutil.rmtree(target.process.log.parent, ignore_errors=True)

    def stop(self) -> None:
        """Stop all that run."""
        self._stop_others([])


def prepare(peers: Iterable[Peer]) -> tuple[list[Peer], dict[str, str]]:
    """The peers that can be measured, and why others cannot."""
    ready: list[Peer] = []
    missing: dict[str, str] = {}
    for peer in peers:
        try:
            peer.prepare()
        except PeerUnavailable as error:
            missing[peer.name] = str(error)
        else:
            ready.append(peer)
    return ready, missing
