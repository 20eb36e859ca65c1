"""The broker beside mosquitto on this machine, under the same load, in turn and in one run.

The machine may be busy and its speed may change, so trust the ratios (medians of rounds that were
measured back to back) more than the figures they are made of.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench import report
from bench.load import LoadError, compile_load
from bench.measure import Field, Row, Run, rows
from bench.peers import BASE, PEERS
from bench.workloads import WORKLOADS, Workload, chosen

RESULTS = Path(__file__).with_name("results")


def main(arguments: list[str]) -> int:
    """Measure as the arguments say; 0 if at least one broker delivered everything."""
    options = _options(arguments)
    try:
        workloads = chosen(options.only)
    except ValueError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="robustmq-bench-") as folder:
        try:
            return _compare(options, workloads, Path(folder))
        except LoadError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1


def _compare(options: argparse.Namespace, workloads: list[Workload], folder: Path) -> int:
    program = compile_load(folder)
    facts = report.machine()
    field = Field([make() for make in PEERS], folder)
    all_runs: list[Run] = []
    table: list[Row] = []
    try:
        _introduce(options, workloads, field, facts)
        for workload in workloads:
            runs, failed = field.measure(program, workload, options.rounds, options.seconds)
            all_runs += runs
            for row in rows(workload, field, runs, failed):
                table.append(row)
                print(report.line(row), flush=True)
        memory = {name: one.memory_mib() for name, one in field.processes.items()}
    finally:
        field.stop()
    summary = report.means(table, workloads)
    _conclude(summary, memory)
    measured = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": facts,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "brokers": {
            peer.name: {
                "version": peer.version,
                "missing": field.missing.get(peer.name),
                "memory_mib": memory.get(peer.name),
            }
            for peer in field.peers
        },
        "workloads": [asdict(workload) for workload in workloads],
        "means": summary,
        "rows": [asdict(row) for row in table],
        "runs": [asdict(run) for run in all_runs],
    }
    _write(Path(options.results), measured, table)
    return 0 if any(row.per_second and not row.note for row in table) else 1


def _introduce(
    options: argparse.Namespace, workloads: list[Workload], field: Field, facts: dict[str, object]
) -> None:
    runs = len(workloads) * len(field.processes) * options.rounds
    print(", ".join(f"{name}: {value}" for name, value in facts.items()))
    for peer in field.peers:
        print(f"{peer.name}: {field.missing.get(peer.name) or peer.version}")
    print(
        f"{runs} runs of {options.seconds:g} s each. Ratios are to {BASE}; above 1 is better, "
        "so CPU is messages per CPU second.\n"
    )
    print(report.HEADER, flush=True)


def _conclude(summary: dict[str, dict[str, float]], memory: dict[str, float]) -> None:
    print()
    for peer, mean in summary.items():
        print(
            f"{peer}: {mean['speed']:.2f}x the messages per second of {BASE} (geometric mean of "
            f"the saturated workloads, {mean['slowest']:.2f}x at worst), {mean['cpu']:.2f}x the "
            "messages per CPU second"
        )
    print("memory: " + ", ".join(f"{name} {mib:.0f} MiB" for name, mib in memory.items()))


def _write(folder: Path, measured: dict[str, object], table: list[Row]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "compare.json"
    data.write_text(json.dumps(measured, indent=1) + "\n")
    drawn = folder / "compare.svg"
    drawn.write_text(report.picture(table, f"Messages per second, relative to {BASE}"))
    print(f"written: {data} and {drawn}")


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each workload")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each run publishes")
    names = ", ".join(workload.name for workload in WORKLOADS)
    parser.add_argument("--only", metavar="NAME,...", help=f"some of {names}")
    parser.add_argument("--results", default=str(RESULTS), help="folder for JSON and SVG")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
