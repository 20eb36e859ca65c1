"""[A] robust-server stop: end the broker of a data directory."""

import time
from pathlib import Path
from typing import Annotated

import typer

from robustmq_cli import configuration, instance, processes
from robustmq_cli.reporting import errors_told
from robustmq_cli.server import options
from robustmq_common.errors import WorldError


def stop(
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="How long it may take to end.")
    ] = 10.0,
) -> None:
    """Stop the broker of a data directory.

    Returns once it has ended. If none is running, that is fine: the exit code is 0.
    """
    with errors_told():
        given = options.given(config, data_dir, overrides)
        _stop(configuration.data_dir(configuration.preliminary(given, strict=("broker",))), timeout)


def _stop(folder: Path, timeout: float) -> None:
    server = instance.running(folder)
    if server is None:
        print(f"robust-server is not running on the data directory {folder}")
        return
    pid = server.pid
    if not pid:
        raise WorldError(
            f"a robust-server is running on {folder}, but {folder / instance.PID_FILE} does not "
            "say which; it may only just have started: try again"
        )

    def still_it() -> bool:
        now = instance.running(folder)
        return now is not None and now.pid == pid

    begun = time.monotonic()
    if not processes.terminate(pid, still_it, timeout):
        raise WorldError(
            f"robust-server with pid {pid} has not ended within {timeout:g} s of being asked to; "
            f"wait for it, or end it by force: kill -9 {pid}"
        )
    print(f"robust-server with pid {pid} has ended after {time.monotonic() - begun:.1f} s")
