import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from robustmq_cli import instance, processes
from robustmq_cli.server import app


def stop(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["stop", "--data-dir", str(folder), *arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    instance.prepare(tmp_path)
    return tmp_path


def test_nothing_to_stop_is_fine(folder: Path) -> None:
    result = stop(folder)
    expected = f"robust-server is not running on the data directory {folder}\n"
    assert (result.exit_code, result.stdout) == (0, expected)


@pytest.mark.parametrize(("ends", "code"), [(True, 0), (False, 74)])
def test_it_says_how_it_went(
    folder: Path, monkeypatch: pytest.MonkeyPatch, ends: bool, code: int
) -> None:
    asked: list[tuple[int, bool, float]] = []

    def terminate(pid: int, still_it: object, seconds: float) -> bool:
        assert callable(still_it)
        asked.append((pid, still_it(), seconds))
        return ends

    monkeypatch.setattr(processes, "terminate", terminate)
    with instance.hold(folder):
        result = stop(folder, "--timeout", "3")
    pid = os.getpid()
    assert asked == [(pid, True, 3.0)]
    assert result.exit_code == code
    if ends:
        assert result.stdout.startswith(f"robust-server with pid {pid} has ended after ")
    else:
        assert result.stderr == (
            f"error: robust-server with pid {pid} has not ended within 3 s of being asked to; "
            f"wait for it, or end it by force: kill -9 {pid}\n"
        )


def test_another_server_since_then_is_not_meant(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def terminate(pid: int, still_it: object, seconds: float) -> bool:
        assert callable(still_it)
        (folder / instance.PID_FILE).write_text("1\n")
        assert not still_it()
        return True

    monkeypatch.setattr(processes, "terminate", terminate)
    with instance.hold(folder):
        assert stop(folder).exit_code == 0


def test_a_server_whose_pid_nobody_knows(folder: Path) -> None:
    with instance.hold(folder):
        (folder / instance.PID_FILE).write_text("")
        result = stop(folder)
    assert result.exit_code == 74
    assert "does not say which; it may only just have started: try again" in result.stderr


def test_a_wrong_data_directory_is_not_replaced_by_the_default(folder: Path) -> None:
    result = CliRunner().invoke(app, ["stop", "--set", "broker.data_dir=~/x"])
    assert result.exit_code == 78
    assert "error: broker.data_dir" in result.stderr
