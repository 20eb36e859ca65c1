"""[A] Options that every command of robust-server has."""

from pathlib import Path
from typing import Annotated

import typer

from robustmq_cli.configuration import Given

Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Read this TOML file.", show_default=False),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Keep everything in this folder. [default: ./robustmq-data]",
        show_default=False,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="SECTION.KEY=VALUE",
        help="Set a key of the configuration; may be repeated.",
        show_default=False,
    ),
]


def given(config: Path | None, data_dir: Path | None, overrides: list[str] | None) -> Given:
    """Collect the three."""
    return Given(config, data_dir, tuple(overrides or ()))


def as_arguments(options: Given) -> list[str]:
    """Write the three as arguments again, for another process."""
    arguments = []
    if options.config is not None:
        arguments += ["--config", str(options.config)]
    if options.data_dir is not None:
        arguments += ["--data-dir", str(options.data_dir)]
    for override in options.overrides:
        arguments += ["--set", override]
    return arguments
