import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from robustmq_cli.server import app
from robustmq_cli.server.config import show as show_module
from robustmq_cli.server.config.show import as_json, as_text, as_toml
from robustmq_common.config import Seconds, Secret, Section, Settings, load_settings


class Inner(Section):
    depth: int = 1


class Row(Section):
    filter: str
    keep: int = 1
    free: dict[str, object] = {}


class Sample(Section):
    timeout: Seconds = 7200.0
    named: dict[str, Inner] = {}
    password: Secret | None = None
    names: list[str] = ["a", 'b"']
    free: dict[str, object] = {}
    maybe: int | None = None


def settings(*overrides: str) -> Settings:
    return load_settings({"sample": Sample}, None, {}, overrides)


OVERRIDES = (
    "sample.password=hunter2",
    "sample.named.x.depth=2",
    'sample.free={"odd key" = {token = "hunter2", on = true}, n = 1.5}',
)


def test_text_has_columns() -> None:
    assert as_text(list(settings(*OVERRIDES).items())).splitlines() == [
        'sample.timeout               "2h"          default',
        "sample.named.x.depth         2             --set",
        "sample.password              (redacted)    --set",
        'sample.names                 ["a", "b\\""]  default',
        "sample.free.'odd key'.token  (redacted)    --set",
        "sample.free.'odd key'.on     true          --set",
        "sample.free.n                1.5           --set",
        "sample.maybe                 unset         default",
    ]


def test_toml_can_be_read_again() -> None:
    first = settings("sample.named.x.depth=2", 'sample.free={"odd key" = {on = true}, n = 1.5}')
    text = as_toml(list(first.items()))
    assert "timeout = " in text
    assert "# default" in text
    document = tomllib.loads(text)
    again = load_settings({"sample": Sample}, None, {}, [], document)
    assert again.section("sample") == first.section("sample")


@pytest.mark.parametrize("rows", ["[]", "[{filter='a', free={x = 1}}, {filter='b'}]"])
def test_tables_in_an_order_can_be_read_again(rows: str) -> None:
    sections = {"sample": Sample, "rows": list[Row]}
    first = load_settings(sections, None, {}, [f"rows={rows}"])
    document = tomllib.loads(as_toml(list(first.items())))
    again = load_settings(sections, None, {}, [], document)
    assert again.section("rows") == first.section("rows")
    assert again.section("sample") == first.section("sample")


def test_toml_shows_what_has_no_value_as_comments() -> None:
    lines = as_toml(list(settings(*OVERRIDES).items())).splitlines()
    assert any(line.startswith("# password = (redacted)") for line in lines)
    assert any(line.startswith("# maybe = unset") for line in lines)


def test_json_has_plain_values() -> None:
    document = json.loads(as_json(list(settings(*OVERRIDES).items())))
    assert document["sample.timeout"] == {"value": 7200.0, "origin": "default"}
    assert document["sample.password"] == {"value": "(redacted)", "origin": "--set"}
    assert document["sample.maybe"] == {"value": None, "origin": "default"}


@pytest.mark.parametrize("write", [as_text, as_toml, as_json])
def test_secrets_are_in_none_of_them(write: object) -> None:
    assert callable(write)
    assert "hunter2" not in write(list(settings(*OVERRIDES).items()))


@pytest.fixture
def _no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show_module, "set_up_logging", lambda *_: None)


def show(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["config", "show", *arguments])


@pytest.mark.usefixtures("_no_log")
def test_the_command_shows_every_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "broker.toml"
    config.write_text("[log]\nlevel = 'debug'\n")
    monkeypatch.setenv("ROBUSTMQ_LOG__FORMAT", "json")
    arguments = ["--config", str(config), "--set", "broker.node=n", "--data-dir", str(tmp_path)]
    result = show("--format", "json", *arguments)
    found = json.loads(result.stdout)
    assert found["log.level"] == {"value": "debug", "origin": f"file {config}:2"}
    assert found["log.format"] == {"value": "json", "origin": "environment ROBUSTMQ_LOG__FORMAT"}
    assert found["broker.node"] == {"value": "n", "origin": "--set"}
    assert found["broker.data_dir"] == {"value": str(tmp_path), "origin": "--data-dir"}
    assert found["storage.adapter"] == {"value": "rocksdb", "origin": "default"}


@pytest.mark.usefixtures("_no_log")
def test_a_wrong_configuration_is_not_shown() -> None:
    result = show("--set", "log.level=loud")
    assert (result.exit_code, result.stdout) == (78, "")
    assert result.stderr.startswith('error: log.level = "loud" (--set): expected one of')


def test_formats_are_named_in_the_help() -> None:
    assert "text|toml|json" in show("--help").stdout
