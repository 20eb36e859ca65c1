import tomllib
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from robustmq_common.config.expectations import expectation, show_value, toml_value, type_name
from robustmq_common.config.model import Address, Bytes, Expected, Seconds, Secret, Section
from robustmq_common.config.schema import Key, build, find


class Sample(Section):
    yes: bool = True
    port: int = Field(1, ge=1, le=65535)
    many: int = Field(1, ge=1)
    few: int = Field(1, le=9)
    ratio: float = Field(0.5, gt=0, lt=1)
    name: str = Field("x", min_length=1)
    long: str = Field("x", min_length=2, max_length=8)
    longer: str = Field("xx", min_length=2)
    short: str = Field("x", max_length=8)
    level: Literal["low", "high"] = "low"
    maybe: bool | Literal["auto"] = "auto"
    optional: int | None = None
    names: list[str] = Field(default_factory=list)
    ports: list[Annotated[int, Expected("a port", name="port")]] = Field(default_factory=list)
    few_names: list[str] = Field(default_factory=list, max_length=3)
    timeout: Seconds = Field(1.0, ge=1, le=7200)
    size: Bytes = Field(1, le=2**20)
    pause: Annotated[Seconds, Field(ge=1, le=60)] | None = None
    bind: Address = "a:1"
    secret: Secret | None = None


TREE = build({"sample": Sample})


def key(name: str) -> Key:
    found = find(TREE, ("sample", name))
    assert isinstance(found, Key)
    return found


@pytest.mark.parametrize(
    ("name", "sentence", "noun"),
    [
        ("yes", "true or false", "boolean"),
        ("port", "an integer from 1 to 65535", "integer"),
        ("many", "an integer of at least 1", "integer"),
        ("few", "an integer of at most 9", "integer"),
        ("ratio", "a number greater than 0 and less than 1", "number"),
        ("name", "text that is not empty", "text"),
        ("long", "text of 2 to 8 characters", "text"),
        ("longer", "text of at least 2 characters", "text"),
        ("short", "text of at most 8 characters", "text"),
        ("level", 'one of "low", "high"', '"low" | "high"'),
        ("maybe", 'true or false or "auto"', 'boolean | "auto"'),
        ("optional", "an integer", "integer"),
        ("names", 'a list of text, such as ["one", "two"]', "list of text"),
        (
            "few_names",
            'a list of text of at most 3 items, such as ["one", "two"]',
            "list of text",
        ),
        ("ports", "a list of a port", "list of port"),
        (
            "timeout",
            'a duration from 1s to 2h: seconds, or text such as "15s" or "2h"',
            "duration",
        ),
        (
            "pause",
            'a duration from 1s to 1m: seconds, or text such as "15s" or "2h"',
            "duration",
        ),
        ("size", 'a size of at most 1MB: bytes, or text such as "64KB" or "1MB"', "size"),
        ("bind", '"host:port", such as "127.0.0.1:1883" or "[::1]:1883"', "address"),
        ("secret", "text", "secret"),
    ],
)
def test_what_is_expected(name: str, sentence: str, noun: str) -> None:
    assert expectation(key(name)) == sentence
    assert type_name(key(name)) == noun


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("timeout", 7200.0, '"2h"'),
        ("size", 65536, '"64KB"'),
        ("pause", 60, '"1m"'),
        ("size", "64 furlongs", '"64 furlongs"'),
        ("port", 7200, "7200"),
        ("yes", False, "false"),
        ("names", ["a", "b"], '["a", "b"]'),
    ],
)
def test_how_values_are_shown(name: str, value: object, shown: str) -> None:
    assert show_value(key(name), value) == shown


VALUES = st.recursive(
    st.booleans() | st.integers(-(2**60), 2**60) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_toml_values_are_read_as_themselves(value: Any) -> None:
    written = toml_value(value)
    assert tomllib.loads(f"value = {written}") == {"value": value}
    assert "\n" not in written
