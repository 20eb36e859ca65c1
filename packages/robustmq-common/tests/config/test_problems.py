from typing import Any

import pytest
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from robustmq_common.config.assignments import SET, Assignment, Origin
from robustmq_common.config.model import Address, Seconds, Secret, Section
from robustmq_common.config.problems import invalid, misplaced, problem
from robustmq_common.config.schema import build

FILE = Origin("file", "a.toml:7")
VARIABLE = Origin("environment", "ROBUSTMQ_X")


class Listener(Section):
    bind: Address
    backlog: int = Field(10, ge=1, le=100)


class Sample(Section):
    level: str = "x"
    low: int = 1
    high: int = 2
    timeout: Seconds = Field(5, ge=1, le=60)
    names: list[str] = Field(default_factory=list)
    password: Secret | None = None
    listeners: dict[str, Listener] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_order(self) -> "Sample":
        if self.low > self.high:
            raise ValueError("low must not be above high")
        return self


SECTIONS = {"sample": Sample, "listeners": dict[str, Listener]}
TREE = build(SECTIONS)


def test_a_problem_is_one_line() -> None:
    line = problem(("a", "b"), "x\ny", FILE, "expected an integer", secret=False)
    assert line == r'a.b = "x\ny" (file a.toml:7): expected an integer'


def test_secrets_are_hidden_and_long_values_cut() -> None:
    assert problem(("a",), "hunter2", None, "no", secret=True) == "a = (redacted): no"
    assert len(problem(("a",), "x" * 500, None, "no", secret=False)) < 100


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (
            ("sample", "levl"),
            "info",
            'sample.levl = "info" (--set): unknown key; did you mean "sample.level"?',
        ),
        (
            ("smaple", "level"),
            1,
            'smaple.level = 1 (--set): unknown section; did you mean "sample.level"?',
        ),
        (
            ("level",),
            1,
            'level = 1 (--set): unknown section; did you mean "sample.level"?',
        ),
        (
            ("listeners", "tcp", "binnd"),
            1,
            'listeners.tcp.binnd = 1 (--set): unknown key; did you mean "listeners.tcp.bind"?',
        ),
        (
            ("listeners", "tcp", "zzz"),
            1,
            "listeners.tcp.zzz = 1 (--set): unknown key; there are backlog, bind",
        ),
        (
            ("zzz", "zzz"),
            1,
            "zzz.zzz = 1 (--set): unknown section; there are listeners, sample",
        ),
        (
            ("sample", "level", "x"),
            1,
            "sample.level.x = 1 (--set): sample.level is a value, not a table",
        ),
        (
            ("sample", "passwort"),
            "hunter2",
            'sample.passwort = (redacted) (--set): unknown key; did you mean "sample.password"?',
        ),
        (
            ("sample", "password", "x"),
            "hunter2",
            "sample.password.x = (redacted) (--set): sample.password is a value, not a table",
        ),
        (("sample",), 5, "sample = 5 (--set): expected a table with the keys of sample"),
        (
            ("listeners", "My Listener", "bind"),
            1,
            (
                "listeners.'My Listener'.bind = 1 (--set): "
                "expected a name of lower-case letters and digits, joined by single - or _"
            ),
        ),
    ],
)
def test_misplaced_values(path: tuple[str, ...], value: object, line: str) -> None:
    assert misplaced(TREE, Assignment(path, value, SET)) == line


