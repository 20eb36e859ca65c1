"""The report as a page of Markdown, docs/benchmarks.md."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bench.peers import OURS
from bench.results import Cell, Column, Measured, Results, Row

MOST_COLUMNS: Final = 8
"""A scenario with more figures has a table for each unit."""

INTRODUCTION: Final = """<!-- Written by make bench; measured, so `make docs` does not check it. -->
# Benchmarks

{ours} beside other MQTT brokers on one machine: one run, pair by pair, {ours} and one other back
to back and the order alternating, so that only the two that are compared share the machine's moods.
Everything below is medians; a ratio is the median of what the pairs gave. **A ratio says how many
times better {ours} was**: above 1x it was faster, or needed less.

Measured on {day} with `{command}`, which took {minutes:.0f} minutes, at commit `{commit}`.
[Measure it on your machine](howto/benchmark.md) says how to repeat it and what the figures mean;
every single run is in [`bench/results/`](../bench/results/).
"""


def page(results: Results, picture: str) -> str:
    """All of it; picture: the link to the SVG."""
    parts = [
        INTRODUCTION.format(
            ours=OURS,
            day=results.when[:10],
            command=results.command,
            minutes=results.minutes,
            commit=results.commit,
        ),
        f"![Messages per second and CPU per message of each broker]({picture})\n",
        *_summary(results),
        "## Throughput\n",
        "Messages that subscribers got per second, and processor time of the broker with all its "
        "processes for each of them. Latencies of a saturated broker follow from the window (what "
        "is under way waits in line): compare them in the paced workload.\n",
        *_scenarios(results, throughput=True),
        "## Scenarios\n",
        "Each on a broker that was started for it and is stopped afterwards.\n",
        *_scenarios(results, throughput=False),
        *_conditions(results),
    ]
    return "\n".join(parts)


def _summary(results: Results) -> Iterator[str]:
    yield "## In one table\n"
    yield (
        "Geometric means over the workloads of throughput that a broker got through, and the least "
        "ratio among them.\n"
    )
    speed, cpu = results.means("messages"), results.means("CPU")
    lines = []
    for peer, known in results.peers.items():
        about = f"{peer} {known['version']} ({known['about']})".replace("  ", " ")
        if peer in cpu:
            means = [*_mean(speed.get(peer)), *_mean(cpu[peer])]
            lines.append([about, *means, str(cpu[peer][2])])
        else:
            why = known.get("missing")
            note = "" if peer == OURS else f"not measured: {why}" if why else "no ratios"
            lines.append([about, note, "", "", "", ""])
    head = ["broker", "msg/s", "least", "CPU per message", "least", "workloads"]
    yield table(head, lines)


def _mean(found: tuple[float, float, int] | None) -> list[str]:
    return ["", ""] if found is None else [ratio(found[0]), ratio(found[1])]


def _scenarios(results: Results, *, throughput: bool) -> Iterator[str]:
    rows = results.rows()
    for scenario in results.scenarios:
        if scenario.throughput == throughput:
            yield f"### {scenario.name}\n"
            yield f"{scenario.what[0].upper()}{scenario.what[1:]}.\n"
            yield from _tables(scenario, [row for row in rows if row.scenario == scenario.name])


def _tables(scenario: Measured, rows: Sequence[Row]) -> Iterator[str]:
    groups = [scenario.columns]
    if len(scenario.columns) > MOST_COLUMNS:
        units = dict.fromkeys(column.unit for column in scenario.columns)
        groups = [[one for one in scenario.columns if one.unit == unit] for unit in units]
    for group in groups:
        head = ["broker", *(f"{column.name}, {column.unit}" for column in group), ""]
        yield table(head, [[row.peer, *_cells(row, group), row.note] for row in rows])


def _cells(row: Row, columns: Iterable[Column]) -> Iterator[str]:
    for column in columns:
        cell = row.cells.get(column.name)
        yield "" if cell is None else cell_text(cell)


def cell_text(cell: Cell) -> str:
    """A value, and the ratio if there is one."""
    text = number(cell.value)
    return text if cell.ratio is None else f"{text} ({ratio(cell.ratio)})"


def number(value: float) -> str:
    """With as many digits as say something."""
    return f"{value:,.{_digits(value)}f}"


def ratio(value: float) -> str:
    return f"{number(value)}x"


def _digits(value: float) -> int:
    """After the point, so that there are three in all."""
    return 0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table with the first and the last column for words and the others for numbers."""
    rule = ["---", *["---:"] * (len(head) - 2), "---"]
    cleaned = [[one.replace("|", "\\|").replace("\n", " ") for one in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in (head, rule, *cleaned))


def _conditions(results: Results) -> Iterator[str]:
    yield "## The machine\n"
    yield table(["fact", ""], [[name, value] for name, value in results.machine.items()])
    yield "## The commands\n"
    yield (
        f"`{results.command}`, {results.rounds} rounds of each workload of throughput, one "
        "for each pair of each scenario. PORT is a free port of 127.0.0.1, DIR an empty folder. "
        "What is installed, with which versions and lock files, and the settings files are in "
        "[`bench/peers/`](../bench/peers/).\n"
    )
    for peer, known in results.peers.items():
        if "command" in known:
            yield f"{peer}:\n\n```\n{known['command']}\n```\n"
