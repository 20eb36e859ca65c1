"""[A] robust-ctl storage: what a broker has stored."""

import typer

from robustmq_cli.ctl.storage import backup, look, read

app = typer.Typer(
    help="Look into what a broker has stored, and back it up.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command()(look.shards)
app.command()(look.usage)
app.command()(look.check)
app.command()(look.compact)
app.command()(read.read)
app.command("export")(backup.export_file)
app.command("import")(backup.import_file)


@app.callback()
def storage() -> None:
    """Look into what a broker has stored, and back it up."""
