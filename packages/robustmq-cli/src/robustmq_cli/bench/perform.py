"""[A] From a plan to an exit code: runs it, shows how it goes, and tells the result."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import typer

from robustmq_cli.bench.conduct import Conductor
from robustmq_cli.bench.plan import Plan, PlanError, check
from robustmq_cli.bench.series import Series
from robustmq_cli.bench.summary import Summary, progress_line
from robustmq_cli.bench.tally import Total
from robustmq_cli.reporting import errors_told

STANDARD_OUTPUT: Final = "-"
ERASE: Final = "\r\x1b[K"


def perform(plan: Plan, json_file: str | None) -> None:
    """Do a run and exit with its code. Raises BadParameter for a plan or file that cannot be."""
    try:
        check(plan)
    except PlanError as error:
        raise typer.BadParameter(str(error), param_hint=error.option) from None
    with _opened(json_file) as document, errors_told():
        summary = _run(plan)
        if document is not sys.stdout:
            print(summary.text(), flush=True)
        if document is not None:
            json.dump(summary.to_json(), document, indent=2)
            document.write("\n")
            document.flush()
        raise typer.Exit(summary.exit_code)


def _run(plan: Plan) -> Summary:
    on_terminal = sys.stderr.isatty()

    def tell(series: Series, _total: Total) -> None:
        line = progress_line(plan, series.points[-1])
        sys.stderr.write(f"{ERASE}{line}" if on_terminal else f"{line}\n")
        sys.stderr.flush()

    conductor = Conductor(plan, tell)
    try:
        asyncio.run(conductor.conduct())
    finally:
        if on_terminal:
            sys.stderr.write(ERASE)
    return Summary(plan, conductor.total, conductor.series, conductor.interrupted)


@contextlib.contextmanager
def _opened(json_file: str | None) -> Iterator[IO[str] | None]:
    """Open the file for the result before the run: it would be a pity afterwards."""
    if json_file is None:
        yield None
    elif json_file == STANDARD_OUTPUT:
        yield sys.stdout
    else:
        try:
            file = Path(json_file).open("w", encoding="utf-8")  # noqa: SIM115 - closed below
        except OSError as error:
            raise typer.BadParameter(
                f"cannot write {json_file}: {error.strerror or error}", param_hint="--json"
            ) from None
        with file:
            yield file
