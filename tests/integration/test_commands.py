"""robust-server as people type it: real processes, real brokers, every message as it is printed."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from robustmq_cli import instance

Server = Callable[..., subprocess.CompletedProcess[str]]

COMMAND = [sys.executable, "-m", "robustmq_cli.server"]
ANY_PORT = ["--set", "listeners.tcp.bind=127.0.0.1:0"]
DEADLINE = 30.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(tmp_path: Path, folder: Path) -> Iterator[Server]:
    """Runs one command of robust-server in an empty folder; at the end nothing is left running."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments, "--data-dir", str(folder)],
            cwd=elsewhere,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )

    yield run
    left = instance.running(folder)
    if left is not None:
        os.kill(left.pid, signal.SIGKILL)


def running(folder: Path) -> instance.Running:
    server = instance.running(folder)
    assert server is not None
    return server


def address(folder: Path) -> tuple[str, int]:
    """Where the listener called tcp really listens."""
    state = running(folder).state
    assert state is not None
    (listener,) = [one for one in state.listeners if one.name == "tcp"]
    host, _, port = listener.address.rpartition(":")
    return host, int(port)


def wait_until_gone(pid: int) -> None:
    descriptor = os.pidfd_open(pid)
    try:
        assert select.select([descriptor], [], [], DEADLINE)[0], f"process {pid} is still there"
    finally:
        os.close(descriptor)


def test_start_status_stop(server: Server, folder: Path) -> None:
    started = server("start", *ANY_PORT)
    assert started.returncode == 0, started.stderr
    pid = running(folder).pid
    host, port = address(folder)
    with socket.create_connection((host, port), DEADLINE):
        pass
    assert started.stdout.splitlines() == [
        f"robust-server is running with pid {pid}",
        f"  tcp  mqtt over tcp  {host}:{port}",
        f"log: {folder / 'robust-server.log'}",
    ]
    assert started.stderr == ""

    status = server("status")
    assert status.returncode == 0
    first, second = status.stdout.splitlines()
    assert re.fullmatch(rf"robust-server is running with pid {pid} for \d+s", first)
    assert second == f"  tcp  mqtt over tcp  {host}:{port}"

    stopped = server("stop")
    assert stopped.returncode == 0, stopped.stderr
    assert re.fullmatch(rf"robust-server with pid {pid} has ended after \d\.\d s\n", stopped.stdout)
    assert server("status").returncode == 3
    assert sorted(path.name for path in folder.iterdir()) == ["robust-server.log", "rocksdb"]


def test_a_broker_in_the_background_has_a_session_and_a_folder_of_its_own(
    server: Server, folder: Path
) -> None:
    server("start", *ANY_PORT)
    pid = running(folder).pid
    assert os.getsid(pid) == pid
    assert folder.stat().st_mode & 0o777 == 0o700
    files = {path.name: path.stat().st_mode & 0o077 for path in folder.iterdir()}
    assert files["robust-server.log"] == files["robust-server.pid"] == 0


@pytest.mark.parametrize("again", ["start", "run"])
def test_a_second_broker_on_the_same_data_is_refused(
    server: Server, folder: Path, again: str
) -> None:
    server("start", *ANY_PORT)
    pid = running(folder).pid
    second = server(again, *ANY_PORT)
    assert second.returncode == 64
    assert second.stdout == ""
    assert second.stderr == (
        f"error: a robust-server with pid {pid} is already running on the data directory {folder}; "
        f"stop it with `robust-server stop --data-dir {folder}`, "
        "or choose another with --data-dir\n"
    )
    assert running(folder).pid == pid


def test_what_a_killed_broker_left_does_not_matter(server: Server, folder: Path) -> None:
    server("start", *ANY_PORT)
    first = running(folder).pid
    os.kill(first, signal.SIGKILL)
    wait_until_gone(first)
    assert (folder / "robust-server.pid").exists()
    assert server("status").returncode == 3
    assert server("stop").returncode == 0
    assert server("start", *ANY_PORT).returncode == 0
    assert running(folder).pid != first


