"""A folder in which a test installs plugins, and where nothing else is installed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The only place where plugins are installed while the test runs."""
    elsewhere = [path for path in sys.path if not path.rstrip("/").endswith("-packages")]
    monkeypatch.setattr(sys, "path", [str(tmp_path), *elsewhere])
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]
