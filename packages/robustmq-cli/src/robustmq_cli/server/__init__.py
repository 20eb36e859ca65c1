"""[A] The robust-server command: one file per subcommand, in folders as they are typed."""

from typing import Annotated

import typer

from robustmq_broker import app as _broker  # noqa: F401 - `running` looks at what is imported
from robustmq_cli.reporting import version_option
from robustmq_cli.server import config, run, start, status, stop, tls

app = typer.Typer(
    name="robust-server",
    help="Run a complete message broker.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(run.run)
app.command()(start.start)
app.command()(stop.stop)
app.command()(status.status)
app.add_typer(config.app, name="config")
app.add_typer(tls.app, name="tls")


@app.callback()
def root(
    version: Annotated[bool, version_option("robust-server")] = False,
) -> None:
    """Run a complete message broker: MQTT on 127.0.0.1:1883 unless configured otherwise."""


def main() -> None:
    """Be the `robust-server` command."""
    app(prog_name="robust-server")
