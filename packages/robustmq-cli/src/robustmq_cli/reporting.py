"""[A] How commands talk: results on standard output, one line per error on standard error."""

import contextlib
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import Any

import typer

from robustmq_cli import __version__
from robustmq_cli.instance import ListenerState
from robustmq_cli.readiness import Reporter
from robustmq_common import implementation
from robustmq_common.errors import BugError, RobustMQError

INTERRUPTED = 130


@contextlib.contextmanager
def errors_told(reporter: Reporter | None = None) -> Iterator[None]:
    """Turn errors into lines on standard error and the exit code of their class."""
    try:
        yield
    except RobustMQError as error:
        tell_errors(str(error))
        if reporter is not None:
            reporter.failed(str(error), error.exit_code)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 - the last resort, and nothing is hidden
        traceback.print_exc()
        text = f"{type(error).__name__}: {error} (a bug in RobustMQ or a plugin: please report it)"
        tell_errors(text)
        if reporter is not None:
            reporter.failed(text, BugError.exit_code)
        raise typer.Exit(BugError.exit_code) from None


def tell_errors(text: str) -> None:
    """Write a line per problem, each of which says that it is one."""
    for line in text.splitlines():
        print(f"error: {line}", file=sys.stderr)


def version_option(command: str) -> Any:
    """The option that tells the version of a command, and ends it."""

    def tell(wanted: bool) -> None:
        if wanted:
            print(f"{command} {__version__} ({implementation.running()})")
            raise typer.Exit

    return typer.Option(
        "--version",
        help="Say the version, and whether hot modules run compiled or plain.",
        callback=tell,
        is_eager=True,
    )


def listener_lines(listeners: Sequence[ListenerState]) -> list[str]:
    """Say what listens where, in columns."""
    rows = [(one.name, f"{one.protocol} over {one.transport}", one.address) for one in listeners]
    return columns(rows, indent="  ")


def columns(rows: Sequence[Sequence[str]], indent: str = "", widest: int = 60) -> list[str]:
    """Align cells; one that is wider than `widest` moves only its own line."""
    if not rows:
        return []
    widths = [min(max(len(cell) for cell in column), widest) for column in zip(*rows, strict=True)]
    return [
        (indent + "  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]


def elapsed(seconds: float) -> str:
    """Write how long something has lasted, in its two largest units: "2h 5m"."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])
