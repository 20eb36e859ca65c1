"""Compiles and runs the load generator (load.c)."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.workloads import Workload

SOURCE = Path(__file__).with_name("load.c")

MOST_MESSAGES = 20_000_000
"""Messages one publisher sends at most, however fast the broker is."""

GRACE = 30.0
"""Seconds to connect and to drain, beyond those that a workload lasts."""


class LoadError(Exception):
    """The load generator cannot be had, or a broker did not let it work."""


@dataclass(frozen=True)
class Load:
    """What one run showed. seconds: from the first message to the last; latency in microseconds."""

    seconds: float
    sent: int
    expected: int
    received: int
    duplicates: int
    misordered: int
    p50_us: int
    p99_us: int
    max_us: int

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
        return ", ".join(f"{count} {what}" for what, count in faults.items() if count)


def compile_load(folder: Path) -> Path:
    """The path of the program, made in `folder`; LoadError without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise LoadError(
            "the load generator needs a C compiler: one in Python would be slower than the brokers "
            "(on Debian: apt-get install gcc libc6-dev)"
        )
    program = folder / "load"
    command = [compiler, "-O2", "-o", str(program), str(SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LoadError(f"{compiler} could not compile {SOURCE.name}:\n{done.stderr.strip()}")
    return program


def run_load(program: Path, port: int, workload: Workload, seconds: float) -> Load:
    """Load the broker on a port of this machine; LoadError if it refuses or closes connections."""
    arguments = (
        *(port, workload.shape, workload.publishers, workload.subscribers, workload.qos),
        *(workload.level, workload.payload, workload.window, workload.rate),
        *(seconds, MOST_MESSAGES),
    )
    command = [str(program), *(str(argument) for argument in arguments)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds + GRACE, check=False
        )
    except subprocess.TimeoutExpired:
        raise LoadError(f"{workload.name} did not end in {seconds + GRACE:g} s") from None
    if not done.stdout:
        raise LoadError(done.stderr.strip() or f"the load generator ended with {done.returncode}")
    return Load(**json.loads(done.stdout))
