"""What makes a package stale, and the wishes about compiling."""

from pathlib import Path

import pytest

from tools import build
from tools.workspace import packages


@pytest.fixture
def scratch(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(build, "ROOT", workspace)
    monkeypatch.setattr(build, "REQUIREMENTS", workspace / "requirements.txt")
    (workspace / "requirements.txt").write_text("mypy==1\n")
    return workspace


def fingerprint(root: Path, *, compiled: bool = True) -> str:
    members = packages(root)
    return build.fingerprint(members[0], members, compiled=compiled)


def test_nothing_changed_means_the_same_fingerprint(scratch: Path) -> None:
    assert fingerprint(scratch) == fingerprint(scratch)


@pytest.mark.parametrize(
    "path",
    [
        "packages/robustmq-one/pyproject.toml",
        "packages/robustmq-one/src/robustmq_one/hot.py",
        "packages/robustmq-one/src/robustmq_one/driver.py",
        "requirements.txt",
    ],
)
def test_a_changed_input_changes_it(scratch: Path, path: str) -> None:
    before = fingerprint(scratch)
    with (scratch / path).open("a") as file:
        file.write("\n# changed\n")
    assert fingerprint(scratch) != before


def test_new_files_and_the_other_form_change_it(scratch: Path) -> None:
    before = fingerprint(scratch)
    assert fingerprint(scratch, compiled=False) != before
    (scratch / "packages/robustmq-one/src/robustmq_one/py.typed").write_text("")
    assert fingerprint(scratch) != before


def test_tests_and_caches_do_not(scratch: Path) -> None:
    before = fingerprint(scratch)
    cache = scratch / "packages/robustmq-one/src/robustmq_one/__pycache__"
    cache.mkdir()
    (cache / "hot.cpython-311.pyc").write_bytes(b"x")
    tests = scratch / "packages/robustmq-one/tests"
    tests.mkdir()
    (tests / "test_hot.py").write_text("")
    assert fingerprint(scratch) == before


def test_compiling_can_be_forbidden_or_insisted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "compiler_problem", lambda: "no C compiler")
    monkeypatch.setenv("COMPILED", "auto")
    assert build.wants_compiled() is False
    monkeypatch.setenv("COMPILED", "1")
    with pytest.raises(build.BuildError, match="COMPILED=1, but no C compiler"):
        build.wants_compiled()
    monkeypatch.setattr(build, "compiler_problem", lambda: None)
    assert build.wants_compiled() is True
    monkeypatch.setenv("COMPILED", "0")
    assert build.wants_compiled() is False
    monkeypatch.setenv("COMPILED", "yes")
    with pytest.raises(build.BuildError, match="COMPILED is 'yes'"):
        build.wants_compiled()


def test_a_failing_command_shows_its_output(tmp_path: Path) -> None:
    with pytest.raises(build.BuildError, match=r"asking sh failed \(exit 3\):\nsorry"):
        build.run(["sh", "-c", "echo sorry; exit 3"], tmp_path, "asking sh")
