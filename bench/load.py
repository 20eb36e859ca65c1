"""Compiles and runs the load generator (load.c)."""

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from bench.scenario import ScenarioFailed

SOURCE: Final = Path(__file__).with_name("load.c")

MOST_MESSAGES: Final = 20_000_000
"""Messages one publisher sends at most, however fast the broker is."""

DRAIN_SECONDS: Final = 8.0
"""Seconds after the last message that the program may need to end (its DRAIN_SECONDS is 5)."""


class NoCompiler(Exception):
    """The load generator cannot be made; the message says what is needed."""


@dataclass(frozen=True)
class Load:
    """What one run showed. seconds: from the first message to the last; latency in microseconds.

    ping_us: the longest that the answer to a PINGREQ took, if there were any.
    """

    seconds: float
    sent: int
    expected: int
    received: int
    duplicates: int
    misordered: int
    p50_us: int
    p99_us: int
    max_us: int
    ping_us: int = 0

    @property
    def per_second(self) -> float:
        """Messages that subscribers got per second."""
        return self.received / self.seconds

    @property
    def fault(self) -> str:
        """What went wrong, or nothing."""
        faults = {
            "lost": self.expected - self.received,
            "twice": self.duplicates,
            "out of order": self.misordered,
        }
        return ", ".join(f"{count:,} {what}" for what, count in faults.items() if count > 0)


def compile_load(folder: Path) -> Path:
    """The path of the program, made in `folder`; NoCompiler without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompiler(
            "the load generator needs a C compiler: one in Python would be slower than the brokers "
            "(on Debian: apt-get install gcc libc6-dev)"
        )
    program = folder / "load"
    command = [compiler, "-O2", "-o", str(program), str(SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoCompiler(f"{compiler} could not compile {SOURCE.name}:\n{done.stderr.strip()}")
    return program


class LoadRun:
    """A run of the load generator: `ready` when its clients have subscribed, then `go`.

    Leaving it as a context manager ends the program. arguments: see load.c.
    """

    def __init__(self, program: Path, arguments: Mapping[str, object]) -> None:
        self.seconds = float(str(arguments["seconds"]))
        all_arguments = {"messages": MOST_MESSAGES, **arguments}
        self._child = subprocess.Popen(
            [str(program), *(f"{key}={value}" for key, value in all_arguments.items())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.kill()
        self._child.communicate()

    def ready(self, within: float) -> float:
        """Wait until all have subscribed; the seconds that took. ScenarioFailed if they cannot."""
        return float(
            self._line("connecting and subscribing", within, lambda: None)["ready_seconds"]
        )

    def go(self, meanwhile: Callable[[], None] = lambda: None) -> Load:
        """Publish, and return what was counted; ScenarioFailed if the broker does not let it.

        `meanwhile` is called every tenth of a second until then.
        """
        assert self._child.stdin is not None
        try:
            self._child.stdin.write("\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, and its last words say why
        load = Load(**self._line("publishing", self.seconds + DRAIN_SECONDS, meanwhile))
        if load.expected and not load.received:
            raise ScenarioFailed(f"none of {load.expected:,} messages arrived")
        return load

    def _line(self, doing: str, within: float, meanwhile: Callable[[], None]) -> dict[str, Any]:
        assert self._child.stdout is not None
        assert self._child.stderr is not None
        end = time.monotonic() + within
        while not select.select([self._child.stdout], [], [], 0.1)[0]:
            meanwhile()
            if time.monotonic() > end:
                raise ScenarioFailed(f"not done after {within:.0f} s: {doing}")
        line = self._child.stdout.readline()
        if not line:
            said = self._child.stderr.read().strip().removeprefix("load: ")
            raise ScenarioFailed(said or f"the load generator ended with {self._child.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def open_file_limit() -> int:
    """How many files a process may have open here."""
    return os.sysconf("SC_OPEN_MAX")
