"""[A] robust-server tls: certificates."""

import typer

from robustmq_cli.server.tls import dev_cert

app = typer.Typer(help="Make certificates.", no_args_is_help=True, rich_markup_mode=None)
app.command("dev-cert")(dev_cert.dev_cert)


@app.callback()
def tls() -> None:
    """Make certificates."""
