"""[A] robust-ctl acl: who may publish and subscribe to what."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from robustmq_cli.ctl import ctl_options as ctl
from robustmq_cli.ctl.asking import ask
from robustmq_cli.ctl.writing import printable, write_json
from robustmq_cli.reporting import columns, errors_told
from robustmq_cli.server import options
from robustmq_common.errors import CallerError

app = typer.Typer(
    help="Access rules: who may publish and subscribe to what.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

NOT_ASKED = (
    'note: no broker that runs here asks these rules; put "rules" into access.authorizers of its '
    "configuration"
)
AT_ONCE = 500
"""Rules in one request, whose size is bounded."""


@app.callback()
def acl() -> None:
    """Access rules: who may publish and subscribe to what."""


@app.command()
def add(
    rule: Annotated[
        list[str],
        typer.Argument(metavar="RULE", help="Such as: allow user alice publish 'sensors/#'"),
    ],
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    before: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Put it before this rule.", show_default=False),
    ] = None,
) -> None:
    """Add a rule behind all others, or before one; the first that matches decides."""
    with errors_told():
        text = " ".join(rule)
        given = options.given(config, data_dir, overrides)
        for answer in ask(given, "acl.add", {"rules": [text], "before": before}):
            print(f"rule {answer['number']}: {answer['rule']}")
            if not answer["active"]:
                print(NOT_ASKED, file=sys.stderr)


@app.command("list")
def list_rules(
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    as_json: ctl.Json = False,
) -> None:
    """List the rules in their order."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        rules = [one for answer in ask(given, "acl.list", {}) for one in answer["rules"]]
        if as_json:
            for one in rules:
                write_json(one)
            return
        rows = [
            (str(one["number"]), printable(one["rule"].encode(), whole=True) or "") for one in rules
        ]
        print("\n".join(columns([("number", "rule"), *rows])))


@app.command()
def delete(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The rule, as `list` has it.")],
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
) -> None:
    """Forget a rule."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        for answer in ask(given, "acl.delete", {"number": number}):
            print(f"forgot rule {answer['number']}: {answer['rule']}")


@app.command("import")
def import_rules(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Rules, one in a line.")],
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
) -> None:
    """Add the rules of a file behind all others; lines that begin with # are comments."""
    with errors_told():
        try:
            lines = file.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise CallerError(f"cannot read {file}: {error}") from None
        rules = [line.strip() for line in lines]
        rules = [line for line in rules if line and not line.startswith("#")]
        given = options.given(config, data_dir, overrides)
        added, active = 0, True
        for start in range(0, len(rules), AT_ONCE):
            arguments = {"rules": rules[start : start + AT_ONCE]}
            for answer in ask(given, "acl.add", arguments):
                added += 1
                active = answer["active"]
        print(f"{added} rules added")
        if added and not active:
            print(NOT_ASKED, file=sys.stderr)


@app.command()
def reload(
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
) -> None:
    """Have the broker read its rule files, and whatever else access control reads, again."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        for answer in ask(given, "acl.reload", {}, offline=False):
            print(f"{answer['reloaded']} is up to date")


@app.command("test")
def try_out(
    action: Annotated[str, typer.Argument(metavar="publish|subscribe", help="What it wants.")],
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="The topic, or a filter.")],
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    user: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Its user name.", show_default=False),
    ] = None,
    client: Annotated[str, typer.Option(metavar="ID", help="Its client identifier.")] = "",
    qos: Annotated[int, typer.Option(min=0, max=2, metavar="0|1|2", help="The QoS.")] = 0,
    retain: Annotated[bool, typer.Option("--retain", help="A message to be retained.")] = False,
    address: Annotated[
        str, typer.Option(metavar="ADDRESS", help='Where it comes from; "unix" for a socket.')
    ] = "127.0.0.1",
    listener: Annotated[
        str, typer.Option(metavar="NAME", help="The listener; the first one if not given.")
    ] = "",
    cert_cn: Annotated[
        str, typer.Option(metavar="NAME", help="The common name of its certificate.")
    ] = "",
) -> None:
    """Say whether a client might do something, and what decides. Exits with 1 if not."""
    with errors_told():
        arguments = {
            "action": action,
            "topic": topic,
            "qos": qos,
            "retain": retain,
            "user": user,
            "client": client,
            "peer": address,
            "listener": listener,
            "cert_cn": cert_cn,
        }
        given = options.given(config, data_dir, overrides)
        allowed = False
        for answer in ask(given, "acl.test", arguments, offline=False):
            if "allowed" in answer:
                allowed = answer["allowed"]
            else:
                detail = f"  ({answer['detail']})" if answer["detail"] else ""
                print(f"{answer['authorizer']}: {answer['verdict']}{detail}")
        print("allowed" if allowed else "denied")
    if not allowed:
        raise typer.Exit(1)
