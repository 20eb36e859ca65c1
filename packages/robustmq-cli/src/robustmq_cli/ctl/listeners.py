"""[A] robust-ctl listeners: where a running broker listens; stop, start and reload it."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from robustmq_cli.ctl import ctl_options as ctl
from robustmq_cli.ctl.asking import ask
from robustmq_cli.ctl.writing import write_json
from robustmq_cli.reporting import columns, errors_told
from robustmq_cli.server import options

app = typer.Typer(
    help="Where a running broker listens; stop, start and reload it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name in [listeners.NAME].")]
COLUMNS = ("listener", "protocol", "transport", "address", "accepting", "connections")


@app.callback()
def listeners() -> None:
    """Where a running broker listens; stop, start and reload it."""


@app.command("list")
def list_listeners(
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    as_json: ctl.Json = False,
) -> None:
    """List the listeners, with their addresses and the connections each has."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        answers = list(ask(given, "listeners.list", {}))
        if as_json:
            for answer in answers:
                write_json(answer)
        else:
            _write(answers)


@app.command()
def start(
    name: Name,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
) -> None:
    """Listen again where `stop` ended it."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        _write(ask(given, "listeners.start", {"listener": name}))


@app.command()
def stop(
    name: Name,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    disconnect: Annotated[
        bool, typer.Option("--disconnect", help="Cut off those who are connected, too.")
    ] = False,
) -> None:
    """Accept no more connections; those that are open stay, unless they are cut off."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        _write(ask(given, "listeners.stop", {"listener": name, "disconnect": disconnect}))


@app.command()
def reload(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Its name; all if there is none.")
    ] = "",
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
) -> None:
    """Load certificates, keys and revocation lists anew; no client is dropped."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        for answer in ask(given, "listeners.reload", {"listener": name}):
            print(f"{answer['listener']} has new certificates")


def _write(answers: Iterable[dict[str, Any]]) -> None:
    rows = [tuple(_shown(answer[name]) for name in COLUMNS) for answer in answers]
    print("\n".join(columns([COLUMNS, *rows])))


def _shown(value: object) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
