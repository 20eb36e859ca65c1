"""[A] The robust-bench command."""

from typing import Annotated

import typer

from robustmq_cli import __version__
from robustmq_cli.bench import mqtt
from robustmq_common import implementation

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(mqtt.app, name="mqtt")


def _tell_version(wanted: bool) -> None:
    if wanted:
        print(f"robust-bench {__version__} ({implementation.running()})")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Say the version, and whether hot modules run compiled or plain.",
            callback=_tell_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Load a broker, any broker, and measure what it does.

    The exit code is 0 if all went well, 1 if anything was refused, lost, repeated, out of order or
    disconnected, and 2 for a wrong command line.
    """


def main() -> None:
    """Be the `robust-bench` command."""
    app(prog_name="robust-bench")
