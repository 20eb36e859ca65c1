"""The command: counts, and compares with the accepted figures or accepts the new ones.

Exits with 0 if nothing is worse than accepted, 1 if something is or cannot be told, 2 if it was
called wrongly. With CI in the environment, what cannot be compared is a failure.
"""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.counted.count import (
    CannotCountError,
    CountError,
    Figure,
    Wanted,
    count,
    measure,
)
from bench.counted.figures import (
    FAILURES,
    FILE,
    TOLERANCE,
    TOLERANCE_OTHER_VERSIONS,
    Accepted,
    Comparison,
    accept,
    compare,
    read,
)
from bench.counted.toolchain import Toolchain, toolchain
from tools.build import RECORD

SUITE: Final = "bench.counted.suite:SUITE"


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    known = read(options.figures)
    passed = True
    for form in [options.form] if options.form else installed_forms():
        here = toolchain(form)
        wanted = Wanted(options.suite, form, options.only)
        print(f"counting {here.key}", flush=True)
        try:
            figures, missing = counted(wanted, options.keep)
        except CountError as error:
            print(f"a case failed: {error}")
            return 1
        accepted = known.get(here.key)
        if options.what == "check":
            passed &= check(here, accepted, figures, options.only, missing)
        elif missing:
            print(f"nothing is accepted: {missing}")
            return 1
        else:
            passed &= take(options.figures, here, accepted, figures, options.only)
    return 0 if passed else 1


def installed_forms() -> list[str]:
    """The forms that `make setup` has installed."""
    compiled: bool = json.loads(RECORD.read_text(encoding="utf-8"))["compiled"]
    return ["compiled", "plain"] if compiled else ["plain"]


def counted(wanted: Wanted, keep: Path | None) -> tuple[list[Figure], str]:
    """Everything that can be counted here, and why instructions cannot, if so."""
    # Memory first, without valgrind: so the bytecode of a fresh checkout is there for both.
    held = measure(wanted)
    try:
        return count(wanted, keep) + held, ""
    except CannotCountError as error:
        return held, f"instructions cannot be counted: {error}"


def check(
    here: Toolchain, accepted: Accepted | None, figures: list[Figure], only: str, missing: str
) -> bool:
    """Print each figure beside the accepted one; whether that is good enough."""
    in_ci = bool(os.environ.get("CI"))
    if missing:
        print(f"{missing}; only memory is compared")
    if accepted is None:
        print_figures(figures)
        print(
            f"no figures are accepted for {here.key}, so nothing is compared; "
            "accept these with: make bench-accept"
        )
        return not in_ci
    tolerance = TOLERANCE
    differences = here.differences(accepted.versions)
    if differences:
        tolerance = TOLERANCE_OTHER_VERSIONS
        print(f"the accepted figures are of {'; '.join(differences)}")
    names = {name: value for name, value in accepted.figures.items() if only in name}
    if missing:
        measured = {figure.name for figure in figures}
        names = {name: value for name, value in names.items() if name in measured}
    rows = list(compare(names, figures, tolerance))
    print_rows(rows)
    print(f"tolerance {tolerance:.0%}")
    failed = [row for row in rows if row.verdict in FAILURES]
    for verdict, count_of in _verdicts(rows).items():
        print(f"{verdict}: {count_of}; if that is on purpose: make bench-accept")
    return not failed and not (missing and in_ci)


def _verdicts(rows: list[Comparison]) -> dict[str, int]:
    """How many there are of each verdict but "ok"."""
    others = [row.verdict for row in rows if row.verdict != "ok"]
    return {verdict: others.count(verdict) for verdict in dict.fromkeys(others)}


def take(
    path: Path, here: Toolchain, accepted: Accepted | None, figures: list[Figure], only: str
) -> bool:
    """Accept the figures; with `only`, beside those of the other cases."""
    before = accepted or Accepted()
    kept: dict[str, float] = {}
    if only and accepted is not None:
        differences = here.differences(accepted.versions)
        if differences:
            print(
                f"nothing is accepted: the other figures are of {'; '.join(differences)}; "
                "accept all of them, without --only"
            )
            return False
        kept = {name: value for name, value in accepted.figures.items() if only not in name}
    shown = {name: value for name, value in before.figures.items() if only in name}
    print_rows(list(compare(shown, figures, TOLERANCE)))
    accept(path, here, kept | {figure.name: figure.value for figure in figures})
    print(f"accepted: {len(figures)} figures for {here.key}, in {path.name}")
    return True


def print_rows(rows: list[Comparison]) -> None:
    print(f"{'case':54} {'accepted':>11} {'now':>11} {'change':>8}  {'verdict':7} unit")
    for row in rows:
        change = "-" if row.change is None else f"{row.change:+.1%}"
        verdict = "" if row.verdict == "ok" else row.verdict
        print(
            f"{row.name:54} {_number(row.accepted):>11} {_number(row.now):>11} {change:>8}  "
            f"{verdict:7} {row.unit}".rstrip()
        )


def print_figures(figures: list[Figure]) -> None:
    print_rows([Comparison(one.name, one.unit, None, one.value, "new") for one in figures])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.counted", description=__doc__)
    parser.add_argument("what", choices=["check", "accept"])
    parser.add_argument("--only", default="", metavar="PART", help="cases with this in their name")
    parser.add_argument("--form", choices=["compiled", "plain"], help="default: all installed")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep callgrind's profiles, one for each case"
    )
    parser.add_argument("--suite", default=SUITE, metavar="MODULE:NAME", help="other cases")
    parser.add_argument("--figures", type=Path, default=FILE, help="another file of figures")
    return parser
