"""Which forms and folders `make test` covers."""

from tools import run_tests
from tools.workspace import ROOT


def test_compiled_means_everything_and_mqtt_in_plain_python_too() -> None:
    assert run_tests.plan("compiled", plain_only=False) == [
        ("compiled", []),
        ("plain", run_tests.BOTH_FORMS),
    ]


def test_without_compiled_modules_everything_runs_once() -> None:
    assert run_tests.plan("plain", plain_only=False) == [("plain", [])]
    assert run_tests.plan("compiled", plain_only=True) == [("plain", [])]


def test_the_folders_exist() -> None:
    for folder in run_tests.BOTH_FORMS:
        assert (ROOT / folder).is_dir()
