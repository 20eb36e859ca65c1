"""A child process that is read line by line, with a deadline on every wait."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

DEADLINE = 20.0
"""Seconds any single wait may take; generous, for machines that run other things."""

POLL = 0.1
"""Seconds after which a condition that no line announces is tried again."""

T = TypeVar("T")


class LineProcess:
    """Runs a command; what it writes to standard output and error is collected in `lines`.

    `environment` is added to that of this process. Leaving the context kills it if it still runs.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self.command = list(command)
        self.lines: list[str] = []
        self.changed = threading.Condition()
        self._ended = False
        self._process = subprocess.Popen(
            self.command,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, line: str) -> None:
        """Write one line to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def wait_for(
        self, condition: Callable[[], T | None], what: str, deadline: float = DEADLINE
    ) -> T:
        """The first truthy result of `condition`, tried again after every line and every `POLL`."""
        end = time.monotonic() + deadline
        with self.changed:
            while True:
                result = condition()
                if result:
                    return result
                left = end - time.monotonic()
                if self._ended or left <= 0:
                    break
                self.changed.wait(min(left, POLL))
        state = "ended" if self._ended else f"still ran after {deadline:g} s"
        written = "\n".join(self.lines[-40:])
        raise AssertionError(f"waited for {what}, but {self.command[0]} {state}:\n{written}")

    def wait_for_line(self, start: str, deadline: float = DEADLINE) -> str:
        """The first line that begins with `start`."""
        return self.wait_for(
            lambda: next((line for line in self.lines if line.startswith(start)), None),
            f"a line {start!r}",
            deadline,
        )

    def take(self, line: str) -> None:
        """Called with every line, holding the lock `changed`."""
        self.lines.append(line)

    def status(self, deadline: float = DEADLINE) -> int:
        """The exit status, once the process has ended by itself."""
        try:
            self._process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.kill()
            written = "\n".join(self.lines[-40:])
            raise AssertionError(f"{self.command[0]} did not end in time:\n{written}") from None
        self._join()
        return self._process.returncode

    def terminate(self) -> int:
        """Ask it to end (SIGTERM) and return its exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self.status()

    def kill(self) -> None:
        """End it at once (SIGKILL): a client sends no DISCONNECT."""
        self._process.kill()
        self._process.wait()
        self._join()

    def _join(self) -> None:
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:  # what was told last is of no interest to anyone now
                    continue

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self.changed:
                self.take(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self._ended = True
            self.changed.notify_all()
