"""A small disk of its own for a test, to be filled up or made read-only."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def mount(*arguments: str) -> None:
    """Call mount; skips the test where that is not allowed, and fails it in CI."""
    command = ["mount", *arguments]
    if os.geteuid() != 0 and shutil.which("sudo") is not None:
        command = ["sudo", "-n", *command]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        if os.environ.get("CI") == "true" and os.geteuid() == 0:
            raise AssertionError(done.stderr)
        pytest.skip(f"cannot mount a small disk here: {done.stderr.strip()}")


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """An empty disk mounted at `folder`, which is made."""
    folder.mkdir()
    mount("-t", "tmpfs", "-o", f"size={megabytes}m,uid={os.geteuid()}", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        umount = ["umount", str(folder)]
        subprocess.run(umount if os.geteuid() == 0 else ["sudo", "-n", *umount], check=True)
