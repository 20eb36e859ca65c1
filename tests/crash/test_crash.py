"""Short runs of the crash program; `python -m tests.crash` does the same for longer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from disk_shim import AVAILABLE, NEEDS

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.serial, pytest.mark.timeout(200)]


def crash(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.crash", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_nothing_acknowledged_is_lost_when_the_broker_is_killed() -> None:
    done = crash("--kills", "8", "--life", "1", "--check-every", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "; 0 violations" in done.stdout


def test_nor_by_power_losses_with_fsync() -> None:
    if not AVAILABLE:
        assert os.environ.get("CI") != "true", NEEDS
        pytest.skip(NEEDS)
    done = crash("--kills", "5", "--durability", "fsync", "--power-loss", "--check-every", "5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 unsynced bytes lost" not in done.stdout


def test_it_notices_when_something_is_lost() -> None:
    # With this seed the broker is killed; one that is stopped loses nothing, memory or not.
    done = crash("--kills", "2", "--life", "1", "--durability", "memory", "--seed", "7")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "VIOLATION" in done.stdout


def test_power_losses_are_for_fsync_only() -> None:
    done = crash("--power-loss")
    assert done.returncode == 2
    assert "needs --durability fsync" in done.stderr
