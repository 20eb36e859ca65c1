"""A broker as a real process, for tests.

`BrokerProcess` starts ``robust-server run`` on a free port, reads its JSON log, and stops it; a
traceback in the log fails whoever stops it. `BrokerPool` keeps one process per set of settings, so
that tests share brokers: client ids and topics must be unique to a test (`wire.unique_id`).
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

START_DEADLINE = 30.0
"""Seconds a broker may take to listen; generous, for machines that run other things."""

STOP_DEADLINE = 5.0
"""Seconds from SIGTERM to exit that the broker promises."""

LogRecord = dict[str, Any]


class BrokerWith(Protocol):
    """Gives the shared broker of some settings, and of a folder of plugins if need be."""

    def __call__(
        self, settings: Mapping[str, str], plugins: Path | None = None
    ) -> "BrokerProcess": ...


class BrokerFailed(AssertionError):
    """The broker process did something a test must not overlook."""


class BrokerProcess:
    """One broker with its own data directory; ``settings`` go in as ``--set key=value``.

    ``plugins`` is a folder of plugins that it finds installed (`plugin_folder`), ``environment``
    are variables it gets besides those of this process. Use as a context manager: entering starts
    it, leaving stops it (`stop`).
    """

    def __init__(
        self,
        data_dir: Path,
        settings: Mapping[str, str] | None = None,
        plugins: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.settings = dict(settings or {})
        self.plugins = plugins
        self.environment = dict(environment or {})
        self.lines: list[str] = []
        self.records: list[LogRecord] = []
        self.addresses: dict[str, tuple[str, int]] = {}
        self._changed = threading.Condition()
        self._ended = False
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.stop()
        else:
            self.kill()

    def command(self) -> list[str]:
        """The command line of the broker."""
        settings = {"listeners.tcp.bind": "127.0.0.1:0", "log.format": "json", **self.settings}
        given = [f"--set={key}={value}" for key, value in settings.items()]
        return [
            *(sys.executable, "-m", "robustmq_cli.server", "run"),
            f"--data-dir={self.data_dir}",
            *given,
        ]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the listener named ``tcp``."""
        return self.addresses["tcp"]

    @property
    def port(self) -> int:
        return self.address[1]

    def start(self) -> None:
        """Start the process and wait until its ``tcp`` listener accepts connections."""
        self.launch()
        self.wait_started()

    def launch(self) -> None:
        """The first half of `start`; a broker that has ended may be started again."""
        self._ended = False
        self.addresses.clear()
        self._process = subprocess.Popen(
            self.command(),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def wait_started(self) -> None:
        """The second half of `start`."""
        try:
            self.wait_for(lambda: "tcp" in self.addresses, START_DEADLINE, "the tcp listener")
        except BrokerFailed:
            self.kill()
            raise

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def terminate(self) -> None:
        """Send SIGTERM and do not wait."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """SIGTERM; the broker must exit 0 in time and must not have logged a traceback."""
        self.terminate()
        self.wait_stopped()

    def wait_stopped(self) -> None:
        """The second half of `stop`."""
        process = self._process
        assert process is not None
        try:
            status = process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise BrokerFailed(f"the broker did not stop in time\n{self.log}") from None
        self._join()
        if status != 0:
            raise BrokerFailed(f"the broker exited with status {status}\n{self.log}")
        self.check_log()

    def kill(self) -> None:
        """SIGKILL, as a crash: nothing is checked."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._join()

    def check_log(self) -> None:
        """Fail if the log holds a traceback."""
        for record in self.records:
            if "exception" in record or "exc_info" in record or "traceback" in record:
                raise BrokerFailed(f"the broker logged an exception: {record}")
        if "Traceback (most recent call last)" in self.log:
            raise BrokerFailed(f"the broker wrote a traceback\n{self.log}")

    @property
    def log(self) -> str:
        """All that the broker has written so far."""
        with self._changed:
            return "\n".join(self.lines)

    def log_of(self, text: str, since: int = 0) -> list[LogRecord]:
        """The log records that mention ``text`` (a peer, a client id) in one of their values.

        ``since`` leaves out that many records from the start: the system gives ports out again, so
        an address may have been another client's before.
        """
        with self._changed:
            return [
                record
                for record in self.records[since:]
                if any(text in value for value in record.values() if isinstance(value, str))
            ]

    def wait_for(self, condition: Callable[[], bool], deadline: float, what: str) -> None:
        """Wait until ``condition`` holds; it is tried again after every line of the log."""
        end = time.monotonic() + deadline
        with self._changed:
            while not condition():
                left = end - time.monotonic()
                if self._ended or left <= 0 or not self._changed.wait(left):
                    break
            else:
                return
        log = "\n".join(self.lines)
        state = "ended" if self._ended else "did not get to it in time"
        raise BrokerFailed(f"waited for {what}, but the broker {state}\n{log}")

    def wait_for_log(self, text: str, since: int = 0, deadline: float = 10.0) -> LogRecord:
        """Wait for a log record that mentions ``text`` and return the first one."""
        self.wait_for(lambda: bool(self.log_of(text, since)), deadline, f"a log record on {text}")
        return self.log_of(text, since)[0]

    def _environment(self) -> dict[str, str]:
        environment = {**os.environ, **self.environment}
        if self.plugins is not None:
            path = [str(self.plugins), environment.get("PYTHONPATH", "")]
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, path))
        return environment

    def _join(self) -> None:
        if self._reader is not None:
            self._reader.join()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._take(line.rstrip("\n"))
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _take(self, line: str) -> None:
        record = _record(line)
        with self._changed:
            self.lines.append(line)
            if record is not None:
                self.records.append(record)
                if record.get("event") == "listener started":
                    host, _, port = str(record["address"]).rpartition(":")
                    if record["transport"] != "unix":
                        self.addresses[str(record["listener"])] = (host.strip("[]"), int(port))
            self._changed.notify_all()


class BrokerPool:
    """Brokers by their settings, each started when first asked for; `stop` ends and checks all."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._brokers: dict[object, BrokerProcess] = {}

    def get(
        self, settings: Mapping[str, str] | None = None, plugins: Path | None = None
    ) -> BrokerProcess:
        """The shared broker with these settings and plugins."""
        key = (tuple(sorted((settings or {}).items())), plugins)
        if key not in self._brokers:
            data_dir = self._directory / f"broker-{len(self._brokers)}"
            broker = BrokerProcess(data_dir, settings, plugins)
            broker.start()
            self._brokers[key] = broker
        return self._brokers[key]

    def stop(self) -> None:
        """Stop every broker; raises the first complaint once all are down."""
        complaints: list[BrokerFailed] = []
        for broker in self._brokers.values():
            broker.terminate()
        for broker in self._brokers.values():
            try:
                broker.wait_stopped()
            except BrokerFailed as error:
                complaints.append(error)
        self._brokers.clear()
        if complaints:
            raise complaints[0]


def _record(line: str) -> LogRecord | None:
    """The log record of a line; None if the line is not one."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
