"""A broker as a child process: how it is started and ended, and what it and its children cost."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

START_SECONDS: Final = 30.0
"""Seconds a broker may take from exec to its first CONNACK."""

STOP_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.005
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")


class PeerUnavailable(Exception):
    """A broker cannot be measured here; the message says why."""


class PeerDied(Exception):
    """A broker ended while it was measured; the message says how."""


class Process:
    """A running program with all its children; `stop` ends them."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self.started = time.monotonic()
        with log.open("w") as output:
            try:
                # A session of its own: its children end with it, and Ctrl-C is ours to handle.
                self._child = subprocess.Popen(
                    command,
                    env={**os.environ, **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise PeerUnavailable(f"{command[0]} cannot be started: {error}") from error

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def end(self) -> str:
        """How it ended, with the last lines it wrote; nothing while it runs."""
        status = self._child.poll()
        if status is None:
            return ""
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return f"{how}: {self.last_lines()}"

    def end_within(self, seconds: float) -> str:
        """What `end` says after so many seconds at most."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(seconds)
        return self.end

    def last_lines(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-3:]
        return " / ".join(lines)[-300:] or "it wrote nothing"

    def wait_until(self, condition: Callable[[], bool], within: float = START_SECONDS) -> None:
        """Wait for the condition; PeerUnavailable, with the end of the log, if it does not come.

        within: seconds from its start.
        """
        end = self.started + within
        while not condition():
            ended = self.end
            if ended or time.monotonic() > end:
                late = f"answers no CONNECT within {within:g} s: {self.last_lines()}"
                raise PeerUnavailable(ended or late)
            time.sleep(_POLL_SECONDS)

    def cpu_seconds(self) -> float:
        """Processor time used so far, with all children; PeerDied if it has ended."""
        self._must_run()
        return sum(_cpu_ticks(pid) for pid in _family(self.pid)) / _TICKS_PER_SECOND

    def resident_bytes(self) -> int:
        """Resident memory, with all children; PeerDied if it has ended."""
        self._must_run()
        return sum(_resident_kib(pid) for pid in _family(self.pid)) * 1024

    def _must_run(self) -> None:
        ended = self.end
        if ended:
            raise PeerDied(ended)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for whoever is left."""
        self._signal(signal.SIGTERM)
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._child.wait()
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return  # nobody of the group is left


def _family(pid: int) -> list[int]:
    found = [pid]
    for member in found:
        for children in Path(f"/proc/{member}/task").glob("*/children"):
            found += [int(child) for child in _read(children).split()]
    return found


def _read(path: Path) -> str:
    """What /proc says; nothing of a process that has ended meanwhile."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _cpu_ticks(pid: int) -> int:
    # Fields 14 to 17: utime and stime, and those of children that have ended. The command before
    # them may hold anything but a last ")".
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15])


def _resident_kib(pid: int) -> int:
    for line in _read(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
