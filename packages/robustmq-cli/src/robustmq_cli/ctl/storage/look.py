"""[A] robust-ctl storage shards, usage, check and compact."""

from typing import Annotated, Any

import typer

from robustmq_cli.ctl.asking import ask
from robustmq_cli.ctl.ctl_options import Adapter, Json
from robustmq_cli.ctl.writing import shown_size, shown_time, write_json
from robustmq_cli.reporting import columns, errors_told, tell_errors
from robustmq_cli.server import options
from robustmq_common.errors import StorageError

Prefix = Annotated[
    str, typer.Argument(metavar="[PREFIX]", help="Only shards whose names begin so.")
]

_HEADINGS = ("shard", "records", "size", "offsets", "oldest", "newest", "keys")


def shards(
    prefix: Prefix = "",
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    adapter: Adapter = "",
    as_json: Json = False,
) -> None:
    """List the shards.

    With each: its records, their size, the first offset and the next one, the times of the oldest
    and the newest record in UTC, and its keys. With ~ some of them may have expired.
    """
    with errors_told():
        given = options.given(config, data_dir, overrides)
        answers = ask(given, "storage.shards", {"prefix": prefix, "adapter": adapter})
        rows: list[tuple[str, ...]] = [_HEADINGS]
        for answer in answers:
            for shard in answer["shards"]:
                if as_json:
                    write_json(shard)
                else:
                    rows.append(_row(shard))
            if len(rows) > 1:
                # A page at a time: there may be millions.
                print("\n".join(columns(rows)))
                rows = []


def _row(shard: dict[str, Any]) -> tuple[str, ...]:
    about = "~" if shard["estimated"] else ""
    return (
        shard["name"],
        f"{about}{shard['records']}",
        shown_size(shard["log_bytes"] + shard["key_bytes"]),
        f"{shard['start']}-{shard['end']}",
        shown_time(shard["oldest"]),
        shown_time(shard["newest"]),
        str(shard["keys"]),
    )


def usage(
    prefix: Prefix = "",
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    adapter: Adapter = "",
    as_json: Json = False,
) -> None:
    """Say how much is stored, and how much room that takes on disk."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        for answer in ask(given, "storage.usage", {"prefix": prefix, "adapter": adapter}):
            if as_json:
                write_json(answer)
                continue
            about = "about " if answer["estimated"] else ""
            rows = [
                ("adapter", answer["adapter"]),
                ("shards", str(answer["shards"])),
                ("records", f"{about}{answer['records']}, {shown_size(answer['log_bytes'])}"),
                ("keys", f"{answer['keys']}, {shown_size(answer['key_bytes'])}"),
                ("on disk", shown_size(answer["disk_bytes"])),
            ]
            print("\n".join(columns(rows)))


def check(
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    adapter: Adapter = "",
) -> None:
    """Read everything back and verify it.

    The exit code is 0 if all is well, 74 if something is damaged; each damage is told in a line.
    """
    with errors_told():
        given = options.given(config, data_dir, overrides)
        damages = [one["damage"] for one in ask(given, "storage.check", {"adapter": adapter})]
        if damages:
            tell_errors("\n".join(damages))
            raise typer.Exit(StorageError.exit_code)
        print("everything can be read and is as it was written")


def compact(
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    adapter: Adapter = "",
) -> None:
    """Give back the room of what was removed or written over; serving goes on."""
    with errors_told():
        given = options.given(config, data_dir, overrides)
        for answer in ask(given, "storage.compact", {"adapter": adapter}):
            sizes = f"{shown_size(answer['before'])} before, {shown_size(answer['after'])} now"
            print(f"compacted; on disk: {sizes}")
