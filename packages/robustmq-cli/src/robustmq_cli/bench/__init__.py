"""[A] The robust-bench command."""

from typing import Annotated

import typer

from robustmq_cli.bench import mqtt
from robustmq_cli.reporting import version_option

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(mqtt.app, name="mqtt")


@app.callback()
def root(
    version: Annotated[bool, version_option("robust-bench")] = False,
) -> None:
    """Load a broker, any broker, and measure what it does.

    The exit code is 0 if all went well, 1 if anything was refused, lost, repeated, out of order or
    disconnected, and 2 for a wrong command line.
    """


def main() -> None:
    """Be the `robust-bench` command."""
    app(prog_name="robust-bench")
