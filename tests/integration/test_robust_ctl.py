"""robust-ctl as people type it, against real brokers: looking, watching, and backups under load."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from broker_process import BrokerProcess
from robustmq_cli.ctl.control_client import ask_broker
from wire import WireClient, code, lasting_properties

DEADLINE = 30.0
LEVEL = code.V5
ON_DISK = {"storage.adapter": "rocksdb", "mqtt.sys_interval": "0s"}
LOGGED = {**ON_DISK, "topics": '[{filter="kept/#", retention="1d"}]'}

Start = Callable[..., BrokerProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a broker on a data directory by its name; at the end all have stopped cleanly."""
    started: list[BrokerProcess] = []

    def one(name: str, settings: dict[str, str]) -> BrokerProcess:
        broker = BrokerProcess(tmp_path / name, settings)
        broker.start()
        started.append(broker)
        if "broker.control" not in settings:
            # Clients can connect a moment before robust-ctl can.
            broker.wait_for_log("control socket")
        return broker

    yield one
    for broker in started:
        if broker.alive():
            broker.stop()


def command(folder: Path, *arguments: str | Path) -> list[str]:
    given = [*map(str, arguments), "--data-dir", str(folder)]
    return [sys.executable, "-m", "robustmq_cli.ctl", *given, "--set", "storage.adapter=rocksdb"]


def ctl(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *arguments), capture_output=True, text=True, timeout=DEADLINE
    )


