"""The reference is what the code says; the example file is a configuration that changes nothing."""

import re
from pathlib import Path

import pytest

from robustmq_common.config import load_settings
from robustmq_common.config.schema import Key, build
from tools import generate_reference as reference
from tools.workspace import ROOT


def test_the_checked_in_files_are_up_to_date() -> None:
    assert sorted(reference.stale()) == [], "run python -m tools.generate_reference"


def test_what_is_out_of_date_is_named_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reference.main(["--check"], tmp_path) == 1
    assert "docs/reference/commands.md is out of date: run" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
    assert reference.main([], tmp_path) == 0
    assert reference.main(["--check"], tmp_path) == 0
    page = tmp_path / "docs" / "reference" / "variables.md"
    page.write_text(page.read_text() + "by hand\n")
    capsys.readouterr()
    assert reference.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out.splitlines() == [
        "docs/reference/variables.md is out of date: run python -m tools.generate_reference"
    ]


@pytest.fixture
def example() -> str:
    return (ROOT / "config" / "robustmq.toml").read_text(encoding="utf-8")


def load(file: Path | None) -> dict[str, object]:
    defaults = {"listeners": reference.listeners()}
    settings = load_settings(reference.sections(), file, {}, [], defaults)
    return {one.path: one.value for one in settings.items()}


def test_the_example_changes_nothing(example: str) -> None:
    assert load(ROOT / "config" / "robustmq.toml") == load(None)


def test_nor_does_it_with_every_line_in_effect(example: str, tmp_path: Path) -> None:
    unset = "  # not set"
    lines = re.sub(rf"^#(\w+ =(?!{unset}).*)$", r"\1", example, flags=re.MULTILINE)
    file = tmp_path / "robustmq.toml"
    file.write_text(lines)
    assert load(file) == load(None)


def test_the_rule_of_the_example_is_a_rule(example: str, tmp_path: Path) -> None:
    begin = example.index("# [[topics]]")
    rule = example[begin : example.index("\n\n", begin)]
    file = tmp_path / "robustmq.toml"
    file.write_text(re.sub(r"^# +(?=\[|\w+ = )", "", rule, flags=re.MULTILINE))
    found = load(file)
    assert found["topics[0].filter"] == "telemetry/#"
    assert found["topics[0].retention"] == 604_800


def test_the_example_has_every_key(example: str) -> None:
    shown = set(re.findall(r"^# *(?:\w+\.)*(\w+) =", example, flags=re.MULTILINE))
    # Arrays of tables within a table, such as tls.sni, are in the reference only.
    there = {
        path[-1]
        for path, _ in reference.keys(build(reference.sections()))
        if reference.PLACE not in path[2:]
    }
    assert shown == there


def test_every_key_of_every_section_is_described() -> None:
    for path, node in reference.keys(build(reference.sections())):
        assert node.description.endswith("."), f"{path} has no description that is a sentence"
        assert isinstance(node, Key) or path[-1] == "settings"


def test_every_command_has_a_heading() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    for command in ("run", "start", "stop", "status", "config show"):
        assert f"\n## robust-server {command}\n" in page
    assert "descriptor" not in page
