"""A broker as a child process: how it is started and ended, and what it costs."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 10.0
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class PeerUnavailable(Exception):
    """A broker cannot be measured here; the message says why."""


class Process:
    """A running broker; `stop` ends it."""

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("w") as output:
            self._child = subprocess.Popen(
                command,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for the condition; PeerUnavailable, with the end of the log, if it does not come."""
        end = time.monotonic() + START_SECONDS
        while not condition():
            ended = self._child.poll()
            if ended is not None or time.monotonic() > end:
                self.stop()
                lines = self.log.read_text(errors="replace").splitlines()[-3:]
                how = "does not start" if ended is None else f"ended with status {ended}"
                raise PeerUnavailable(f"{how}: {' / '.join(lines)}")
            time.sleep(0.05)

    def cpu_seconds(self) -> float:
        """Processor time used so far, with all child processes."""
        return sum(_cpu_ticks(pid) for pid in _family(self.pid)) / _TICKS_PER_SECOND

    def memory_mib(self) -> float:
        """Resident memory, with all child processes."""
        return sum(_resident_kib(pid) for pid in _family(self.pid)) / 1024

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if that does not do."""
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
    return port


def accepts(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _family(pid: int) -> list[int]:
    found = [pid]
    for member in found:
        for children in Path(f"/proc/{member}/task").glob("*/children"):
            found += [int(child) for child in children.read_text().split()]
    return found


def _cpu_ticks(pid: int) -> int:
    # Fields 14 and 15, utime and stime; the command before them may hold anything but a last ")".
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _resident_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
