"""The holder of a data directory is another process here: a lock does not keep out its owner."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from robustmq_cli import instance
from robustmq_cli.instance import ListenerState
from robustmq_common.errors import CallerError, WorldError

HOLDER = """
import sys
from pathlib import Path
from robustmq_cli import instance
folder = Path(sys.argv[1])
with instance.hold(folder):
    if sys.argv[2] == "ready":
        listener = instance.ListenerState("tcp", "mqtt", "tcp", "127.0.0.1:1883")
        instance.write_state(folder, [listener])
    print("held", flush=True)
    sys.stdin.read()
"""


class Holder:
    """Another process that holds a data directory until it is told to let go."""

    def __init__(self, folder: Path, mode: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(folder), mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "held\n"

    def end(self) -> None:
        self.process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    instance.prepare(path)
    return path


@pytest.fixture
def holder(folder: Path, request: pytest.FixtureRequest) -> Iterator[Holder]:
    held = Holder(folder, getattr(request, "param", "ready"))
    yield held
    held.end()


def test_a_data_directory_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    instance.prepare(folder)
    instance.prepare(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_cannot_be_a_data_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorldError, match="file cannot be used: it is a file; choose another"):
        instance.prepare(tmp_path / "file")
    with pytest.raises(WorldError, match="cannot be used: not a directory; choose another"):
        instance.prepare(tmp_path / "file" / "below")
    with (
        pytest.raises(WorldError, match="cannot be used: no such file or directory"),
        instance.hold(tmp_path / "missing"),
    ):
        pass


def test_nobody_runs_where_nothing_is(tmp_path: Path) -> None:
    assert instance.running(tmp_path) is None
    assert instance.running(tmp_path / "missing") is None


def test_a_held_directory_has_a_server(folder: Path, holder: Holder) -> None:
    server = instance.running(folder)
    assert server is not None
    assert server.pid == holder.process.pid
    assert server.state is not None
    assert server.state.listeners == [ListenerState("tcp", "mqtt", "tcp", "127.0.0.1:1883")]
    assert (folder / instance.PID_FILE).read_text() == f"{holder.process.pid}\n"


@pytest.mark.parametrize("holder", ["starting"], indirect=True)
def test_a_server_that_is_not_ready_has_no_state(folder: Path, holder: Holder) -> None:
    assert instance.running(folder) == instance.Running(holder.process.pid, None)


def test_the_second_server_is_told_of_the_first(folder: Path, holder: Holder) -> None:
    expected = f"a robust-server with pid {holder.process.pid} is already running .*{folder}"
    with pytest.raises(CallerError, match=expected), instance.hold(folder):
        pass


def test_files_go_with_the_server(folder: Path, holder: Holder) -> None:
    holder.end()
    assert list(folder.iterdir()) == []
    assert instance.running(folder) is None
    with instance.hold(folder):
        assert (folder / instance.PID_FILE).read_text() == f"{os.getpid()}\n"
    assert list(folder.iterdir()) == []


def test_files_of_a_killed_server_do_not_count(folder: Path, holder: Holder) -> None:
    holder.process.send_signal(signal.SIGKILL)
    holder.end()
    assert (folder / instance.PID_FILE).exists()
    assert instance.running(folder) is None
    again = Holder(folder, "starting")
    assert instance.running(folder) == instance.Running(again.process.pid, None)
    again.end()


def test_a_longer_pid_leaves_nothing_behind(folder: Path) -> None:
    (folder / instance.PID_FILE).write_text("123456789012\n")
    with instance.hold(folder):
        assert (folder / instance.PID_FILE).read_text() == f"{os.getpid()}\n"


def test_a_held_directory_without_a_pid_is_still_held(folder: Path, holder: Holder) -> None:
    (folder / instance.PID_FILE).write_text("")
    server = instance.running(folder)
    assert server == instance.Running(0, None)
    with (
        pytest.raises(CallerError, match="another robust-server is already"),
        instance.hold(folder),
    ):
        pass


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"pid": 1}', '{"pid": 1, "started": 0, "listeners": 3}']
)
def test_a_damaged_state_is_told(folder: Path, holder: Holder, text: str) -> None:
    (folder / instance.STATE_FILE).write_text(text)
    with pytest.raises(WorldError, match=r"robust-server\.json is damaged .*; remove it"):
        instance.running(folder)


def test_a_state_that_cannot_be_written_is_told(folder: Path) -> None:
    (folder / f"{instance.STATE_FILE}.new").mkdir()
    with pytest.raises(WorldError, match=r"cannot write .*robust-server\.json: is a directory"):
        instance.write_state(folder, [])


def test_the_state_is_one_json_object(folder: Path) -> None:
    instance.write_state(folder, [ListenerState("a", "mqtt", "tcp", "[::1]:1")])
    state = json.loads((folder / instance.STATE_FILE).read_text())
    assert state["pid"] == os.getpid()
    assert state["listeners"] == [
        {"name": "a", "protocol": "mqtt", "transport": "tcp", "address": "[::1]:1"}
    ]
