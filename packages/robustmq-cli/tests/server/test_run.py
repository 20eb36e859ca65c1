"""The command around the broker, with a broker that only says what it was given."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from robustmq_broker import app as broker
from robustmq_cli import instance
from robustmq_cli.readiness import Report, wait_for_report
from robustmq_cli.server import app
from robustmq_cli.server import run as run_module
from robustmq_common.config import Settings
from robustmq_common.errors import ListenError
from robustmq_common.plugins.registry import Registry

LISTENER = ["--set", "listeners.x.protocol=mqtt", "--set", "listeners.x.bind=127.0.0.1:0"]

Broker = Callable[[Settings, Registry, Any], int]
Command = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    # The log is the process's, which is the tests' own here.
    monkeypatch.setattr(run_module, "set_up_logging", lambda **_: None)

    def run(serve: Broker, *arguments: str) -> Result:
        monkeypatch.setattr(broker, "run", serve)
        return CliRunner().invoke(app, ["run", "--data-dir", str(folder), *arguments])

    return run


def unused(*_: Any) -> int:
    raise AssertionError("the broker was run")


def test_the_exit_code_is_the_brokers(command: Command) -> None:
    assert command(lambda *_: 0).exit_code == 0
    assert command(lambda *_: 5).exit_code == 5


def test_the_broker_gets_its_settings_in_a_data_directory_it_holds(
    command: Command, folder: Path
) -> None:
    seen: list[Any] = []

    def serve(settings: Settings, registry: Registry, ready: Any) -> int:
        seen.append((settings.section("broker").data_dir, settings.section("log").level))
        seen.append((folder / instance.PID_FILE).read_text())
        return 0

    assert command(serve, "--set", "log.level=debug").exit_code == 0
    assert seen == [(str(folder), "debug"), f"{os.getpid()}\n"]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("bound", "address"), [({"x": "127.0.0.1:4711"}, "127.0.0.1:4711"), (None, "127.0.0.1:0")]
)
def test_readiness_is_written_down_and_reported(
    command: Command, folder: Path, bound: dict[str, str] | None, address: str
) -> None:
    seen: list[Any] = []
    reading, writing = os.pipe()

    def serve(settings: Settings, registry: Registry, ready: Any) -> int:
        ready(*([] if bound is None else [bound]))
        state = json.loads((folder / instance.STATE_FILE).read_text())
        seen.extend(one for one in state["listeners"] if one["name"] == "x")
        return 0

    result = command(
        serve,
        "--ready-descriptor",
        str(writing),
        *LISTENER,
        "--set",
        "listeners.y.enabled=false",
        "--set",
        "listeners.y.protocol=mqtt",
        "--set",
        "listeners.y.bind=[::1]:1",
    )
    assert result.exit_code == 0, result.stderr
    assert seen == [{"name": "x", "protocol": "mqtt", "transport": "tcp", "address": address}]
    assert wait_for_report(reading, 5) == Report(ready=True)
    os.close(reading)


def test_every_configuration_problem_is_a_line(command: Command, folder: Path) -> None:
    result = command(unused, "--set", "log.level=loud", "--set", "x.y=1")
    assert result.exit_code == 78
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("error: x.y = 1 (--set): unknown section")
    assert lines[1].startswith('error: log.level = "loud" (--set): expected one of')
    assert not folder.exists()


def test_a_broker_that_cannot_start_is_one_line(command: Command) -> None:
    def serve(*_: Any) -> int:
        raise ListenError("listener 'tcp' cannot listen on 127.0.0.1:1: it is taken")

    reading, writing = os.pipe()
    result = command(serve, "--ready-descriptor", str(writing))
    expected = "listener 'tcp' cannot listen on 127.0.0.1:1: it is taken"
    assert (result.exit_code, result.stderr) == (69, f"error: {expected}\n")
    assert wait_for_report(reading, 5) == Report(error=expected, exit_code=69)
    os.close(reading)


def test_a_bug_is_told_with_its_traceback(command: Command) -> None:
    def serve(*_: Any) -> int:
        raise KeyError("oops")

    result = command(serve)
    assert result.exit_code == 70
    assert "Traceback" in result.stderr
    assert "a bug in RobustMQ" in result.stderr.splitlines()[-1]


def test_two_brokers_do_not_share_a_data_directory(command: Command, folder: Path) -> None:
    inner: list[Result] = []

    def serve(*_: Any) -> int:
        inner.append(command(unused))
        return 0

    assert command(serve).exit_code == 0
    assert inner[0].exit_code == 64
    assert f"a robust-server with pid {os.getpid()} is already running" in inner[0].stderr
    assert str(folder) in inner[0].stderr


def test_the_help_does_not_mention_what_only_start_uses() -> None:
    result = CliRunner().invoke(app, ["run", "--help"])
    assert "--set SECTION.KEY=VALUE" in result.stdout
    assert "descriptor" not in result.stdout