def lines(folder: Path, *arguments: str | Path) -> list[str]:
    done = ctl(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


class Running:
    """A robust-ctl that goes on until it is interrupted."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            command(folder, *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.unread: dict[bool, bytes] = {False: b"", True: b""}

    def line(self, *, error: bool = False) -> str:
        """The next line of standard output, or of standard error."""
        stream = self.process.stderr if error else self.process.stdout
        assert stream is not None
        while b"\n" not in self.unread[error]:
            ready, _, _ = select.select([stream], [], [], DEADLINE)
            more = os.read(stream.fileno(), 65_536) if ready else b""
            assert more, f"robust-ctl wrote only {self.unread[error]!r}"
            self.unread[error] += more
        line, _, self.unread[error] = self.unread[error].partition(b"\n")
        return line.decode()

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> int:
        try:
            return self.process.wait(DEADLINE)
        finally:
            self.process.kill()
            for stream in (self.process.stdout, self.process.stderr):
                assert stream is not None
                stream.close()


def durable(broker: BrokerProcess, client_id: str, *, clean: bool = False) -> WireClient:
    client = WireClient(broker.address, LEVEL)
    client.connect(client_id, clean=clean, properties=lasting_properties(LEVEL))
    return client


def publish(broker: BrokerProcess, topic: str, *payloads: bytes, retain: bool = False) -> None:
    client = WireClient(broker.address, LEVEL)
    client.connect()
    for payload in payloads:
        client.publish(topic, payload, 1, retain=retain)
    client.disconnect()


class Load(threading.Thread):
    """Publishes numbers at QoS 1 until it is told to stop; `acknowledged` is how many were."""

    def __init__(self, broker: BrokerProcess, topic: str) -> None:
        super().__init__(daemon=True)
        self.client = WireClient(broker.address, LEVEL)
        self.client.connect()
        self.topic = topic
        self.acknowledged = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            self.client.publish(self.topic, b"%d" % self.acknowledged + bytes(500), 1)
            self.acknowledged += 1

    def wait_for(self, count: int) -> None:
        end = time.monotonic() + DEADLINE
        while self.acknowledged < count:
            assert time.monotonic() < end, "the broker does not acknowledge"
            self.over.wait(0.01)

    def stop(self) -> None:
        self.over.set()
        self.join(DEADLINE)
        self.client.disconnect()


def test_a_backup_made_under_load_has_all_that_was_acknowledged(
    start: Start, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    broker = start("one", {**LOGGED, "mqtt.max_queued_messages": "100000"})
    waiting = durable(broker, "waiting", clean=True)
    waiting.subscribe(("kept/load", 1))
    waiting.disconnect()
    publish(broker, "state", b"retained", retain=True)
    load = Load(broker, "kept/load")
    load.start()
    load.wait_for(50)
    before = load.acknowledged
    lines(broker.data_dir, "storage", "export", file)
    after = load.acknowledged
    load.wait_for(after + 1)
    load.stop()
    broker.stop()

    lines(tmp_path / "two", "storage", "import", file)
    restored = start("two", {**LOGGED, "mqtt.max_queued_messages": "100000"})
    logged = lines(restored.data_dir, "storage", "read", "topic/kept/load", "--json")
    assert before <= len(logged) <= after + 1
    waiting = durable(restored, "waiting")
    queued = [int(one.payload.rstrip(b"\0")) for one in waiting.drain()]
    assert queued == list(range(len(logged)))
    waiting.subscribe(("state", 1))
    waiting.receive("state", b"retained")
    waiting.disconnect()


def test_two_backups_of_the_same_state_are_the_same(start: Start, tmp_path: Path) -> None:
    broker = start("one", LOGGED)
    client = durable(broker, "waiting", clean=True)
    client.subscribe(("a/#", 1), ("kept/#", 1))
    client.disconnect()
    publish(broker, "a/b", b"1", b"2", retain=True)
    publish(broker, "kept/b", b"3", b"4")
    lines(broker.data_dir, "storage", "export", tmp_path / "first")
    lines(broker.data_dir, "storage", "export", tmp_path / "second")
    broker.stop()
    lines(broker.data_dir, "storage", "export", tmp_path / "offline")
    lines(tmp_path / "two", "storage", "import", tmp_path / "offline")
    lines(tmp_path / "two", "storage", "export", tmp_path / "copy")
    first = (tmp_path / "first").read_bytes()
    assert first == (tmp_path / "second").read_bytes()
    assert (tmp_path / "offline").read_bytes() == (tmp_path / "copy").read_bytes()


def test_a_broker_in_memory_can_be_backed_up_and_looked_into(start: Start, tmp_path: Path) -> None:
    broker = start("one", {**LOGGED, "storage.adapter": "memory"})
    publish(broker, "kept/a", b"1", b"2")
    assert [line.split()[0] for line in lines(broker.data_dir, "storage", "shards", "topic/")] == [
        "shard",
        "topic/kept/a",
    ]
    lines(broker.data_dir, "storage", "export", tmp_path / "backup")
    lines(tmp_path / "two", "storage", "import", tmp_path / "backup")
    assert len(lines(tmp_path / "two", "storage", "read", "topic/kept/a")) == 2


def test_a_running_broker_is_looked_into_checked_and_compacted(start: Start) -> None:
    broker = start("one", LOGGED)
    publish(broker, "kept/a", b"1", b"2", b"3")
    (shard,) = map(json.loads, lines(broker.data_dir, "storage", "shards", "topic", "--json"))
    assert (shard["name"], shard["start"], shard["end"]) == ("topic/kept/a", 0, 3)
    (usage,) = map(json.loads, lines(broker.data_dir, "storage", "usage", "--json"))
    assert usage["disk_bytes"] > 0
    lines(broker.data_dir, "storage", "check")
    lines(broker.data_dir, "storage", "compact")
    read = ["storage", "read", "topic/kept/a", "--group", "g", "--count", "2"]
    assert [line.split()[0] for line in lines(broker.data_dir, *read)] == ["0", "1"]
    assert [line.split()[0] for line in lines(broker.data_dir, *read)] == ["2"]
    assert lines(broker.data_dir, "groups", "lag", "g")[1].split() == [
        "topic/kept/a",
        *("3", "0", "3", "0"),
    ]
    publish(broker, "kept/a", b"4")


def test_messages_are_watched_live(start: Start) -> None:
    broker = start("one", LOGGED)
    tail = Running(broker.data_dir, "topic", "tail", "a/#", "--count", "2")
    assert tail.line(error=True) == "watching a/#"
    publish(broker, "other", b"not this")
    publish(broker, "a/b", b"text", b"\xff\x00")
    assert tail.line().split("  ")[1:] == ["1", "-", "a/b", "text"]
    assert tail.line().split("  ")[1:] == ["1", "-", "a/b", "0xff00"]
    assert tail.end() == 0


def test_the_past_is_watched_before_the_present(start: Start) -> None:
    broker = start("one", LOGGED)
    publish(broker, "kept/0", b"1", b"2")
    publish(broker, "kept/1", b"3", b"4")
    tail = Running(broker.data_dir, "topic", "tail", "kept/+", "--from", "earliest", "--json")
    shown = [json.loads(tail.line()) for _ in range(4)]
    # The broker's clock has ten ticks a second: all may be of the same moment.
    assert [one["payload"] for one in sorted(shown, key=lambda one: str(one["topic"]))] == [
        *("1", "2", "3", "4"),
    ]
    publish(broker, "kept/0", b"now")
    assert json.loads(tail.line())["payload"] == "now"
    assert tail.interrupt() == 130


def test_following_a_log_ends_with_ctrl_c(start: Start) -> None:
    broker = start("one", LOGGED)
    publish(broker, "kept/a", b"1")
    follow = Running(broker.data_dir, "storage", "read", "topic/kept/a", "--follow", "--json")
    assert json.loads(follow.line())["offset"] == 0
    publish(broker, "kept/a", b"2")
    assert json.loads(follow.line())["offset"] == 1
    assert follow.interrupt() == 130


def test_watchers_that_are_killed_leave_nothing(start: Start) -> None:
    broker = start("one", LOGGED)
    path = broker.data_dir / "control.sock"
    for _ in range(40):
        # More than there may be at the same time.
        answers = ask_broker(path, "topic.tail", {"filter": "#"})
        next(answers)
        answers.close()
    publish(broker, "a", b"1")


def test_a_broker_that_stops_ends_its_watchers(start: Start) -> None:
    broker = start("one", LOGGED)
    tail = Running(broker.data_dir, "topic", "tail", "#")
    assert tail.line(error=True) == "watching #"
    broker.stop()
    assert "has ended before" in tail.line(error=True)
    assert tail.end() == 74
    assert not (broker.data_dir / "control.sock").exists()


def test_a_broker_that_was_killed_can_be_started_again(start: Start) -> None:
    broker = start("one", LOGGED)
    broker.kill()
    assert (broker.data_dir / "control.sock").exists()
    assert lines(broker.data_dir, "groups", "list", "--json") == []
    again = start("one", LOGGED)
    assert lines(again.data_dir, "groups", "list", "--json") == []


def test_without_a_control_socket_the_reason_is_told(start: Start, tmp_path: Path) -> None:
    off = start("off", {**LOGGED, "broker.control": "false"})
    done = ctl(off.data_dir, "storage", "shards")
    assert done.returncode == 74
    assert f"robust-server with pid {off.pid} is running on" in done.stderr
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    unsafe = start("open", LOGGED)
    record = unsafe.wait_for_log("there is no control socket")
    assert "chmod go-w" in record["reason"]
    assert ctl(unsafe.data_dir, "storage", "shards").returncode == 74
    publish(unsafe, "a", b"served all the same")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_kept_out(start: Start, tmp_path: Path) -> None:
    broker = start("one", LOGGED)
    path = broker.data_dir / "control.sock"
    for folder in (broker.data_dir, *broker.data_dir.parents):
        if tmp_path.parent.parent in (folder, *folder.parents):
            folder.chmod(0o755)
    program = (
        "import os, sys; from robustmq_cli.ctl import control_client; from pathlib import Path\n"
    )
    program += (
        "os.setuid(65534); list(control_client.ask_broker(Path(sys.argv[1]), 'groups.list', {}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=DEADLINE
    )
    assert "belongs to another user" in done.stderr


def test_the_socket_takes_requests_by_hand(start: Start) -> None:
    broker = start("one", LOGGED)
    answers: list[dict[str, Any]] = list(
        ask_broker(broker.data_dir / "control.sock", "storage.usage", {})
    )
    assert answers[0]["adapter"] == "rocksdb"
