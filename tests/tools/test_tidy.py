"""The style rules that no other tool checks, each with what breaks it and what does not."""

import ast
from pathlib import Path

import pytest

from tools import tidy
from tools.workspace import ROOT, Module, packages


def test_without_git_every_file_counts_but_those_that_tools_make(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / "dist").mkdir()
    (workspace / "dist" / "made.py").write_text("")
    (workspace / ".venv").mkdir()
    (workspace / ".venv" / "made.py").write_text("")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(workspace.parent))
    names = [path.name for path in tidy.tracked(workspace)]
    assert "hot.py" in names
    assert "made.py" not in names


def text_problems(line: str) -> list[str]:
    return list(tidy.text_problems(ROOT / "docs" / "page.md", line))


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # TO" + "DO: later",
        "see FIX" + "ME",
        "cd /ho" + "me/someone/x",
        "open('/ro" + "ot/x')",
        "https://pypi" + ".org/simple",
        "https://registry.npmjs" + ".org/mqtt",
        "<" * 7 + " ours",
        "../" * 2 + "elsewhere",
    ],
)
def test_what_must_not_be_written_is_found(line: str) -> None:
    assert len(text_problems(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "a todo list in lower case",
        "/etc/robustmq.toml",
        "see [the design](../ARCHITECTURE.md)",
        "`GET /workers/1`",
        "https://example.com/home/page",
        "=======",
    ],
)
def test_what_may_be_written_is_not(line: str) -> None:
    assert text_problems(line) == []


def test_the_problem_says_where() -> None:
    (problem,) = text_problems("fine\nfine\nFIX" + "ME\n")
    assert problem.startswith("docs/page.md:3: ")


def test_long_files_are_named() -> None:
    path = ROOT / "long.py"
    assert list(tidy.size_problems(path, "\n" * tidy.FILE_LINES_MAX)) == []
    (problem,) = tidy.size_problems(path, "\n" * (tidy.FILE_LINES_MAX + 1))
    assert "long.py: 651 lines" in problem


def test_functions_are_measured_with_their_docstrings() -> None:
    tree = ast.parse('class A:\n    def f(self):\n        """D."""\n        return 1\n')
    assert list(tidy.function_lengths(tree)) == [("f", 2, 3)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], 0), ([7], 7), (list(range(1, 101)), 95), ([1] * 19 + [99], 1), ([1] * 9 + [99], 99)],
)
def test_percentile(values: list[int], expected: int) -> None:
    assert tidy.percentile_95(values) == expected


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("time.sleep(1)", 1),
        ("await asyncio.sleep(0.1)", 1),
        ("sleep(duration)", 1),
        ("await asyncio.sleep(0)", 0),
        ("wait_until(lambda: sleepy)", 0),
    ],
)
def test_sleeps_in_tests_are_found(code: str, found: int) -> None:
    tree = ast.parse(f"async def f():\n    {code}\n")
    assert len(list(tidy.sleep_problems(ROOT / "tests" / "test_x.py", tree))) == found


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("X = 1\n", False),
        ("class P:\n    def f(self) -> int: ...\n", False),
        ('class P:\n    def f(self) -> int:\n        """Say."""\n', False),
        ("class P:\n    def f(self):\n        raise NotImplementedError\n", False),
        ("class P:\n    def f(self):\n        return 1\n", True),
        ("def f(x):\n    x.g()\n", True),
    ],
)
def test_interfaces_and_constants_need_no_tests(
    tmp_path: Path, code: str, *, expected: bool
) -> None:
    path = tmp_path / "module.py"
    path.write_text(code)
    assert tidy.has_behaviour(Module(path, "module")) is expected


def test_the_tests_of_a_module_have_its_path() -> None:
    (common,) = [package for package in packages() if package.name == "robustmq-common"]
    (module,) = [item for item in common.modules if item.name == "robustmq_common.implementation"]
    path = tidy.test_file(common, module)
    assert path == common.path / "tests" / "test_implementation.py"
    assert path.is_file()


def test_extensions_beside_sources_are_found(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidy, "ROOT", workspace)
    (package,) = packages(workspace)
    assert list(tidy.leftovers(package)) == []
    (package.source / "hot.cpython-311-x86_64-linux-gnu.so").write_bytes(b"")
    (problem,) = tidy.leftovers(package)
    assert "hot.cpython-311-x86_64-linux-gnu.so: a build product" in problem
