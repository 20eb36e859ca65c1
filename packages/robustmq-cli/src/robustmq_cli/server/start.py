"""[A] robust-server start: a broker in the background."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from robustmq_cli import configuration, instance, processes
from robustmq_cli.readiness import Report, wait_for_report
from robustmq_cli.reporting import errors_told, listener_lines, tell_errors
from robustmq_cli.server import options
from robustmq_common.errors import CallerError, WorldError

_STOP_SECONDS: Final = 5.0
_SHOWN_LINES: Final = 5


def start(
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="How long it may take to start.")
    ] = 30.0,
) -> None:
    """Start a broker in the background.

    Returns once it accepts connections, or says why it does not. The log is robust-server.log in
    the data directory, unless log.file says otherwise.
    """
    with errors_told():
        given = options.given(config, data_dir, overrides)
        first = configuration.preliminary(given, strict=("broker",))
        folder = configuration.data_dir(first)
        other = instance.running(folder)
        if other is not None:
            raise CallerError(instance.in_use(folder, other.pid))
        instance.prepare(folder)
        _start(given, folder, first.section("log").file, timeout)


def _start(given: configuration.Given, folder: Path, log_file: str | None, timeout: float) -> None:
    log_path = folder / instance.LOG_FILE
    log = processes.open_log(log_path)
    reading, writing = os.pipe()
    log_start = os.lseek(log, 0, os.SEEK_END)
    arguments = ["run", "--ready-descriptor", str(writing), *options.as_arguments(given)]
    child = None
    try:
        try:
            with processes.interrupts_held():
                child = processes.spawn("robustmq_cli.server", arguments, log, writing)
        finally:
            os.close(writing)
            os.close(log)
        report = wait_for_report(reading, timeout)
    except BaseException:
        if child is not None:
            _end(child)
        raise
    finally:
        os.close(reading)
    if report.ready:
        server = instance.running(folder)
        if server is None or server.state is None:
            _wait_or_end(child)
            raise WorldError(f"robust-server started, but ended at once; its log is {log_path}")
        _tell_ready(server.pid, server.state, log_file or str(log_path))
        return
    code = _tell_failure(child, report, log_path, log_start, timeout)
    raise typer.Exit(code)


def _tell_ready(pid: int, state: instance.State, log: str) -> None:
    print(f"robust-server is running with pid {pid}")
    for line in listener_lines(state.listeners):
        print(line)
    print(f"log: {log}")


def _tell_failure(
    child: subprocess.Popen[bytes], report: Report, log_path: Path, log_start: int, timeout: float
) -> int:
    """Say why there is no server, make sure that there is none, and return the exit code."""
    if report.timed_out:
        _end(child)
        tell_errors(f"robust-server was not ready within {timeout:g} s and was ended")
    elif report.error:
        _wait_or_end(child)
        tell_errors(report.error)
    else:
        tell_errors(f"robust-server {processes.ending(_wait_or_end(child))} while starting")
    if not report.error:
        for line in processes.tail(log_path, log_start, _SHOWN_LINES):
            print(f"  {line}", file=sys.stderr)
    print(f"robust-server did not start; its log is {log_path}", file=sys.stderr)
    return report.exit_code or WorldError.exit_code


def _wait_or_end(child: subprocess.Popen[bytes]) -> int:
    try:
        return child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        return _end(child)


def _end(child: subprocess.Popen[bytes]) -> int:
    """Stop a server that is not wanted any more, gently first."""
    child.terminate()
    try:
        return child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()
