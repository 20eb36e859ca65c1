"""Packages and kinds are read from the tree itself."""

from pathlib import Path

from tools.workspace import ROOT, packages, requirement_name, siblings


def test_every_package_of_the_repository_is_a_member() -> None:
    found = {package.path for package in packages()}
    below = (ROOT / "packages", ROOT / "protocols")
    expected = {path.parent for folder in below for path in folder.glob("*/pyproject.toml")}
    assert len(expected) > 1
    assert found == expected


def test_import_names_are_flat_and_match_the_folders() -> None:
    for package in packages():
        assert (package.source / "__init__.py").is_file()
        assert (package.source / "py.typed").is_file()


def test_siblings_are_the_members_a_package_requires() -> None:
    members = packages()
    by_name = {package.name: package for package in members}
    assert siblings(by_name["robustmq-common"], members) == []
    assert by_name["robustmq-common"] in siblings(by_name["robustmq-mqtt"], members)


def test_requirement_names_are_normalised() -> None:
    assert requirement_name("Mypy_Extensions>=1.0") == "mypy-extensions"
    assert requirement_name("uvloop>=0.21; sys_platform == 'linux'") == "uvloop"


def test_kinds_come_from_the_docstring(workspace: Path) -> None:
    (package,) = packages(workspace)
    kinds = {module.name: module.kind for module in package.modules}
    assert kinds == {
        "robustmq_one": None,
        "robustmq_one.hot": "H",
        "robustmq_one.pure": "P",
        "robustmq_one.driver": "D",
    }
    assert [module.name for module in package.hot] == ["robustmq_one.hot"]
    assert [module.name for module in package.modules if module.is_bare] == ["robustmq_one"]
