"""[A] robust-server status: whether a broker is running, and where it listens."""

import time
from typing import Final

import typer

from robustmq_cli import configuration, instance
from robustmq_cli.reporting import elapsed, errors_told, listener_lines
from robustmq_cli.server import options

NOT_RUNNING: Final = 3
NOT_READY: Final = 4
"""Exit codes as in the Linux Standard Base, where 4 is "unknown"."""


def status(
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
) -> None:
    """Say whether a broker is running.

    If so: since when, and where it listens. The exit code is 0 if it is running, 3 if not, 4 if it
    is only just starting.
    """
    with errors_told():
        given = options.given(config, data_dir, overrides)
        folder = configuration.data_dir(configuration.preliminary(given, strict=("broker",)))
        server = instance.running(folder)
        if server is None:
            print(f"robust-server is not running on the data directory {folder}")
            raise typer.Exit(NOT_RUNNING)
        if server.state is None:
            print(f"robust-server is starting with pid {server.pid}")
            raise typer.Exit(NOT_READY)
        since = elapsed(time.time() - server.state.started)
        print(f"robust-server is running with pid {server.pid} for {since}")
        for line in listener_lines(server.state.listeners):
            print(line)
