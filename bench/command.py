"""Measures brokers on this machine, pair by pair in one run, and writes a report.

The machine may be busy and its speed may change, so trust the ratios (medians of pairs that were
measured back to back) more than the figures they are made of.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from bench import chart, machine, page
from bench.load import NoCompiler, compile_load
from bench.measure import Bench, Run, prepare, steps
from bench.peers import DEFAULT, OURS, known_peers
from bench.peers.base import Peer
from bench.results import Column, Measured, Results
from bench.scenario import Scenario, Tools
from bench.scenarios import scenarios
from bench.workloads import Workload, workloads

PUBLISHED: Final = (machine.ROOT / "docs", machine.ROOT / "bench" / "results")
"""Where a full run writes the page with its picture, and the JSON."""

ELSEWHERE: Final = machine.ROOT / ".build" / "bench"
"""Where any other run writes all of it."""

NAME: Final = "benchmarks"

Thing = TypeVar("Thing")


def main(arguments: Sequence[str]) -> int:
    """Measure as the arguments say.

    0 if at least one figure was measured, 1 if none was, 2 for wrong arguments.
    """
    options = _options(arguments)
    try:
        peers = chosen(options.peers or ",".join(DEFAULT), known_peers(), "peer")
        found = {one.name: one for one in all_scenarios(quick=options.quick)}
        wanted = chosen(options.only or ",".join(found), found, "scenario")
    except ValueError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it ends the brokers, too
    folders = _folders(options)
    if options.render:
        write(Results.read(folders[1] / f"{NAME}.json"), folders)
        return 0
    with tempfile.TemporaryDirectory(prefix="robustmq-bench-") as folder:
        try:
            tools = Tools(compile_load(Path(folder)), Path(folder))
        except NoCompiler as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
        given = " ".join("FOLDER" if one == options.results else one for one in arguments)
        command = f'make bench ARGS="{given}"' if given else "make bench"
        rounds = options.rounds or (1 if options.quick else 3)
        results = measure(peers, wanted, tools, rounds, command)
    write(results, folders)
    _conclude(results)
    return 0 if any(run.figures for run in results.runs) else 1


def all_scenarios(*, quick: bool) -> list[Scenario]:
    """Throughput first, then the others."""
    return [*workloads(0.5 if quick else 1.5), *scenarios(quick=quick)]


def chosen(names: str, known: dict[str, Thing], kind: str) -> list[Thing]:
    """The things of these comma-separated names; ValueError names a wrong one."""
    unknown = [name for name in names.split(",") if name not in known]
    if unknown:
        raise ValueError(f"no {kind} {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names.split(","))]


class Progress:
    """Says what runs, how long it has been going on and how much remains."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._begun = time.monotonic()
        self.done = 0

    @property
    def minutes(self) -> float:
        return (time.monotonic() - self._begun) / 60

    def say(self, what: str) -> None:
        self.done += 1
        counted = f"{min(self.done, self._total)} of {self._total}"
        print(f"[{counted}, {self.minutes:.1f} min] {what}", flush=True)

    def skip_to(self, done: int) -> None:
        """Count runs that were left out because others of their step failed."""
        self.done = done


def measure(
    peers: Sequence[Peer], wanted: Sequence[Scenario], tools: Tools, rounds: int, command: str
) -> Results:
    """Carry everything out, and return it with what is known about peers and machine."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    known, commit = machine.facts(), machine.commit()
    ready, missing = prepare(peers)
    for name, why in missing.items():
        print(f"{name}: not measured: {why}", flush=True)
    plan = steps(ready, wanted, rounds)
    progress = Progress(sum(step.runs for step in plan))
    bench = Bench(tools, progress.say)
    runs: list[Run] = []
    try:
        for turn, step in enumerate(plan):
            before = progress.done
            came = bench.carry_out(step, turn)
            progress.skip_to(before + step.runs)
            runs += came
            for run in came:
                print(f"    {line(run, bench)}", flush=True)
    except KeyboardInterrupt:
        print("bench: interrupted; the report has what was measured so far", flush=True)
    finally:
        bench.stop()
    return Results(
        when,
        command,
        commit,
        rounds,
        progress.minutes,
        known,
        {peer.name: _about(peer, missing, tools) for peer in peers},
        [_measured(scenario, bench) for scenario in wanted],
        runs,
    )


def line(run: Run, bench: Bench) -> str:
    """What came of a run, in a line."""
    if run.failed:
        return f"{run.scenario} {run.peer}: {run.failed}"
    figures = [
        f"{one.name} {page.number(run.figures[one.name])} {one.unit}"
        for one in bench.figures[run.scenario]
        if one.main and one.name in run.figures
    ]
    return f"{run.scenario} {run.peer}: {', '.join(figures)} {run.fault}".rstrip()


def _about(peer: Peer, missing: dict[str, str], tools: Tools) -> dict[str, str]:
    known = {"about": peer.about, "version": peer.version}
    if peer.name in missing:
        return {**known, "missing": missing[peer.name]}
    return {**known, "command": peer.shown_command(tools.folder)}


def _measured(scenario: Scenario, bench: Bench) -> Measured:
    figures = bench.figures.get(scenario.name, [])
    columns = [Column(one.name, one.unit, one.better, one.main) for one in figures]
    return Measured(scenario.name, scenario.what, isinstance(scenario, Workload), columns)


def write(results: Results, folders: tuple[Path, Path]) -> None:
    """The page with its picture into the first folder, JSON into the second."""
    shown, kept = folders
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    results.write(kept / f"{NAME}.json")
    # The page is what the rounded figures of the JSON make of it, now and whenever it is rendered.
    results = Results.read(kept / f"{NAME}.json")
    (shown / f"{NAME}.svg").write_text(chart.picture(results))
    (shown / f"{NAME}.md").write_text(page.page(results, f"{NAME}.svg"))
    print(f"written: {NAME}.md and {NAME}.svg in {shown}, {NAME}.json in {kept}")


def _conclude(results: Results) -> None:
    speed, cpu = results.means("messages"), results.means("CPU")
    print()
    for peer in cpu:
        faster = f"{page.ratio(speed[peer][0])} the messages per second, " if peer in speed else ""
        print(f"{OURS} beside {peer}: {faster}{page.ratio(cpu[peer][0])} those per CPU second")
    for row in results.rows():
        if row.note:
            print(f"{row.scenario}, {row.peer}: {row.note}")


def _folders(options: argparse.Namespace) -> tuple[Path, Path]:
    if options.results:
        return Path(options.results), Path(options.results)
    if options.quick or options.only or options.peers or options.rounds:
        return ELSEWHERE, ELSEWHERE
    return PUBLISHED


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    names = ",".join(known_peers())
    parser.add_argument("--peers", metavar="NAME,...", help=f"some of {names}")
    only = ",".join(one.name for one in all_scenarios(quick=True))
    parser.add_argument("--only", metavar="NAME,...", help=f"some of {only}")
    parser.add_argument("--quick", action="store_true", help="a first look: one round, small")
    parser.add_argument("--rounds", type=int, help="rounds of each workload of throughput (3)")
    parser.add_argument("--results", metavar="FOLDER", help="where to write the report")
    parser.add_argument(
        "--render", action="store_true", help="measure nothing: write the page from the JSON again"
    )
    return parser.parse_args(arguments)
