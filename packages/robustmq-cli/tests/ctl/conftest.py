"""What the tests of robust-ctl need."""

from pathlib import Path

import pytest
from ctl_kit import Ctl


@pytest.fixture
def ctl(tmp_path: Path) -> Ctl:
    """The command, on a data directory of its own."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return Ctl(folder)
