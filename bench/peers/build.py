"""Builds peers from their package registries, below .build/bench-peers/."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.process import PeerUnavailable

SOURCES: Final = Path(__file__).parent
BUILT: Final = SOURCES.parents[1] / ".build" / "bench-peers"
BUILD_SECONDS: Final = 600.0
"""How long the steps of one peer may take together; the longest, rumqttd, takes three minutes."""


def build(name: str, tools: dict[str, str], steps: Sequence[Sequence[str]]) -> Path:
    """Run the steps in a copy of bench/peers/NAME, unless it was done before; the copy's path.

    tools: the programs that are needed, and what Debian's packages with them are called. Raises
    PeerUnavailable if one is missing or a step fails.
    """
    for tool, package in tools.items():
        if shutil.which(tool) is None:
            raise PeerUnavailable(f"{tool} is not installed (on Debian: apt-get install {package})")
    folder = BUILT / name
    stamp = folder / ".built"
    digest = _digest(SOURCES / name, steps)
    if stamp.is_file() and stamp.read_text() == digest:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SOURCES / name, folder)
    print(f"installing {name} (once)", flush=True)
    for step in steps:
        _run(step, folder)
    stamp.write_text(digest)
    return folder


def _digest(sources: Path, steps: Sequence[Sequence[str]]) -> str:
    digest = hashlib.sha256(repr(steps).encode())
    for path in sorted(sources.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(sources).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _run(step: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            step,
            cwd=folder,
            # What is built is to run by itself, and not to see the environment of this Python.
            env={key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PeerUnavailable(f"{' '.join(step)}: not done in {BUILD_SECONDS:g} s") from None
    if done.returncode != 0:
        last = " / ".join(line for line in done.stdout.splitlines() if line.strip())[-300:]
        raise PeerUnavailable(f"{' '.join(step)} failed: {last}")
