"""The list of compiled modules follows the marks in the sources."""

from pathlib import Path

from tools import kinds
from tools.workspace import packages


def source(workspace: Path) -> Path:
    return workspace / "packages" / "robustmq-one" / "src" / "robustmq_one"


def problems(workspace: Path) -> list[str]:
    (package,) = packages(workspace)
    return list(kinds.problems(package))


def test_an_orderly_package_has_no_problems(workspace: Path) -> None:
    assert problems(workspace) == []


def test_a_module_without_a_kind_is_named(workspace: Path) -> None:
    (source(workspace) / "other.py").write_text('"""No kind."""\n')
    (problem,) = problems(workspace)
    assert "other.py: the docstring must open with the module's kind" in problem


def test_an_unknown_kind_is_named(workspace: Path) -> None:
    (source(workspace) / "other.py").write_text('"""[Z] No such kind."""\n')
    (problem,) = problems(workspace)
    assert "[Z] is not one of H, P, D, R, A" in problem


def test_a_folder_of_modules_is_a_package(workspace: Path) -> None:
    folder = source(workspace) / "inner"
    folder.mkdir()
    (folder / "deep.py").write_text('"""[P] Deep."""\n')
    (problem,) = problems(workspace)
    assert problem.endswith("inner: has modules but no __init__.py")


def test_a_new_hot_module_is_missed_then_written(workspace: Path) -> None:
    (source(workspace) / "faster.py").write_text('"""[H] Faster."""\n')
    (problem,) = problems(workspace)
    assert "/src/robustmq_one/faster.py" in problem
    assert "make kinds" in problem

    (package,) = packages(workspace)
    assert kinds.write(package)
    (package,) = packages(workspace)
    assert package.listed == ["/src/robustmq_one/faster.py", "/src/robustmq_one/hot.py"]
    assert problems(workspace) == []
    assert not kinds.write(package)


def test_a_module_that_is_no_longer_hot_leaves_the_list(workspace: Path) -> None:
    (source(workspace) / "hot.py").write_text('"""[P] Not hot."""\n\nSIZE = 2\n')
    (package,) = packages(workspace)
    kinds.write(package)
    assert problems(workspace) == []
