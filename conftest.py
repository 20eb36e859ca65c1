"""Says which form of the hot modules is tested, and refuses to test another than was asked for.

ROBUSTMQ_EXPECT is set by `make test` to the form that should run. Without it (pytest by hand) any
form will do.
"""

import importlib
import os
import sys

import pytest

from robustmq_common import implementation
from tools.workspace import packages

# Before any test imports it, so that a failing assertion of the kits shows what it compared.
pytest.register_assert_rewrite("real_clients")


def pytest_configure() -> None:
    for package in packages():
        try:
            importlib.import_module(package.import_name)
        except ModuleNotFoundError as error:
            message = f"{sys.executable} does not have {package.name} ({error}); run `make setup`"
            raise pytest.UsageError(message) from error
    expected = os.environ.get("ROBUSTMQ_EXPECT")
    form = implementation.running()
    if expected and form != expected:
        message = (
            f"the tests were to run on {expected} modules, but this runs: {form} ({_detail()}); "
            f"see what {sys.executable} has installed, and whether {implementation.VARIABLE} is set"
        )
        raise pytest.UsageError(message)


def pytest_report_header() -> str:
    return f"robustmq: {implementation.running()} ({_detail() or 'no hot modules'})"


def _detail() -> str:
    return ", ".join(f"{name} {form}" for name, form in implementation.report().items())
