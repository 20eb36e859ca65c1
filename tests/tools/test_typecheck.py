"""mypy covers sources, tools and every folder of tests."""

from pathlib import Path

from tools import typecheck
from tools.workspace import packages


def test_every_package_is_covered() -> None:
    found = typecheck.targets()
    for package in packages():
        assert str(package.source) in found["sources"]
        runs = [files for name, files in found.items() if name.startswith(f"tests-{package.name}")]
        checked = sorted(file for files in runs for file in files)
        assert checked == sorted(str(path) for path in package.tests.rglob("*.py"))


def test_no_run_has_two_files_of_one_name() -> None:
    for name, files in typecheck.targets().items():
        if name.startswith("tests-robustmq"):
            assert len({Path(file).name for file in files}) == len(files)


def test_this_folder_and_the_tools_are_covered() -> None:
    found = typecheck.targets()
    assert found["tools"] == ["tools"]
    assert any(name.endswith("tests-tools") for name in found)
