"""[A] robust-ctl storage read: the records of a shard's log."""

import base64
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from robustmq_cli.ctl import ctl_options as ctl
from robustmq_cli.ctl.asking import ask
from robustmq_cli.ctl.writing import shown_bytes, shown_time, write_json
from robustmq_cli.reporting import errors_told
from robustmq_cli.server import options
from robustmq_common.errors import CallerError


class Reset(StrEnum):
    """Where a group goes on whose position is not in the log."""

    EARLIEST = "earliest"
    LATEST = "latest"
    ERROR = "error"


def read(
    shard: Annotated[str, typer.Argument(metavar="SHARD", help="The name of the shard.")],
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    adapter: ctl.Adapter = "",
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar=ctl.PLACE,
            help="Where to begin. [default: earliest, or where the group has got to]",
            show_default=False,
        ),
    ] = None,
    count: ctl.Count = None,
    follow: Annotated[bool, typer.Option("--follow", help="Wait for more at the end.")] = False,
    group: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Read as this consumer group, and remember how far it has got.",
            show_default=False,
        ),
    ] = "",
    reset: Annotated[
        Reset,
        typer.Option(
            metavar="earliest|latest|error",
            help="Where a group goes on that has no position, or one that is gone.",
        ),
    ] = Reset.EARLIEST,
    as_json: ctl.Json = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the values as they are, and nothing else.")
    ] = False,
) -> None:
    """Write the records of a shard's log.

    A line has offset, time in UTC, key and the beginning of the value, as text if it is text. With
    --json, keys and values are in base64. Ctrl-C ends --follow.
    """
    with errors_told():
        if as_json and raw:
            raise CallerError("--json and --raw exclude each other")
        arguments = {
            "shard": shard,
            "adapter": adapter,
            "start": None if start is None else ctl.place(start),
            "count": count,
            "follow": follow,
            "group": group,
            "reset": reset.value,
        }
        given = options.given(config, data_dir, overrides)
        for answer in ask(given, "storage.read", arguments, offline=not follow):
            for record in answer["records"]:
                if as_json:
                    write_json(record)
                else:
                    _write(record, raw)
            sys.stdout.flush()


def _write(record: dict[str, Any], raw: bool) -> None:
    value = base64.b64decode(record["value"])
    if raw:
        sys.stdout.buffer.write(value)
        return
    key = "-"
    if record["key"] is not None:
        decoded = base64.b64decode(record["key"])
        key = shown_bytes(decoded, len(decoded))
    time = shown_time(record["timestamp"])
    print(f"{record['offset']}  {time}  {key}  {shown_bytes(value, len(value))}")