def test_a_port_that_is_taken_is_told_by_start(server: Server, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        failed = server("start", "--set", f"listeners.tcp.bind={bind}")
    assert failed.returncode == 69
    error, where = failed.stderr.splitlines()
    assert error.startswith("error: ")
    assert bind in error
    assert where == f"robust-server did not start; its log is {folder / 'robust-server.log'}"
    assert server("status").returncode == 3


WRONG = {
    "listeners.tcp.bind=0.0.0.0:0": r'listeners\.tcp\.bind = "0\.0\.0\.0:0": other machines',
    "listeners.tcp.bnid=1": r'.* unknown key; did you mean "listeners\.tcp\.bind"\?',
    "storage.adapter=stone": r'storage\.adapter = "stone": there is none of this name',
    "log.file=/missing/x.log": r"log\.file = .*: cannot write there: no such file",
}


@pytest.mark.parametrize(
    ("command", "setting"), [*(("run", one) for one in WRONG), ("start", "storage.adapter=stone")]
)
def test_a_wrong_setting_is_one_clear_line(server: Server, command: str, setting: str) -> None:
    failed = server(command, *ANY_PORT, "--set", setting)
    assert failed.returncode == 78
    lines = failed.stderr.splitlines()
    assert re.match(f"error: {WRONG[setting]}", lines[0])
    assert len(lines) == (1 if command == "run" else 2)
    assert failed.stdout == ""


def test_a_folder_that_cannot_be_one(server: Server, folder: Path) -> None:
    folder.write_text("")
    for command in ("run", "start"):
        failed = server(command, *ANY_PORT)
        assert failed.returncode == 74
        assert failed.stderr == (
            f"error: the data directory {folder} cannot be used: it is a file; "
            "choose another with --data-dir\n"
        )
    assert server("status").returncode == 3


class Foreground:
    """`robust-server run`, with its log as JSON."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "run", "--data-dir", str(folder), *ANY_PORT, *arguments],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def lines_to(self, event: str) -> list[str]:
        """The lines of the log up to one that has the event in it."""
        assert self.process.stderr is not None
        lines = []
        for line in self.process.stderr:
            lines.append(line)
            if event in line:
                return lines
        raise AssertionError(f"{event!r} is not in the log: {lines}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_broker_in_the_foreground(folder: Path, number: signal.Signals) -> None:
    with Foreground(folder) as broker:
        broker.lines_to("broker started")
        begun = time.monotonic()
        broker.process.send_signal(number)
        _, rest = broker.process.communicate(timeout=DEADLINE)
        assert broker.process.returncode == 0
        assert time.monotonic() - begun < 5
        assert "Traceback" not in rest
    assert [path.name for path in folder.iterdir()] == ["rocksdb"]


def test_the_log_is_text_or_json(folder: Path) -> None:
    with Foreground(folder) as broker:
        line = broker.lines_to("listener started")[-1]
        assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z info +listener started +listener=tcp ", line)
    with Foreground(folder, "--set", "log.format=json") as broker:
        records = [json.loads(line) for line in broker.lines_to("broker started")]
    started = {record["event"]: record for record in records}
    assert started["listener started"]["address"].startswith("127.0.0.1:")
    assert started["listener started"]["storage"] == "rocksdb"
    assert started["broker started"]["implementation"].startswith(("compiled", "plain"))


def test_the_log_may_go_to_a_file(server: Server, folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "broker.log"
    started = server("start", *ANY_PORT, "--set", f"log.file={log}")
    assert started.stdout.splitlines()[-1] == f"log: {log}"
    assert "broker started" in log.read_text()
    assert (folder / "robust-server.log").read_text() == ""


def test_a_broker_in_the_foreground_is_found_too(server: Server, folder: Path) -> None:
    with Foreground(folder) as broker:
        broker.lines_to("broker started")
        pid = broker.process.pid
        stopped = server("stop")
        assert stopped.stdout.startswith(f"robust-server with pid {pid} has ended")
        assert broker.process.wait(DEADLINE) == 0


def test_settings_come_from_file_environment_and_options(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "broker.toml"
    config.write_text('[listeners.tcp]\nbind = "127.0.0.1:1"\n[log]\nlevel = "error"\n')
    monkeypatch.setenv("ROBUSTMQ_LOG__LEVEL", "warning")
    shown = server("config", "show", "--config", str(config), *ANY_PORT)
    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in shown.stdout.splitlines()}
    assert rows["listeners.tcp.bind"] == ['"127.0.0.1:0"', "--set"]
    assert rows["log.level"] == ['"warning"', "environment ROBUSTMQ_LOG__LEVEL"]
    assert rows["mqtt.max_packet_size"] == ['"1MB"', "default"]
    monkeypatch.delenv("ROBUSTMQ_LOG__LEVEL")
    shown = server("config", "show", "--config", str(config))
    assert f'"error"                 file {config}:4' in re.sub(" {23,}", " " * 17, shown.stdout)


def test_what_is_shown_as_toml_is_a_configuration(server: Server, tmp_path: Path) -> None:
    settings = ["--set", "mqtt.session_expiry_interval=90s", "--set", "log.level=debug"]
    config = tmp_path / "again.toml"
    config.write_text(server("config", "show", "--format", "toml", *settings).stdout)
    again = server("config", "show", "--format", "json", "--config", str(config)).stdout
    first = server("config", "show", "--format", "json", *settings).stdout
    assert {path: one["value"] for path, one in json.loads(again).items()} == {
        path: one["value"] for path, one in json.loads(first).items()
    }


def test_the_version_tells_the_form() -> None:
    shown = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True)
    assert shown.returncode == 0
    assert re.fullmatch(
        r"robust-server \d+\.\d+\.\d+ \((compiled|plain|mixed: .*)\)\n", shown.stdout
    )


def test_a_wrong_command_line_says_what_there_is() -> None:
    shown = subprocess.run([*COMMAND, "strat"], capture_output=True, text=True)
    assert shown.returncode == 2
    assert "strat" in shown.stderr
    shown = subprocess.run([*COMMAND, "run", "--port", "1"], capture_output=True, text=True)
    assert shown.returncode == 2
    assert "--port" in shown.stderr


def test_an_interrupted_start_leaves_no_broker(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    # A log that nobody reads: the broker is held up as it starts.
    fifo = folder / "slow.log"
    os.mkfifo(fifo)
    starting = subprocess.Popen(
        [*COMMAND, "start", *ANY_PORT, "--data-dir", str(folder), "--set", f"log.file={fifo}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + DEADLINE
    while not (children := _children(starting.pid)):
        assert time.monotonic() < deadline
    starting.send_signal(signal.SIGINT)
    starting.communicate(timeout=DEADLINE)
    assert starting.returncode == 130
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(one) for one in found.split()]
