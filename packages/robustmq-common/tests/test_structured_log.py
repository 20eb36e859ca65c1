"""Tests for robustmq_common.structured_log: each in a process that has imported nothing yet."""

import subprocess
import sys

import pytest

HIDDEN = """
import sys
from robustmq_common.structured_log import structlog
assert "rich" not in sys.modules, "rich is loaded"
import rich.console
structlog.get_logger().info("told")
"""
LOADED = """
import rich.console, sys
from robustmq_common.structured_log import structlog
assert sys.modules["rich"] is rich
"""
BROKER = """
import sys
import robustmq_cli.server, robustmq_common.logging_setup
assert "rich" not in sys.modules, "rich is loaded"
"""


@pytest.mark.parametrize("script", [HIDDEN, LOADED, BROKER], ids=["hidden", "loaded", "broker"])
def test_rich_is_not_loaded_but_can_be(script: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
