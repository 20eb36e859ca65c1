"""The accepted figures: read, compared with, and replaced on purpose."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.counted.count import Figure
from bench.counted.toolchain import Toolchain

FILE: Final = Path(__file__).with_name("figures.json")

TOLERANCE: Final = 0.04
"""The same run twice differs by less than 0.1 %. What lies elsewhere in memory (another folder, a
selection of the cases) differs by up to 1.5 %, one case by 2.8 %."""
TOLERANCE_OTHER_VERSIONS: Final = 0.10
"""Another compiler or patch release of Python changes figures by a few percent."""

FAILURES: Final = ("worse", "new", "gone")


@dataclass(frozen=True)
class Accepted:
    """The figures of one toolchain, by name, and the versions they were counted with."""

    versions: dict[str, str] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """One figure beside the accepted one; verdict is "ok", "better" or one of FAILURES."""

    name: str
    unit: str
    accepted: float | None
    now: float | None
    verdict: str

    @property
    def change(self) -> float | None:
        """By which part it has grown; None if there is nothing to compare."""
        if self.accepted is None or self.now is None:
            return None
        if self.accepted == 0.0:
            return 0.0 if self.now == 0.0 else float("inf")
        return self.now / self.accepted - 1.0


def compare(
    accepted: dict[str, float], counted: Iterable[Figure], tolerance: float
) -> Iterator[Comparison]:
    """Each counted figure, and then the accepted ones that were not counted."""
    left = dict(accepted)
    for figure in counted:
        before = left.pop(figure.name, None)
        verdict = "new" if before is None else _verdict(before, figure.value, tolerance)
        yield Comparison(figure.name, figure.unit, before, figure.value, verdict)
    for name, before in left.items():
        yield Comparison(name, "", before, None, "gone")


def _verdict(before: float, now: float, tolerance: float) -> str:
    if now > before * (1.0 + tolerance):
        return "worse"
    return "better" if now < before * (1.0 - tolerance) else "ok"


def read(path: Path) -> dict[str, Accepted]:
    """The accepted figures by the key of their toolchain; none if there is no such file."""
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {key: Accepted(one["versions"], one["figures"]) for key, one in found.items()}


def accept(path: Path, toolchain: Toolchain, figures: dict[str, float]) -> None:
    """Make these the accepted figures of the toolchain; those of others stay."""
    known = read(path)
    rounded = {name: round(value, 1) for name, value in figures.items()}
    known[toolchain.key] = Accepted(toolchain.versions, rounded)
    written = {
        key: {"versions": one.versions, "figures": one.figures}
        for key, one in sorted(known.items())
    }
    path.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
