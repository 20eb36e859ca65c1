"""mypy covers sources, tools and every folder of tests."""

from tools import typecheck
from tools.workspace import packages


def test_every_package_is_covered() -> None:
    found = typecheck.targets()
    for package in packages():
        assert str(package.source) in found["sources"]
        assert str(package.tests) in found[f"tests-{package.name}"]


def test_this_folder_and_the_tools_are_covered() -> None:
    found = typecheck.targets()
    assert found["tools"] == ["tools"]
    assert any(name.endswith("tests-tools") for name in found)
