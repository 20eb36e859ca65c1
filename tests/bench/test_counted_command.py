"""bench-check and bench-accept, with real counting of small suites."""

import json
from pathlib import Path

import pytest

from bench.counted import command, count
from bench.counted.toolchain import toolchain
from real_clients.needed import need_program

# Valgrind takes its time, and more of it on a busy machine.
pytestmark = pytest.mark.timeout(300)

KEY = toolchain("plain").key


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that counting needs, and a decision of each test on whether it is CI."""
    need_program("valgrind", "valgrind")
    need_program("cc", "gcc")
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "figures.json"


def run(what: str, suite: str, path: Path, *more: str) -> int:
    """The exit code of the command, in plain Python: that is always there."""
    return command.main(
        [
            what,
            "--form",
            "plain",
            "--suite",
            f"counted_suites:{suite}",
            "--figures",
            str(path),
            *more,
        ]
    )


def row(text: str, name: str) -> str:
    """The line of a case in what was printed last."""
    return [line for line in text.splitlines() if line.startswith(name)][-1]


def change(path: Path, **versions: str) -> None:
    """Pretend that the accepted figures are of other versions."""
    known = json.loads(path.read_text())
    known[KEY]["versions"] |= versions
    path.write_text(json.dumps(known))


def test_a_case_that_does_twice_the_work_fails_until_it_is_accepted(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("accept", "ONCE", path) == 0
    assert run("check", "ONCE", path) == 0
    assert run("check", "TWICE", path) == 1
    printed = capsys.readouterr().out
    assert "worse" in row(printed, "tiny/sum")
    assert "worse" in row(printed, "tiny/kept, bytes")
    assert "worse: 2; if that is on purpose: make bench-accept" in printed
    assert run("accept", "TWICE", path) == 0
    assert run("check", "TWICE", path) == 0
    capsys.readouterr()
    # The other way round it is an improvement: told, but no failure.
    assert run("check", "ONCE", path) == 0
    assert "better" in row(capsys.readouterr().out, "tiny/sum")


def test_a_real_case_counted_twice_is_the_same_figure() -> None:
    wanted = count.Wanted("counted_codec:SUITE", "plain")
    first, again = count.count(wanted), count.count(wanted)
    assert [figure.name for figure in first] == ["codec/decode PUBLISH qos0 v3.1.1"]
    assert first[0].value > 1000
    assert again[0].value == pytest.approx(first[0].value, rel=0.005)


def test_a_renamed_case_is_new_and_gone(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("accept", "ONCE", path) == 0
    assert run("check", "RENAMED", path) == 1
    printed = capsys.readouterr().out
    assert "gone" in row(printed, "tiny/sum")
    assert "new" in row(printed, "renamed/sum")


def test_only_some_cases_are_counted_and_accepted(path: Path) -> None:
    assert run("accept", "ONCE", path) == 0
    once = json.loads(path.read_text())[KEY]["figures"]
    assert run("accept", "TWICE", path, "--only", "sum") == 0
    assert run("check", "TWICE", path, "--only", "kept") == 1
    found = json.loads(path.read_text())[KEY]["figures"]
    assert found["tiny/kept, blocks"] == pytest.approx(1.0, abs=0.1)
    assert found["tiny/sum"] == pytest.approx(2 * once["tiny/sum"], rel=0.1)


def test_without_figures_for_this_toolchain_only_ci_fails(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("check", "ONCE", path) == 0
    assert f"no figures are accepted for {KEY}" in capsys.readouterr().out
    monkeypatch.setenv("CI", "true")
    assert run("check", "ONCE", path) == 1


def test_other_versions_are_told_and_compared_with_more_tolerance(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("accept", "ONCE", path) == 0
    change(path, valgrind="valgrind-1.0")
    capsys.readouterr()
    assert run("check", "ONCE", path) == 0
    printed = capsys.readouterr().out
    assert "the accepted figures are of valgrind valgrind-1.0, here valgrind-" in printed
    assert "tolerance 10%" in printed
    # Some of them alone would stand beside figures of the other versions.
    assert run("accept", "ONCE", path, "--only", "sum") == 1
    assert run("check", "TWICE", path) == 1


def test_without_valgrind_memory_is_compared_and_ci_fails(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("accept", "ONCE", path) == 0
    monkeypatch.setenv("PATH", str(path.parent))
    # What is not there has no version either.
    change(path, valgrind="")
    capsys.readouterr()
    assert run("check", "ONCE", path) == 0
    printed = capsys.readouterr().out
    assert "valgrind is not installed (on Debian: apt-get install valgrind)" in printed
    assert "tiny/sum" not in printed
    assert run("check", "TWICE", path) == 1
    assert run("accept", "ONCE", path) == 1
    monkeypatch.setenv("CI", "true")
    assert run("check", "ONCE", path) == 1


def test_a_case_that_fails_is_told_and_nothing_is_accepted(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("accept", "FAILING", path) == 1
    assert "the queue is full" in capsys.readouterr().out
    assert not path.exists()


def test_profiles_are_kept_by_case(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    assert run("check", "ONCE", path, "--keep", str(folder)) == 0
    assert [kept.name for kept in folder.iterdir()] == ["callgrind.plain-tiny-sum"]
    assert "totals: " in (folder / "callgrind.plain-tiny-sum").read_text()
