from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, model_validator

from robustmq_common.config.assignments import Assignment, Origin
from robustmq_common.config.load import load_settings, load_tolerant
from robustmq_common.config.model import Address, Section
from robustmq_common.errors import ConfigError


class Log(Section):
    level: str = "info"
    keep: int = Field(1, ge=1)


class Listener(Section):
    bind: Address
    backlog: int = 10
    enabled: bool = True


class Pair(Section):
    low: int = 1
    high: int = 2

    @model_validator(mode="after")
    def _check_order(self) -> "Pair":
        if self.low > self.high:
            raise ValueError("low must not be above high")
        return self


class Free(Section):
    settings: dict[str, Any] = Field(default_factory=dict)


class Rule(Section):
    filter: str
    keep: int = Field(1, ge=1)
    settings: dict[str, Any] = Field(default_factory=dict)


SECTIONS: dict[str, Any] = {
    "log": Log,
    "listeners": dict[str, Listener],
    "pair": Pair,
    "rules": list[Rule],
}
DEFAULTS = {"listeners": {"tcp": {"bind": "127.0.0.1:1883"}}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "broker.toml"


def test_without_anything_defaults_hold() -> None:
    settings = load_settings(SECTIONS, None, {}, [], DEFAULTS)
    assert settings.section("log") == Log()
    assert settings.section("listeners") == {"tcp": Listener(bind="127.0.0.1:1883")}
    assert {str(one.origin) for one in settings.items()} == {"default"}


def test_file_environment_set_and_options_win_in_this_order(file: Path) -> None:
    option = Assignment(("log", "level"), "option", Origin("--level"))
    steps: list[tuple[Any, ...]] = [
        (None, {}, [], []),
        (file, {}, [], []),
        (file, {"ROBUSTMQ_LOG__LEVEL": "environment"}, [], []),
        (file, {"ROBUSTMQ_LOG__LEVEL": "environment"}, ["log.level=a", "log.level=set"], []),
        (file, {"ROBUSTMQ_LOG__LEVEL": "environment"}, ["log.level=set"], [option]),
    ]
    file.write_text('[log]\nlevel = "file"\n')
    seen = []
    for path, environ, overrides, options in steps:
        settings = load_settings(SECTIONS, path, environ, overrides, options=options)
        seen.append((settings.section("log").level, str(settings.origin("log", "level"))))
    assert seen == [
        ("info", "default"),
        ("file", f"file {file}:2"),
        ("environment", "environment ROBUSTMQ_LOG__LEVEL"),
        ("set", "--set"),
        ("option", "--level"),
    ]


def test_a_default_listener_keeps_what_is_not_said(file: Path) -> None:
    file.write_text("[listeners.tcp]\nbacklog = 5\n[listeners.second]\nbind = '[::1]:0'\n")
    settings = load_settings(SECTIONS, file, {}, ["listeners.tcp.enabled=false"], DEFAULTS)
    assert settings.section("listeners") == {
        "tcp": Listener(bind="127.0.0.1:1883", backlog=5, enabled=False),
        "second": Listener(bind="[::1]:0"),
    }


def test_an_empty_table_is_a_table(file: Path) -> None:
    file.write_text("[log]\n[listeners.tcp]\n")
    settings = load_settings(SECTIONS, file, {}, [], DEFAULTS)
    assert settings.section("listeners") == {"tcp": Listener(bind="127.0.0.1:1883")}


RULES = """\
[[rules]]
filter = "a"
keep = 2
[[rules]]
filter = "b"
[rules.settings]
one = 1
more = [{x = 1}, {}]
"""


def test_tables_may_come_in_an_order(file: Path) -> None:
    file.write_text(RULES)
    settings = load_settings(SECTIONS, file, {}, [])
    more = {"one": 1, "more": [{"x": 1}, {}]}
    assert settings.section("rules") == [
        Rule(filter="a", keep=2),
        Rule(filter="b", settings=more),
    ]
    assert str(settings.origin("rules", "[0]", "keep")) == f"file {file}:3"
    assert str(settings.origin("rules", "[1]", "filter")) == f"file {file}:5"
    assert load_settings(SECTIONS, None, {}, []).section("rules") == []


@pytest.mark.parametrize("value", ['[{filter="c"}, {filter="d", keep=3}]', "[]"])
def test_a_later_source_gives_all_the_tables(file: Path, value: str) -> None:
    file.write_text(RULES)
    for environ, overrides in (({"ROBUSTMQ_RULES": value}, []), ({}, [f"rules={value}"])):
        settings = load_settings(SECTIONS, file, environ, overrides)
        wanted = [Rule(filter="c"), Rule(filter="d", keep=3)] if len(value) > 2 else []
        assert settings.section("rules") == wanted
        origins = {str(one.origin) for one in settings.items() if one.parts[0] == "rules"}
        assert f"file {file}:3" not in origins


def test_every_problem_of_tables_in_an_order_has_its_place(file: Path) -> None:
    file.write_text(RULES + "[[rules]]\nkeep = 0\nfitler = 'x'\n[[rules]]\n[[rules]]\nfilter = 7\n")
    with pytest.raises(ConfigError) as refused:
        load_settings(SECTIONS, file, {}, [])
    assert str(refused.value).splitlines() == [
        f'rules[2].fitler = "x" (file {file}:11): unknown key; did you mean "rules[2].filter"?',
        f"rules[2].filter (file {file}:10): missing; expected text",
        f"rules[2].keep = 0 (file {file}:10): expected an integer of at least 1",
        f"rules[3].filter (file {file}:12): missing; expected text",
        f"rules[4].filter = 7 (file {file}:14): expected text",
    ]


@pytest.mark.parametrize(
    ("override", "shown"),
    [
        ("rules={filter='a'}", 'rules.filter = "a"'),
        ("rules=[1]", "rules = [1]"),
        ("rules.filter=a", 'rules.filter = "a"'),
    ],
)
def test_what_is_no_list_of_tables_is_refused(override: str, shown: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(SECTIONS, None, {}, [override])
    rule = "expected a list of tables, [[rules]] in a file or rules=[{...}] elsewhere"
    assert str(refused.value) == f"{shown} (--set): {rule}"


@pytest.mark.parametrize(
    ("overrides", "settings"),
    [
        (["x=[{a=1}]", "x.b=2"], {"x": {"b": 2}}),
        (["x=[{a=1}]", "x={}"], {"x": {}}),
        (["x=1", "x.b=2"], {"x": {"b": 2}}),
        (["x=[1, 2]", "x.b=2"], {"x": {"b": 2}}),
        (["x=[{a=1}]", "x=[{b=1}, {c=2}]"], {"x": [{"b": 1}, {"c": 2}]}),
        (["x=[{a=[{b=1}, {}]}]"], {"x": [{"a": [{"b": 1}, {}]}]}),
    ],
)
def test_below_a_free_table_the_later_value_wins(
    overrides: list[str], settings: dict[str, Any]
) -> None:
    given = [f"free.settings.{one}" for one in overrides]
    free: dict[str, Any] = {"free": Free}
    assert load_settings(free, None, {}, given).section("free").settings == settings


def test_every_problem_is_listed(file: Path) -> None:
    file.write_text("[log]\nlevel = 5\nkeep = 0\n[listeners.two]\n[pear]\nx = 1\n[pair]\nlow = 9\n")
    environ = {"ROBUSTMQ_LISTENERS__TCP__BACKLOG": "many", "ROBUSTMQ_LOG_LEVEL": "x"}
    with pytest.raises(ConfigError) as refused:
        load_settings(SECTIONS, file, environ, ["log.lvl=1", "nonsense"], DEFAULTS)
    assert str(refused.value).splitlines() == [
        '--set nonsense: expected section.key=value, such as "log.level=debug"',
        f'pear.x = 1 (file {file}:6): unknown section; did you mean "pair.x"?',
        (
            'log_level = "x" (environment ROBUSTMQ_LOG_LEVEL): '
            "unknown section; did you mean ROBUSTMQ_LOG__LEVEL?"
        ),
        'log.lvl = 1 (--set): unknown key; did you mean "log.level"?',
        f"log.level = 5 (file {file}:2): expected text",
        f"log.keep = 0 (file {file}:3): expected an integer of at least 1",
        (
            'listeners.tcp.backlog = "many" (environment ROBUSTMQ_LISTENERS__TCP__BACKLOG): '
            "expected an integer"
        ),
        (
            f"listeners.two.bind (file {file}:4): missing; "
            'expected "host:port", such as "127.0.0.1:1883" or "[::1]:1883"'
        ),
        f"pair (file {file}:8): low must not be above high",
    ]


def test_an_override_that_makes_no_sense_does_not_repeat_its_value() -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(SECTIONS, None, {}, ["my password=hunter2"])
    assert "hunter2" not in str(refused.value)


def test_sections_of_plugins_left_out_are_passed_over(file: Path) -> None:
    file.write_text("[amqp]\nx = 1\n[log]\nlevel = 'debug'\n")
    settings = load_settings(SECTIONS, file, {}, [], ignore={"amqp", "log"})
    assert settings.section("log").level == "debug"
    with pytest.raises(ConfigError, match=r"amqp\.x = 1 .* unknown section"):
        load_settings(SECTIONS, file, {}, [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[log\n", r":1: not valid TOML: .* in: \[log"),
        (b"a = 1\n\nb = what\n", ":3: not valid TOML: invalid value in: b = what"),
        (b"a = 1\na = 2\n", ":2: not valid TOML: cannot overwrite a value"),
        (b"a = [\n1,\n", ":2: not valid TOML: "),
        (b"a = 1\nb = '\xff'\n", ":2: not UTF-8 text"),
        (b"password = hunter2\n", ":1: not valid TOML: invalid value$"),
    ],
)
def test_a_file_that_is_no_toml(file: Path, content: bytes, reason: str) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=f"broker.toml{reason}"):
        load_settings(SECTIONS, file, {}, [])


def test_a_file_that_is_not_there(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"broker\.toml: there is no such configuration file"):
        load_settings(SECTIONS, file, {}, [])


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read this configuration file: is a directory"):
        load_settings(SECTIONS, tmp_path, {}, [])


def test_files_from_other_systems(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf[log]\r\nlevel = 'debug'\r\n")
    settings = load_settings(SECTIONS, file, {}, [])
    assert str(settings.origin("log", "level")) == f"file {file}:2"


def test_a_tolerant_look_leaves_out_what_is_wrong(file: Path) -> None:
    file.write_text("[log]\nlevel = 'debug'\nkeep = 0\n[unknown]\nx = 1\n[pair]\nlow = 9\n")
    wanted = {"log": Log, "pair": Pair}
    settings = load_tolerant(wanted, file, {"ROBUSTMQ_X": "1"}, ["nonsense", "pair=5"])
    assert settings.section("log") == Log(level="debug")
    assert settings.section("pair") == Pair()


def test_a_tolerant_look_reads_every_source(file: Path) -> None:
    file.write_text("[pair]\nhigh = 7\n")
    option = Assignment(("log", "level"), "option", Origin("--level"))
    environ = {"ROBUSTMQ_LOG__KEEP": "3"}
    settings = load_tolerant(SECTIONS, file, environ, ["pair.low=5"], options=[option])
    assert settings.section("log") == Log(level="option", keep=3)
    assert settings.section("pair") == Pair(low=5, high=7)


def test_a_tolerant_look_may_be_strict_on_some_sections() -> None:
    overrides = ["pair.low=x", "log.keep=0"]
    with pytest.raises(ConfigError) as refused:
        load_tolerant({"log": Log, "pair": Pair}, None, {}, overrides, strict=["log"])
    assert str(refused.value) == "log.keep = 0 (--set): expected an integer of at least 1"


def test_a_tolerant_look_needs_a_readable_file(file: Path) -> None:
    file.write_text("[log\n")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_tolerant(SECTIONS, file, {}, [])
