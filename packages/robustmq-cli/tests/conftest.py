"""Puts the helpers of these tests on the import path: pytest's importlib mode does not.

And what several of them need.
"""

import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ctl_kit import Ctl

sys.path.insert(0, str(Path(__file__).parent / "support"))


@pytest.fixture
def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.fixture
def ctl(tmp_path: Path) -> "Ctl":
    """The command robust-ctl, on a data directory of its own."""
    from ctl_kit import Ctl

    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return Ctl(folder)
