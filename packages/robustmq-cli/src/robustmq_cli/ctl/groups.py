"""[A] robust-ctl groups: consumer groups, how far they are, and where they go on."""

from typing import Annotated

import typer

from robustmq_cli.ctl import ctl_options as ctl
from robustmq_cli.ctl.asking import ask
from robustmq_cli.ctl.writing import write_json
from robustmq_cli.reporting import columns, errors_told
from robustmq_cli.server import options

app = typer.Typer(
    help="Consumer groups: how far they are, and where they go on.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Group = Annotated[str, typer.Argument(metavar="GROUP", help="The name of the group.")]


@app.callback()
def groups() -> None:
    """Consumer groups: how far they are, and where they go on."""


@app.command("list")
def list_groups(
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    adapter: ctl.Adapter = "",
    as_json: ctl.Json = False,
) -> None:
    """List the groups, with the shards each reads and the records that are still to come."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        answers = list(ask(given, "groups.list", {"adapter": adapter}))
        _write(("group", "shards", "lag"), answers, as_json)


@app.command()
def lag(
    group: Group,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    adapter: ctl.Adapter = "",
    as_json: ctl.Json = False,
) -> None:
    """Say how far a group is in each shard it reads.

    position: the offset it reads next; start and end: the log's first offset and its next one.
    """
    with errors_told():
        given = options.given(config, data_dir, overrides)
        answers = list(ask(given, "groups.lag", {"group": group, "adapter": adapter}))
        _write(("shard", "position", "start", "end", "lag"), answers, as_json)


@app.command()
def seek(
    group: Group,
    shard: Annotated[str, typer.Argument(metavar="SHARD", help="The shard to move it in.")],
    to: Annotated[str, typer.Argument(metavar=ctl.PLACE, help="Where it goes on.")],
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    adapter: ctl.Adapter = "",
) -> None:
    """Move a group to another place of a log, forth or back."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        arguments = {"group": group, "shard": shard, "to": ctl.place(to), "adapter": adapter}
        for answer in ask(given, "groups.seek", arguments):
            print(f"{group} goes on in {shard} at offset {answer['position']}")


@app.command()
def delete(
    group: Group,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    adapter: ctl.Adapter = "",
) -> None:
    """Forget a group with all its positions; the logs it read stay."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        for answer in ask(given, "groups.delete", {"group": group, "adapter": adapter}):
            print(f"{answer['deleted']} is forgotten")


def _write(names: tuple[str, ...], answers: list[dict[str, object]], as_json: bool) -> None:
    if as_json:
        for answer in answers:
            write_json(answer)
    else:
        rows = [tuple(str(answer[name]) for name in names) for answer in answers]
        print("\n".join(columns([names, *rows])))
