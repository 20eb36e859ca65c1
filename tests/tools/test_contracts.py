"""Each import rule holds for a tree that keeps it, and names what breaks it."""

from pathlib import Path

import pytest

from tools import contracts
from tools.workspace import packages


def source(workspace: Path, package: str = "robustmq-one") -> Path:
    return workspace / "packages" / package / "src" / package.replace("-", "_")


def add_package(workspace: Path, name: str, **modules: str) -> None:
    folder = source(workspace, name)
    folder.mkdir(parents=True)
    (folder.parents[1] / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\ndependencies = []\n'
    )
    for module, text in {"__init__": '"""A package."""\n', **modules}.items():
        (folder / f"{module}.py").write_text(text)


def test_a_tree_that_keeps_the_rules_passes(workspace: Path) -> None:
    done = contracts.check(workspace)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "text", "broken"),
    [
        ("hot", '"""[H] Fast."""\nimport time\n', "robustmq_one.hot -> time"),
        ("hot", '"""[H] Fast."""\nimport dataclasses\n', "robustmq_one.hot -> dataclasses"),
        ("hot", '"""[H] Fast."""\nimport pytest\n', "robustmq_one.hot -> pytest"),
        (
            "hot",
            '"""[H] Fast."""\nfrom robustmq_one import driver\n',
            "robustmq_one.hot -> robustmq_one.driver",
        ),
        ("pure", '"""[P] Pure."""\nimport asyncio\n', "robustmq_one.pure -> asyncio"),
        ("pure", '"""[P] Pure."""\nimport random\n', "robustmq_one.pure -> random"),
        (
            "pure",
            '"""[P] Pure."""\nfrom robustmq_one import driver\n',
            "robustmq_one.pure -> robustmq_one.driver",
        ),
        ("driver", '"""[D] Driver."""\nimport pluggy\n', "robustmq_one.driver -> pluggy"),
    ],
)
def test_a_forbidden_import_is_named(workspace: Path, module: str, text: str, broken: str) -> None:
    (source(workspace) / f"{module}.py").write_text(text)
    done = contracts.check(workspace)
    assert done.returncode != 0
    assert broken in " ".join(done.stdout.split())


def test_types_may_be_imported_for_the_checker(workspace: Path) -> None:
    (source(workspace) / "hot.py").write_text(
        '"""[H] Fast."""\nfrom typing import TYPE_CHECKING\n'
        "if TYPE_CHECKING:\n    from robustmq_one import driver\n"
        "SIZE = 2\n"
    )
    assert contracts.check(workspace).returncode == 0


def test_packages_do_not_import_each_other(workspace: Path) -> None:
    add_package(workspace, "robustmq-two", a='"""[D] Two."""\nimport robustmq_one.driver\n')
    done = contracts.check(workspace)
    assert done.returncode != 0
    assert "robustmq_two.a -> robustmq_one.driver" in done.stdout


def test_packages_import_the_common_one(workspace: Path) -> None:
    add_package(workspace, "robustmq-common", a='"""[P] Common."""\n')
    add_package(workspace, "robustmq-two", a='"""[D] Two."""\nimport robustmq_common.a\n')
    assert contracts.check(workspace).returncode == 0


@pytest.mark.parametrize(("module", "verdict"), [("app", 0), ("client", 0), ("driver", 1)])
def test_the_command_line_imports_only_facades(workspace: Path, module: str, verdict: int) -> None:
    (source(workspace) / "app.py").write_text('"""[A] Wiring."""\n')
    (source(workspace) / "client.py").write_text('"""[P] What others may use."""\n')
    add_package(
        workspace, "robustmq-cli", main=f'"""[A] Main."""\nfrom robustmq_one import {module}\n'
    )
    assert contracts.check(workspace).returncode == verdict


def test_the_contracts_cover_every_package_of_the_repository() -> None:
    members = packages()
    text = contracts.render([], contracts.build(members))
    assert len(members) > 1
    for package in members:
        assert f"{package.import_name} imports" in text
