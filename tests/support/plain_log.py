"""What is logged goes to standard output, whatever an earlier test has set up.

pytest_plugins = ("plain_log",)
usefixtures = pytest.mark.usefixtures("plain_log")
"""

import pytest
import structlog


@pytest.fixture
def plain_log() -> None:
    """Take back what a test that started a broker in this process has configured."""
    structlog.reset_defaults()
