"""[A] robust-ctl user: the users that the broker keeps."""

import csv
import sys
from typing import Annotated, Any

import typer

from robustmq_cli.ctl import ctl_options as ctl
from robustmq_cli.ctl import user_import
from robustmq_cli.ctl.asking import ask
from robustmq_cli.ctl.writing import printable, write_json
from robustmq_cli.reporting import columns, errors_told
from robustmq_cli.server import options
from robustmq_common.errors import CallerError

app = typer.Typer(
    help="Users who come in with a password.", no_args_is_help=True, rich_markup_mode=None
)
app.command("import")(user_import.import_file)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user name.")]
Stdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin", help="Read the password from the first line of standard input."
    ),
]
Prefix = Annotated[str, typer.Argument(metavar="[PREFIX]", help="Only users whose names begin so.")]


@app.callback()
def user() -> None:
    """Users who come in with a password, by the authenticators users and scram."""


@app.command()
def add(
    name: Name,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    password_stdin: Stdin = False,
    superuser: Annotated[
        bool, typer.Option("--superuser", help="Whom no rule for topics holds back.")
    ] = False,
) -> None:
    """Add a user; the password is asked for."""
    with errors_told():
        arguments = {"name": name, "password": _password(password_stdin), "superuser": superuser}
        for answer in ask(options.given(config, data_dir, overrides), "user.add", arguments):
            print(f"{answer['added']} is added")


@app.command()
def passwd(
    name: Name,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    password_stdin: Stdin = False,
    keep_connected: user_import.KeepConnected = False,
) -> None:
    """Set a user's password, and disconnect who came in with the old one."""
    with errors_told():
        arguments = {
            "name": name,
            "password": _password(password_stdin),
            "keep_connected": keep_connected,
        }
        for answer in ask(options.given(config, data_dir, overrides), "user.passwd", arguments):
            print(f"{name} has a new password{user_import.disconnected(answer)}")


@app.command()
def delete(
    name: Name,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    keep_connected: user_import.KeepConnected = False,
) -> None:
    """Delete a user, and disconnect the clients of that name."""
    with errors_told():
        arguments = {"name": name, "keep_connected": keep_connected}
        for answer in ask(options.given(config, data_dir, overrides), "user.delete", arguments):
            print(f"{name} is deleted{user_import.disconnected(answer)}")


@app.command("list")
def list_users(
    prefix: Prefix = "",
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="Stop after so many.")] = 1000,
    as_json: ctl.Json = False,
) -> None:
    """List users in order of their names, with the kind of what is kept of their passwords."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        # One more than is shown, to know whether there are more.
        arguments = {"prefix": prefix, "limit": limit + 1}
        users = [one for answer in ask(given, "user.list", arguments) for one in answer["users"]]
        if as_json:
            for one in users[:limit]:
                write_json(one)
        else:
            heading = ("user", "superuser", "hash", "scram")
            print("\n".join(columns([heading, *_rows(users[:limit])])))
        if len(users) > limit:
            print("there are more; see --limit and PREFIX", file=sys.stderr)


@app.command()
def export(
    prefix: Prefix = "",
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
) -> None:
    """Write users as CSV to standard output, for `user import`.

    What is kept of the passwords is in it: send it to a file that only its owner can read.
    """
    with errors_told():
        given = options.given(config, data_dir, overrides)
        output = csv.writer(sys.stdout, lineterminator="\n")
        output.writerow(("user_id", "password_hash", "is_superuser", "scram"))
        for answer in ask(given, "user.list", {"prefix": prefix, "hashes": True}):
            for one in answer["users"]:
                truth = "true" if one["superuser"] else "false"
                output.writerow((one["name"], one["hash"], truth, " ".join(one["scram"])))


def _rows(users: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (
            printable(one["name"].encode(), whole=True) or "",
            "yes" if one["superuser"] else "no",
            one["hash"],
            ", ".join(one["scram"]) or "-",
        )
        for one in users
    ]


def _password(from_stdin: bool) -> str:
    """Read a password; it is never an argument, which others on the machine could see."""
    if from_stdin:
        line = sys.stdin.readline(100_000)
        if not line.strip("\r\n"):
            raise CallerError("standard input has no password in its first line")
        return line.rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CallerError(
            "there is no terminal to ask for the password; give it in the first line of standard "
            "input, with --password-stdin"
        )
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
