"""The compiler probe says what is missing."""

import sysconfig
from pathlib import Path

import pytest

from tools.compiler import compiler_problem


def test_a_missing_compiler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        pytest.skip("Python.h is missing, which is found first")
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    assert "no-such-compiler is not installed" in str(compiler_problem())


def test_a_compiler_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        pytest.skip("Python.h is missing, which is found first")
    monkeypatch.setenv("CC", "false")
    assert "cannot build an extension: no message" in str(compiler_problem())


def test_missing_headers_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    assert "Python.h is missing" in str(compiler_problem())
