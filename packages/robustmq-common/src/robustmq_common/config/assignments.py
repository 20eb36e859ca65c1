"""[P] What each source of configuration assigns, before anyone knows whether it is right."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from robustmq_common.config.schema import Key, Path, Table, find, place, takes_text
from robustmq_common.config.toml_lines import key_lines

PREFIX: Final = "ROBUSTMQ_"

OTHER_VARIABLES: Final[Mapping[str, str]] = {
    "ROBUSTMQ_PURE": (
        "1 runs the hot modules as plain Python even where compiled ones are installed; "
        "0 or nothing takes what is installed."
    ),
    "ROBUSTMQ_EXPECT": (
        "Read by the test suite only, set by `make test`: the form that has to be running."
    ),
}
"""Variables with the prefix that are no settings, and what they do."""

# A Kubernetes service whose name starts with robustmq puts these into every pod of its namespace.
_SERVICE_LINK: Final = re.compile(
    r"ROBUSTMQ_(?:[A-Z0-9]+_)*?"
    r"(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_\w+)?|PORT(?==\w+://))=.*",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written: "default", "file a.toml:12", "environment NAME" or "--set"."""

    kind: str
    place: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.place}".rstrip()


DEFAULT: Final = Origin("default")
SET: Final = Origin("--set")


class Text(str):
    """A value as somebody typed it, still to be read as TOML or taken literally."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """One value for one path; a later assignment to the same path wins."""

    path: Path
    value: Any
    origin: Origin


def from_defaults(defaults: Mapping[str, Any]) -> Iterator[Assignment]:
    """Yield what packs want without configuration."""
    for name, value in defaults.items():
        yield Assignment((name,), value, DEFAULT)


def from_toml(text: str, file_name: str) -> Iterator[Assignment]:
    """Yield a file's keys with their lines. Raises tomllib.TOMLDecodeError."""
    document = tomllib.loads(text)
    lines = key_lines(text)

    found = [item for name, value in document.items() for item in _flat((name,), value)]
    for path, value in found:
        known = path
        while known and known not in lines:
            known = known[:-1]
        where = f"{file_name}:{lines[known]}" if known else file_name
        yield Assignment(path, value, Origin("file", where))


def from_environment(environ: Mapping[str, str]) -> Iterator[Assignment]:
    """Yield what variables such as ROBUSTMQ_LISTENERS__TCP__BIND assign."""
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in OTHER_VARIABLES:
            continue
        if _SERVICE_LINK.fullmatch(f"{name}={environ[name]}"):
            continue
        path = tuple(name.removeprefix(PREFIX).lower().split("__"))
        yield Assignment(path, Text(environ[name]), Origin("environment", name))


def from_override(override: str) -> Assignment | None:
    """Read the argument of one --set; None if it is not of the form section.key=value."""
    key, equals, value = override.partition("=")
    try:
        path: list[str] = []
        inner: Any = tomllib.loads(f"{key} = 0") if equals and "\n" not in key else None
        while isinstance(inner, dict):
            ((part, inner),) = inner.items()
            path.append(part)
    except (tomllib.TOMLDecodeError, ValueError):
        return None
    whole = value[:1] in {"{", "["}
    return Assignment(tuple(path), Text(value), SET) if len(path) > 1 or whole else None


def interpret(root: Table, assignments: Iterable[Assignment]) -> Iterator[Assignment]:
    """Read typed text as what its key holds, and take tables apart: one assignment per value."""
    for one in assignments:
        value = one.value
        if isinstance(value, Text):
            node = find(root, one.path)
            literal = isinstance(node, Key) and takes_text(node)
            value = str(value) if literal else _toml_or_text(value)
        for path, inner in _flat(one.path, value):
            yield Assignment(path, inner, one.origin)


def _flat(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """Yield every value below a path; an array of tables begins as an empty one."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat((*path, str(name)), inner)
    elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        yield path, []
        for index, one in enumerate(value):
            yield from _flat((*path, place(index)), one)
    else:
        yield path, value


def _toml_or_text(text: str) -> Any:
    """Read a TOML value; text that is none is taken as it stands."""
    try:
        document = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return str(text)
    return document["value"] if len(document) == 1 else str(text)
