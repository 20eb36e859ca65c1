"""[A] robust-server config show: every effective value, and where it comes from."""

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

from robustmq_cli import configuration
from robustmq_cli.reporting import columns, errors_told
from robustmq_cli.server import options
from robustmq_common.config.expectations import toml_value
from robustmq_common.config.schema import is_place
from robustmq_common.config.settings import REDACTED, Item
from robustmq_common.logging_setup import set_up_logging


class Format(StrEnum):
    """How to write the configuration."""

    TEXT = "text"
    TOML = "toml"
    JSON = "json"


def show(
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    format: Annotated[  # noqa: A002 - the name of the option
        Format,
        typer.Option(
            "--format",
            metavar="text|toml|json",
            help="text has columns; toml can be read again.",
        ),
    ] = Format.TEXT,
) -> None:
    """Print every value in effect and its origin.

    The origin is a default, a file and line, an environment variable or an option. Secrets are not
    shown.
    """
    with errors_told():
        given = options.given(config, data_dir, overrides)
        first = configuration.preliminary(given)
        settings, _ = configuration.load(given, first, set_up_logging("warning"))
        write = {Format.TEXT: as_text, Format.TOML: as_toml, Format.JSON: as_json}[format]
        print(write(list(settings.items())))


def as_text(items: Iterable[Item]) -> str:
    """Write path, value and origin in columns."""
    return "\n".join(columns([(one.path, one.shown, str(one.origin)) for one in items]))


def as_toml(items: Iterable[Item]) -> str:
    """Write a TOML file with the origins as comments; what has no value is a comment itself."""
    tables: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for one in items:
        hidden = one.value is None or REDACTED in one.shown
        line = f"{'# ' if hidden else ''}{_key(one.parts[-1])} = {one.shown}"
        tables.setdefault(one.parts[:-1], []).append((line, f"# {one.origin}"))
    written = []
    # Keys outside of all tables have to come first.
    for path, rows in sorted(tables.items(), key=lambda table: bool(table[0])):
        header = [_header(path)] if path else []
        written.append("\n".join([*header, *columns(rows)]))
    return "\n\n".join(written)


def as_json(items: Iterable[Item]) -> str:
    """Write one object: path to value and origin; durations in seconds, sizes in bytes."""
    document = {one.path: {"value": one.value, "origin": str(one.origin)} for one in items}
    return json.dumps(document, indent=2, default=str)


def _header(path: tuple[str, ...]) -> str:
    name = ".".join(_key(part) for part in path if not is_place(part))
    return f"[[{name}]]" if is_place(path[-1]) else f"[{name}]"


def _key(part: str) -> str:
    bare = part.isascii() and part.replace("-", "").replace("_", "").isalnum()
    return part if bare else toml_value(part)