@pytest.mark.parametrize(
    ("path", "suggestion"),
    [
        (("sample", "levl"), "ROBUSTMQ_SAMPLE__LEVEL"),
        (("sample_level",), "ROBUSTMQ_SAMPLE__LEVEL"),
        (("smaple", "level"), "ROBUSTMQ_SAMPLE__LEVEL"),
    ],
)
def test_variables_are_suggested_as_variables(path: tuple[str, ...], suggestion: str) -> None:
    line = misplaced(TREE, Assignment(path, "x", VARIABLE))
    assert line is not None
    assert "(environment ROBUSTMQ_X)" in line
    assert line.endswith(f"did you mean {suggestion}?")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("sample", "level"), 5),
        (("sample",), {}),
        (("listeners", "a-1"), {}),
        (("listeners", "tcp_2", "bind"), 5),
        (("sample", "settings", "Any Thing", "below"), 5),
        (("sample", "settings"), 5),
    ],
)
def test_values_in_their_place_are_left_to_the_models(path: tuple[str, ...], value: object) -> None:
    assert misplaced(TREE, Assignment(path, value, SET)) is None


def found(section: str, values: Any, origins: dict[tuple[str, ...], Origin]) -> list[str]:
    declared: Any = SECTIONS[section]
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(declared).validate_python(values)
    return [line for _, line in invalid(TREE, section, refused.value, {section: values}, origins)]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"low": "x"}, 'sample.low = "x" (file a.toml:7): expected an integer'),
        ({"low": True}, "sample.low = true (file a.toml:7): expected an integer"),
        (
            {"timeout": "2m"},
            (
                'sample.timeout = "2m" (file a.toml:7): '
                'expected a duration from 1s to 1m: seconds, or text such as "15s" or "2h"'
            ),
        ),
        (
            {"timeout": "soon"},
            (
                'sample.timeout = "soon" (file a.toml:7): '
                'expected a duration: seconds, or text such as "15s" or "2h"'
            ),
        ),
        (
            {"names": ["a", 2]},
            (
                'sample.names = ["a", 2] (file a.toml:7): '
                'item 2: expected a list of text, such as ["one", "two"]'
            ),
        ),
        ({"password": 5}, "sample.password = (redacted) (file a.toml:7): expected text"),
        (
            {"listeners": {"x": {"bind": "y"}}},
            (
                'sample.listeners.x.bind = "y" (file a.toml:7): '
                'expected "host:port", such as "127.0.0.1:1883"'
            ),
        ),
        (
            {"listeners": {"x": {}}},
            (
                "sample.listeners.x.bind (file a.toml:7): missing; "
                'expected "host:port", such as "127.0.0.1:1883" or "[::1]:1883"'
            ),
        ),
        ({"low": 3}, "sample (file a.toml:7): low must not be above high"),
        ({"settings": 3}, "sample.settings (file a.toml:7): Input should be a valid dictionary"),
    ],
)
def test_values_that_a_model_refuses(values: dict[str, Any], line: str) -> None:
    assert found("sample", values, {("sample",): FILE}) == [line]


def test_each_value_is_complained_about_once_with_its_own_origin() -> None:
    values = {"a": {"bind": 1, "backlog": 0}, "b": {}}
    origins: dict[tuple[str, ...], Origin] = {
        ("listeners", "a", "bind"): SET,
        ("listeners", "a", "backlog"): FILE,
        ("listeners", "b"): VARIABLE,
    }
    assert found("listeners", values, origins) == [
        (
            'listeners.a.bind = 1 (--set): expected "host:port", '
            'such as "127.0.0.1:1883" or "[::1]:1883"'
        ),
        "listeners.a.backlog = 0 (file a.toml:7): expected an integer from 1 to 100",
        (
            "listeners.b.bind (environment ROBUSTMQ_X): missing; "
            'expected "host:port", such as "127.0.0.1:1883" or "[::1]:1883"'
        ),
    ]


def test_what_a_model_itself_has_wrong_has_no_origin() -> None:
    class Wrong(Section):
        model_config = ConfigDict(validate_default=True)

        number: int = Field(0, ge=1)

    with pytest.raises(ValidationError) as refused:
        Wrong()
    tree = build({"wrong": Wrong})
    values = {"wrong": {"number": 0}}
    lines = [line for _, line in invalid(tree, "wrong", refused.value, values, {})]
    assert lines == ["wrong.number = 0: expected an integer of at least 1"]
