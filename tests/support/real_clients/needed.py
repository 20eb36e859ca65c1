"""Programs and modules that a test needs: where they are, and what their absence means.

In CI (the environment variable CI is set) everything must be there, so a test that misses
something fails; elsewhere it is skipped with the reason.
"""

import importlib.util
import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

NODE_MODULES = Path(__file__).parents[2] / "integration" / "js" / "node_modules"


def unavailable(reason: str, *, whole_module: bool = False) -> NoReturn:
    """Skip the test (or the module that is being imported); in CI, fail."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; CI must have it")
    pytest.skip(reason, allow_module_level=whole_module)


def need_module(name: str) -> None:
    """At the top of a test module: go no further if a Python module is not installed."""
    if importlib.util.find_spec(name) is None:
        unavailable(f"the Python module {name} is not installed", whole_module=True)


def need_program(name: str, package: str) -> str:
    """The path of a program, which Debian has in `package`."""
    # Debian keeps servers where only root's search path leads.
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        unavailable(f"{name} is not installed (on Debian: apt-get install {package})")
    return found


def need_node_module(name: str) -> None:
    """Go no further if npm has not installed a package for the integration tests."""
    if not (NODE_MODULES / name).is_dir():
        unavailable(f"{name} is not in tests/integration/js/node_modules (run: make js)")
