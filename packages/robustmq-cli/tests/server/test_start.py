"""What start says when there is no broker in the end; with one, see tests/integration."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from robustmq_cli import instance, processes
from robustmq_cli.server import app

SILENT = "raise SystemExit(print('last words', file=sys.stderr) or 9)"
KILLED = "os.kill(os.getpid(), signal.SIGKILL)"
HANGING = "print('still busy', flush=True); time.sleep(600)"
LYING = "os.write(int(sys.argv[3]), b'{\"ready\": true}')"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def start(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["start", "--data-dir", str(folder), *arguments])


def instead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    """Have start run other code than robust-server."""
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "instead.py").write_text(f"import os, signal, sys, time\n{code}\n")
    monkeypatch.setenv("PYTHONPATH", str(modules))
    spawn = processes.spawn
    monkeypatch.setattr(processes, "spawn", lambda _, *rest: spawn("instead", *rest))


def test_errors_of_the_broker_are_told_here(folder: Path) -> None:
    result = start(folder, "--set", "log.level=loud", "--set", "x.y=1")
    assert result.exit_code == 78
    log = folder / instance.LOG_FILE
    lines = result.stderr.splitlines()
    assert lines[0].startswith("error: x.y = 1 (--set): unknown section")
    assert lines[1].startswith('error: log.level = "loud"')
    assert lines[2:] == [f"robust-server did not start; its log is {log}"]
    assert log.read_text().splitlines() == lines[:2]
    assert result.stdout == ""


def test_what_concerns_start_itself_leaves_no_trace(folder: Path) -> None:
    result = start(folder, "--config", "missing.toml")
    expected = "error: missing.toml: there is no such configuration file\n"
    assert (result.exit_code, result.stderr) == (78, expected)
    assert not folder.exists()


def test_a_data_directory_in_use_is_refused_with_the_pid(folder: Path) -> None:
    instance.prepare(folder)
    with instance.hold(folder):
        result = start(folder)
    assert result.exit_code == 64
    assert "is already running on the data directory" in result.stderr
    assert not (folder / instance.LOG_FILE).exists()


@pytest.mark.parametrize(
    ("code", "words", "shown"),
    [
        (SILENT, "ended with exit code 9 while starting", "  last words"),
        (KILLED, "was ended by SIGKILL while starting", None),
    ],
)
def test_a_broker_that_ends_without_a_word(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    words: str,
    shown: str | None,
) -> None:
    instead(monkeypatch, tmp_path, code)
    result = start(folder)
    assert result.exit_code == 74
    first, *middle, last = result.stderr.splitlines()
    assert first == f"error: robust-server {words}"
    assert middle == ([] if shown is None else [shown])
    assert last == f"robust-server did not start; its log is {folder / instance.LOG_FILE}"


def test_a_broker_that_takes_too_long_is_ended(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, tmp_path, HANGING)
    result = start(folder, "--timeout", "1")
    assert result.exit_code == 74
    assert "error: robust-server was not ready within 1 s and was ended" in result.stderr


def test_a_broker_that_is_gone_once_it_is_ready(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, tmp_path, LYING)
    result = start(folder)
    assert result.exit_code == 74
    assert "robust-server started, but ended at once; its log is" in result.stderr


def test_only_new_lines_of_the_log_are_shown(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.prepare(folder)
    (folder / instance.LOG_FILE).write_text("from last week\n")
    instead(monkeypatch, tmp_path, SILENT)
    assert "from last week" not in start(folder).stderr
