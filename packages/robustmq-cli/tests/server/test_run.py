"""The command around the broker, with a broker that only says that it was asked to run."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from robustmq_broker import app as broker
from robustmq_cli import instance
from robustmq_cli.server import app
from robustmq_cli.server import run as run_module
from robustmq_common.config import Settings
from robustmq_common.errors import ListenError
from robustmq_common.plugins.registry import Registry

Broker = Callable[[Settings, Registry, Any], int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def command(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Broker, list[str]], Result]]:
    monkeypatch.setattr(run_module, "set_up_logging", lambda **_: None)

    def run(serve: Broker, arguments: list[str]) -> Result:
        monkeypatch.setattr(broker, "run", serve)
        return CliRunner().invoke(app, ["run", "--data-dir", str(folder), *arguments])

    yield run
