"""[P] What a key expects, in words for error messages and for the reference."""

import json
import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, NamedTuple, get_args, get_origin

from pydantic import SecretStr

from robustmq_common.config.model import DURATION, SIZE, Expected
from robustmq_common.config.quantities import format_bytes, format_seconds
from robustmq_common.config.schema import Key, alternatives


class Words(NamedTuple):
    """A type in a sentence ("a list of text"), as a name ("list of text"), and an example."""

    what: str
    name: str
    how: str = ""


_PLAIN_TYPES: Final[dict[Any, Words]] = {
    bool: Words("true or false", "boolean"),
    int: Words("an integer", "integer"),
    float: Words("a number", "number"),
    str: Words("text", "text"),
    SecretStr: Words("text", "secret"),
}

_LIMITS: Final = {
    "ge": "of at least",
    "gt": "greater than",
    "le": "of at most",
    "lt": "less than",
}
_CONTROLS: Final = re.compile(r"[\x7f-\x9f]")  # JSON leaves these as they are, TOML does not


def expectation(key: Key) -> str:
    """Complete the sentence "expected ...", such as "an integer from 1 to 65535"."""
    words = _words(key.annotation, key.metadata)
    return words.what + bounds(key) + words.how


def type_name(key: Key) -> str:
    """Name the type for a column of the reference, such as "duration" or `"text" | "json"`."""
    return _words(key.annotation, key.metadata).name


def bounds(key: Key) -> str:
    """Say between what a value must lie, such as " from 1 to 65535"; "" if nothing does."""
    show = _shower(key.metadata)
    found: dict[str, Any] = {}
    for mark in key.metadata:
        for name in ("ge", "gt", "le", "lt", "min_length", "max_length"):
            if getattr(mark, name, None) is not None:
                found[name] = getattr(mark, name)
    if "ge" in found and "le" in found:
        return f" from {show(found['ge'])} to {show(found['le'])}"
    limits = [f"{words} {show(found[name])}" for name, words in _LIMITS.items() if name in found]
    if limits:
        return " " + " and ".join(limits)
    items = get_origin(alternatives(key.annotation)[0]) is list
    return _length(found.get("min_length", 0), found.get("max_length"), items=items)


def show_value(key: Key, value: Any) -> str:
    """Write a value as in a TOML file, durations and sizes with their units."""
    if DURATION in key.metadata and isinstance(value, int | float):
        return f'"{format_seconds(value)}"'
    if SIZE in key.metadata and isinstance(value, int):
        return f'"{format_bytes(value)}"'
    return toml_value(value)


def toml_value(value: Any) -> str:
    """Write a value of any type that TOML has on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _CONTROLS.sub(_escape, json.dumps(value, ensure_ascii=False))
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(one) for one in value) + "]"
    if isinstance(value, dict):
        inner = ", ".join(f"{toml_value(name)} = {toml_value(one)}" for name, one in value.items())
        return "{" + inner + "}"
    return str(value)


def _escape(control: re.Match[str]) -> str:
    return f"\\u{ord(control[0]):04x}"


def _length(least: int, most: int | None, *, items: bool) -> str:
    noun = "items" if items else "characters"
    if most is not None:
        return f" of {least} to {most} {noun}" if least else f" of at most {most} {noun}"
    if least > 1:
        return f" of at least {least} {noun}"
    return " that is not empty" if least else ""


def _shower(metadata: tuple[Any, ...]) -> Callable[[Any], str]:
    if DURATION in metadata:
        return format_seconds
    if SIZE in metadata:
        return format_bytes
    return str


def _words(annotation: Any, metadata: tuple[Any, ...] = ()) -> Words:
    for mark in metadata:
        if isinstance(mark, Expected):
            return Words(mark.what, mark.name, mark.how)
    options = alternatives(annotation)
    if len(options) > 1:
        each = [_words(option) for option in options]
        return Words(" or ".join(one.what for one in each), " | ".join(one.name for one in each))
    origin = get_origin(options[0])
    if origin is Annotated:
        inner, *marks = get_args(options[0])
        return _words(inner, tuple(marks))
    if origin is Literal:
        values = [toml_value(one) for one in get_args(options[0])]
        one_of = "one of " if len(values) > 1 else ""
        return Words(one_of + ", ".join(values), " | ".join(values))
    if origin is list:
        inner = get_args(options[0])[0]
        of = _words(inner)
        example = ', such as ["one", "two"]' if inner is str else ""
        return Words(f"a list of {of.what}", f"list of {of.name}", example)
    return _PLAIN_TYPES.get(options[0], Words(str(annotation), str(annotation)))
