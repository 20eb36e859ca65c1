"""[A] robust-ctl user import: many users from a file, checked and hashed here."""

import contextlib
import os
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from robustmq_broker import app
from robustmq_cli.ctl.asking import asking
from robustmq_cli.ctl.storage.backup import Progress
from robustmq_cli.reporting import errors_told
from robustmq_cli.server import options
from robustmq_common.errors import CallerError, WorldError

PART_BYTES: Final = 40_000
"""Of a request to the broker, which takes 64 KB."""
PART: Final = 100
_AHEAD: Final = 64
"""Passwords that are hashed before they are sent."""

KeepConnected = Annotated[
    bool, typer.Option("--keep-connected", help="Leave clients of these names connected.")
]


def import_file(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Users, in CSV with a header, or in JSON.")
    ],
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    kind: Annotated[
        str,
        typer.Option(
            "--hash",
            metavar="|".join(app.HASHES),
            help="What password_hash has: text that says its kind itself, or a digest in hex.",
        ),
    ] = "auto",
    salt_position: Annotated[
        str,
        typer.Option(metavar="|".join(app.PLACES), help="Where the salt was put."),
    ] = "prefix",
    iterations: Annotated[
        int, typer.Option(min=0, metavar="N", help="Iterations of PBKDF2.", show_default=False)
    ] = 0,
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite users that are there.")
    ] = False,
    keep_connected: KeepConnected = False,
) -> None:
    """Import users from a file whose name ends with .csv or .json.

    Columns (of CSV), or keys (of an array of objects): user_id, password_hash, salt, is_superuser,
    scram; or password, in plain text, which is hashed now. Everything is checked first: if a line
    is wrong, or a name taken, nothing is imported.
    """
    with errors_told():
        rows = _rows(file, app.Columns(kind, salt_position, iterations))
        given = options.given(config, data_dir, overrides)
        progress = Progress()
        arguments = {"replace": replace, "keep_connected": keep_connected}
        with (
            asking(given) as put,
            contextlib.closing(put("user.import", arguments)) as answers,
        ):
            begun = next(answers)
            sent = 0
            for part in _parts(_hashed(rows, begun)):
                list(put("user.import_part", {"token": begun["token"], "users": part}))
                sent += len(part)
                progress.tell(f"{sent} of {len(rows)} users")
            progress.end()
            list(put("user.import_end", {"token": begun["token"]}))
            for answer in answers:
                replaced = f", {answer['replaced']} of them replaced" if answer["replaced"] else ""
                print(f"{answer['imported']} users are imported{replaced}{disconnected(answer)}")


def disconnected(answer: dict[str, Any]) -> str:
    """What to add to a sentence about clients that had to go."""
    count = answer["disconnected"]
    if not count:
        return ""
    return f"; {count} client{' was' if count == 1 else 's were'} disconnected"


def _rows(file: Path, columns: app.Columns) -> Sequence[app.Row]:
    """Everyone in a file. Raises CallerError, with a line for each that is wrong."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise WorldError(f"{file} cannot be read: {(error.strerror or '').lower()}") from error
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CallerError(f"{file} is not UTF-8 in line {line}") from None
    if file.suffix == ".json":
        return app.collect(app.read_json(text, columns))
    if file.suffix == ".csv":
        return app.collect(app.read_csv(text.splitlines(keepends=True), columns))
    raise CallerError(f"{file}: its name has to end with .csv or .json")


def _hashed(rows: Sequence[app.Row], begun: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows as the broker wants them: passwords are hashed by all cores of this machine."""
    how = app.NewPassword(
        app.Argon2Cost(*begun["cost"]), tuple(begun["scram"]), begun["iterations"]
    )

    def hashed(row: app.Row) -> dict[str, Any]:
        known, keys = row.hash, list(row.scram)
        if row.password:
            try:
                user = app.new_user(row.name, row.password, how, secrets.token_bytes)
            except CallerError as error:
                raise CallerError(f"nothing is imported: {row.where}: {error}") from None
            known, keys = user.hash, list(user.scram)
        return {"name": row.name, "hash": known, "superuser": row.is_superuser, "scram": keys}

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        remaining = iter(rows)
        while ahead := list(islice(remaining, _AHEAD)):
            yield from threads.map(hashed, ahead)


def _parts(users: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Pieces that fit into a request."""
    part: list[dict[str, Any]] = []
    size = 0
    for one in users:
        # JSON may take six characters for one.
        length = 6 * len(one["name"]) + len(one["hash"]) + sum(map(len, one["scram"])) + 200
        if part and (len(part) == PART or size + length > PART_BYTES):
            yield part
            part, size = [], 0
        part.append(one)
        size += length
    if part:
        yield part
