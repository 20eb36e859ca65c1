import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from robustmq_cli import instance
from robustmq_cli.instance import ListenerState
from robustmq_cli.server import app


def status(folder: Path) -> Result:
    return CliRunner().invoke(app, ["status", "--data-dir", str(folder)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    instance.prepare(tmp_path)
    return tmp_path


def test_not_running_is_three(folder: Path) -> None:
    result = status(folder)
    expected = f"robust-server is not running on the data directory {folder}\n"
    assert (result.exit_code, result.stdout) == (3, expected)


def test_starting_is_four(folder: Path) -> None:
    with instance.hold(folder):
        result = status(folder)
    expected = f"robust-server is starting with pid {os.getpid()}\n"
    assert (result.exit_code, result.stdout) == (4, expected)


def test_running_is_zero_with_all_that_listens(folder: Path) -> None:
    with instance.hold(folder):
        instance.write_state(folder, [ListenerState("tcp", "mqtt", "tcp", "127.0.0.1:1883")])
        result = status(folder)
    first, second = result.stdout.splitlines()
    assert result.exit_code == 0
    assert first.startswith(f"robust-server is running with pid {os.getpid()} for ")
    assert second == "  tcp  mqtt over tcp  127.0.0.1:1883"


def test_other_settings_do_not_matter(folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "broker.toml"
    config.write_text(f'[broker]\ndata_dir = "{folder}"\n[unknown]\nx = 1\n')
    result = CliRunner().invoke(app, ["status", "--config", str(config), "--set", "log.level=x"])
    assert result.exit_code == 3
    assert str(folder) in result.stdout
