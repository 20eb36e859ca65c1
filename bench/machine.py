"""What the figures depend on: the machine and the versions."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Final

from bench.load import open_file_limit

ROOT: Final = Path(__file__).parents[1]


def facts() -> dict[str, str]:
    """Of the machine, by name, as text."""
    return {
        "processor": _after_colon("/proc/cpuinfo", "model name") or platform.machine(),
        "processors": str(os.cpu_count()),
        "memory": _after_colon("/proc/meminfo", "MemTotal"),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "open files per process": f"{open_file_limit():,}",
        "load average at the start": f"{os.getloadavg()[0]:.2f}",
    }


def commit() -> str:
    """The commit that is checked out, marked if files differ from it; "?" without git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "?"
    return done.stdout.strip()


def _after_colon(file: str, name: str) -> str:
    path = Path(file)
    lines = path.read_text().splitlines() if path.exists() else []
    return next((one.partition(":")[2].strip() for one in lines if one.startswith(name)), "")
