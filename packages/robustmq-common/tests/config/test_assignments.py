import tomllib
from typing import Any

import pytest
from pydantic import Field

from robustmq_common.config.assignments import (
    DEFAULT,
    OTHER_VARIABLES,
    SET,
    Assignment,
    Origin,
    Text,
    from_defaults,
    from_environment,
    from_override,
    from_toml,
    interpret,
)
from robustmq_common.config.model import Secret, Section
from robustmq_common.config.schema import build


class Sample(Section):
    text: str = ""
    secret: Secret | None = None
    number: int = 0
    names: list[str] = Field(default_factory=list)
    free: dict[str, Any] = Field(default_factory=dict)


TREE = build({"sample": Sample})


def interpreted(path: tuple[str, ...], value: Any) -> dict[tuple[str, ...], Any]:
    return {one.path: one.value for one in interpret(TREE, [Assignment(path, value, SET)])}


def test_origins_say_where() -> None:
    assert str(DEFAULT) == "default"
    assert str(Origin("file", "a.toml:3")) == "file a.toml:3"
    assert str(SET) == "--set"


def test_a_file_gives_values_with_their_lines() -> None:
    text = "[a]\nb = 1\nc = {d = 2, e = {}}\n[f]\n"
    found = {one.path: (one.value, str(one.origin)) for one in from_toml(text, "x.toml")}
    assert found == {
        ("a", "b"): (1, "file x.toml:2"),
        ("a", "c", "d"): (2, "file x.toml:3"),
        ("a", "c", "e"): ({}, "file x.toml:3"),
        ("f",): ({}, "file x.toml:4"),
    }
    with pytest.raises(tomllib.TOMLDecodeError):
        list(from_toml("a = ", "x.toml"))


def test_variables_name_paths() -> None:
    found = list(from_environment({"ROBUSTMQ_LISTENERS__TCP__BIND": "x:1", "HOME": "x"}))
    origin = Origin("environment", "ROBUSTMQ_LISTENERS__TCP__BIND")
    assert found == [Assignment(("listeners", "tcp", "bind"), "x:1", origin)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "1") for name in OTHER_VARIABLES),
        ("ROBUSTMQ_SERVICE_HOST", "10.0.0.1"),
        ("ROBUSTMQ_SERVICE_PORT", "1883"),
        ("ROBUSTMQ_SERVICE_PORT_MQTT", "1883"),
        ("ROBUSTMQ_PORT", "tcp://10.0.0.1:1883"),
        ("ROBUSTMQ_PORT_1883_TCP", "tcp://10.0.0.1:1883"),
        ("ROBUSTMQ_PORT_1883_TCP_ADDR", "10.0.0.1"),
        ("ROBUSTMQ_BROKER_SERVICE_HOST", "10.0.0.1"),
        ("NOT_ROBUSTMQ_LOG__LEVEL", "debug"),
    ],
)
def test_variables_that_are_no_settings(name: str, value: str) -> None:
    assert list(from_environment({name: value})) == []


@pytest.mark.parametrize("name", ["ROBUSTMQ_PORT", "ROBUSTMQ_LOG__SERVICE_HOST", "ROBUSTMQ_X"])
def test_other_variables_are_kept_to_be_complained_about(name: str) -> None:
    assert len(list(from_environment({name: "1883"}))) == 1


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("a.b=c", ("a", "b"), "c"),
        ("a.b=", ("a", "b"), ""),
        ("a.b=c=d", ("a", "b"), "c=d"),
        (" a . b =1", ("a", "b"), "1"),
        ('a."b.c"=1', ("a", "b.c"), "1"),
        ("a={b = 1}", ("a",), "{b = 1}"),
        ("a=[{b = 1}]", ("a",), "[{b = 1}]"),
    ],
)
def test_overrides_are_split(override: str, path: tuple[str, ...], value: str) -> None:
    assert from_override(override) == Assignment(path, Text(value), SET)


@pytest.mark.parametrize("override", ["", "a", "a.b", "=1", "a=1", ".a=1", "a b.c=1", "a.b\nc=1"])
def test_what_is_no_override(override: str) -> None:
    assert from_override(override) is None


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("5", 5),
        ("true", True),
        ("1.5", 1.5),
        ('["a", "b"]', ["a", "b"]),
        ('"5"', "5"),
        ("15s", "15s"),
        ("127.0.0.1:1", "127.0.0.1:1"),
        ("", ""),
        ("1\nother = 2", "1\nother = 2"),
        ("[unfinished", "[unfinished"),
    ],
)
def test_typed_values_are_toml_or_bare_words(typed: str, read: object) -> None:
    assert interpreted(("sample", "number"), Text(typed)) == {("sample", "number"): read}


@pytest.mark.parametrize("key", ["text", "secret"])
@pytest.mark.parametrize("typed", ["5", "true", '"quoted"', "[1]", "2024-01-01", " "])
def test_text_keys_take_what_was_typed(key: str, typed: str) -> None:
    assert interpreted(("sample", key), Text(typed)) == {("sample", key): typed}


def test_typed_tables_are_taken_apart() -> None:
    found = interpreted(("sample",), Text("{number = 1, free = {a = {b = 2}, c = {}}}"))
    assert found == {
        ("sample", "number"): 1,
        ("sample", "free", "a", "b"): 2,
        ("sample", "free", "c"): {},
    }


def test_defaults_are_tables_too() -> None:
    found = list(interpret(TREE, from_defaults({"sample": {"number": 1, "text": "5"}})))
    assert [(one.path, one.value, one.origin) for one in found] == [
        (("sample", "number"), 1, DEFAULT),
        (("sample", "text"), "5", DEFAULT),
    ]
