"""What was measured: medians and ratios of the runs, and all of it as JSON."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from bench.measure import Run
from bench.peers import OURS
from bench.scenario import HIGHER


@dataclass(frozen=True)
class Column:
    """A figure of a scenario without its value: see `bench.scenario.Figure`."""

    name: str
    unit: str
    better: str
    main: bool


@dataclass(frozen=True)
class Measured:
    """A scenario as it was measured. throughput: whether it counts for the geometric means."""

    name: str
    what: str
    throughput: bool
    columns: list[Column] = field(default_factory=list)


@dataclass(frozen=True)
class Cell:
    """Median of the rounds, and of the pairs' ratios: how many times better ours was."""

    value: float
    ratio: float | None = None


@dataclass(frozen=True)
class Row:
    """A peer in a scenario; `note` says what went wrong, or why there are no cells."""

    scenario: str
    peer: str
    cells: dict[str, Cell]
    note: str = ""


@dataclass
class Results:
    """Everything that the report is made of.

    peers: about, version, commands and, of one that cannot be measured, why it is `missing`.
    """

    when: str
    command: str
    commit: str
    rounds: int
    minutes: float
    machine: dict[str, str]
    peers: dict[str, dict[str, str]]
    scenarios: list[Measured]
    runs: list[Run]

    def rows(self) -> list[Row]:
        """One for each scenario and peer, in the order of both."""
        return [self._row(scenario, peer) for scenario in self.scenarios for peer in self.peers]

    def _row(self, scenario: Measured, peer: str) -> Row:
        missing = self.peers[peer].get("missing")
        if missing:
            return Row(scenario.name, peer, {}, f"not measured: {missing}")
        mine = [run for run in self.runs if (run.scenario, run.peer) == (scenario.name, peer)]
        if not mine:
            return Row(scenario.name, peer, {}, "not measured: the run was interrupted")
        notes = [run.failed or run.fault for run in mine]
        cells = {}
        for column in scenario.columns:
            values = [run.figures[column.name] for run in mine if column.name in run.figures]
            if values:
                ratio = self._ratio(scenario.name, peer, column)
                cells[column.name] = Cell(statistics.median(values), ratio)
        return Row(scenario.name, peer, cells, "; ".join(dict.fromkeys(filter(None, notes))))

    def _ratio(self, scenario: str, peer: str, column: Column) -> float | None:
        if peer == OURS or not column.better:
            return None
        values = {
            (run.peer, run.round): run.figures[column.name]
            for run in self.runs
            # Nothing, or less than the system can tell, is in no relation to anything.
            if (run.scenario, run.pair) == (scenario, peer) and run.figures.get(column.name, 0) > 0
        }
        ratios = [
            values[OURS, number] / value
            for (name, number), value in values.items()
            if name == peer and (OURS, number) in values
        ]
        if not ratios:
            return None
        median = statistics.median(ratios)
        return median if column.better == HIGHER else 1 / median

    def means(self, column: str) -> dict[str, tuple[float, float, int]]:
        """For each peer: geometric mean of its ratios in a column of throughput, least, how many.

        A peer without ratios is left out.
        """
        counted = {one.name for one in self.scenarios if one.throughput}
        found: dict[str, list[float]] = {}
        for row in self.rows():
            cell = row.cells.get(column)
            if row.scenario in counted and cell is not None and cell.ratio is not None:
                found.setdefault(row.peer, []).append(cell.ratio)
        return {
            peer: (geometric_mean(ratios), min(ratios), len(ratios))
            for peer, ratios in found.items()
        }

    def write(self, file: Path) -> None:
        """As JSON with a line for each run, and the rows for whoever reads only them."""
        known = asdict(self)
        runs = known.pop("runs")
        known["rows"] = [asdict(row) for row in self.rows()]
        head = json.dumps(_rounded(known), indent=1).removesuffix("\n}")
        lines = ",\n".join(json.dumps(_rounded(run), separators=(",", ":")) for run in runs)
        file.write_text(f'{head},\n "runs": [\n{lines}\n]}}\n')

    @classmethod
    def read(cls, file: Path) -> Self:
        """What `write` has written; ValueError or KeyError if that is something else."""
        known = json.loads(file.read_text())
        del known["rows"]
        known["runs"] = [Run(**run) for run in known["runs"]]
        known["scenarios"] = [
            Measured(**{**one, "columns": [Column(**column) for column in one["columns"]]})
            for one in known["scenarios"]
        ]
        return cls(**known)


def geometric_mean(values: Sequence[float]) -> float:
    """The mean for ratios."""
    return math.exp(sum(map(math.log, values)) / len(values))


def _rounded(value: Any) -> Any:
    """Six digits are more than a measurement has."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return value
