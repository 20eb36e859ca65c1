"""[A] robust-ctl ban: who may not connect."""

import getpass
from datetime import datetime
from typing import Annotated, Any

import typer

from robustmq_cli.ctl import ctl_options as ctl
from robustmq_cli.ctl.asking import ask
from robustmq_cli.ctl.writing import printable, shown_time, write_json
from robustmq_cli.reporting import columns, errors_told
from robustmq_cli.server import options
from robustmq_common.config.quantities import parse_seconds
from robustmq_common.errors import CallerError

app = typer.Typer(help="Who may not connect.", no_args_is_help=True, rich_markup_mode=None)

Kind = Annotated[
    str,
    typer.Argument(
        metavar="KIND",
        help="clientid, username, peerhost, clientid_re, username_re or peerhost_net.",
    ),
]
Value = Annotated[
    str,
    typer.Argument(
        metavar="VALUE",
        help=(
            "The name, the address, the regular expression (RE2; found anywhere in the name, "
            "unless it has ^ and $), or the network in CIDR notation."
        ),
    ),
]


@app.callback()
def ban() -> None:
    """Who may not connect."""


@app.command()
def add(
    kind: Kind,
    value: Value,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    duration: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="How long, such as 10m or 2h.", show_default=False),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Until when, such as 2030-01-31T12:00:00; local, if it does not say otherwise.",
            show_default=False,
        ),
    ] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for `ban list`.")] = "",
    as_json: ctl.Json = False,
) -> None:
    """Ban clients, and disconnect those that are connected; without an end, for ever.

    A ban on the same takes the place of the one before.
    """
    with errors_told():
        arguments = {
            "kind": kind,
            "value": value,
            "reason": reason,
            "by": _who(),
            "seconds": None if duration is None else _seconds(duration),
            "until": None if until is None else _moment(until),
        }
        given = options.given(config, data_dir, overrides)
        for answer in ask(given, "bans.add", arguments):
            if as_json:
                write_json(answer)
            else:
                end = f"until {shown_time(answer['until'])}" if answer["until"] else "for ever"
                print(
                    f"{kind} {_shown(answer['value'])} is banned {end}; "
                    f"{answer['disconnected']} clients were disconnected"
                )


@app.command("list")
def list_bans(
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    as_json: ctl.Json = False,
) -> None:
    """List the bans that are not over."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        bans = [one for answer in ask(given, "bans.list", {}) for one in answer["bans"]]
        if as_json:
            for one in bans:
                write_json(one)
            return
        rows = [_row(one) for one in bans]
        print("\n".join(columns([("kind", "value", "until", "by", "since", "reason"), *rows])))


@app.command()
def delete(
    kind: Kind,
    value: Value,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
) -> None:
    """Lift a ban."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        for _ in ask(given, "bans.delete", {"kind": kind, "value": value}):
            print(f"{kind} {_shown(value)} is not banned any more")


@app.command()
def clear(
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
) -> None:
    """Lift all bans."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        for answer in ask(given, "bans.clear", {}):
            print(f"{answer['deleted']} bans are lifted")


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    until = shown_time(one["until"]) if one["until"] else "for ever"
    texts = [_shown(one[name]) or "-" for name in ("value", "by", "reason")]
    return (one["kind"], texts[0], until, texts[1], shown_time(one["at"]), texts[2])


def _shown(text: str) -> str:
    """Text of clients and operators, with what would move the cursor escaped."""
    return printable(text.encode("utf-8", "backslashreplace"), whole=True) or ""


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        return "robust-ctl"


def _seconds(text: str) -> float:
    try:
        return float(parse_seconds(text))
    except ValueError as error:
        raise CallerError(f"--duration {text}: {error}") from None


def _moment(text: str) -> float:
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError):
        raise CallerError(
            f"--until {text}: not a time such as 2030-01-31T12:00:00 or 2030-01-31T12:00:00Z"
        ) from None
