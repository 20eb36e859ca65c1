"""[A] robust-server config: look at the configuration."""

import typer

from robustmq_cli.server.config import show

app = typer.Typer(help="Look at the configuration.", no_args_is_help=True, rich_markup_mode=None)
app.command()(show.show)


@app.callback()
def config() -> None:
    """Look at the configuration."""
