"""[P] Sentences for what is wrong with a configuration: what, where from, what was expected."""

import difflib
from collections.abc import Iterator
from typing import Any, Final

from pydantic import ValidationError

from robustmq_common.config.assignments import PREFIX, Assignment, Origin
from robustmq_common.config.expectations import expectation, toml_value
from robustmq_common.config.redaction import REDACTED, names_secret, redacted
from robustmq_common.config.schema import (
    NAME,
    NAME_RULE,
    FreeTable,
    Key,
    NamedTables,
    Node,
    Path,
    Table,
    TableArray,
    dotted,
    find,
    is_place,
    looks_secret,
    place,
)

_SHOWN_LENGTH: Final = 80
_LISTED_NAMES: Final = 12


def problem(path: Path, value: Any, origin: Origin | None, reason: str, secret: bool) -> str:
    """Write one line: `path = value (origin): reason`."""
    if isinstance(value, str) and names_secret(value):
        secret = True  # a table that could not be read as one
    shown = REDACTED if secret else toml_value(redacted(value))
    if len(shown) > _SHOWN_LENGTH:
        shown = shown[:_SHOWN_LENGTH] + "..."
    where = f" ({origin})" if origin is not None else ""
    return f"{dotted(path)} = {shown}{where}: {reason}"


def misplaced(root: Table, one: Assignment) -> str | None:
    """Say why an assignment's path is none, or None if a value may stand there."""
    node: Node = root
    for depth, part in enumerate(one.path):
        reason, hidden = "", looks_secret(one.path)
        if isinstance(node, FreeTable):
            return None
        if isinstance(node, Key):
            reason = f"{dotted(one.path[:depth])} is a value, not a table"
            hidden = hidden or node.secret
        elif isinstance(node, NamedTables):
            node = node.each
            reason = "" if NAME.fullmatch(part) else NAME_RULE
        elif isinstance(node, TableArray):
            reason = "" if is_place(part) else _array_rule(one.path[:depth])
            node = node.each
        elif part in node.children:
            node = node.children[part]
        else:
            reason = _unknown(root, node, one, depth)
        if reason:
            return problem(one.path, one.value, one.origin, reason, hidden)
    if isinstance(node, TableArray):
        if one.value != []:
            reason = _array_rule(one.path)
            return problem(one.path, one.value, one.origin, reason, looks_secret(one.path))
    elif not isinstance(node, Key | FreeTable) and one.value != {}:
        reason = f"expected a table with the keys of {dotted(one.path)}"
        return problem(one.path, one.value, one.origin, reason, looks_secret(one.path))
    return None


def _array_rule(path: Path) -> str:
    name = dotted(path)
    return f"expected a list of tables, [[{name}]] in a file or {name}=[{{...}}] elsewhere"


def _unknown(root: Table, node: Table, one: Assignment, depth: int) -> str:
    path = one.path
    what = "unknown key" if depth else "unknown section"
    # A variable with one underscore where two belong.
    for known in _paths(root, ()):
        if "_".join(known) == "_".join(path):
            return f"{what}; did you mean {_spelt(known, one)}?"
    close = difflib.get_close_matches(path[depth], node.children, n=1)
    if close:
        return f"{what}; did you mean {_spelt((*path[:depth], close[0], *path[depth + 1 :]), one)}?"
    # The right key in the wrong section.
    same = [known for known in _paths(root, ()) if known[-1] == path[-1]]
    if len(same) == 1:
        return f"{what}; did you mean {_spelt(same[0], one)}?"
    names = sorted(node.children)
    more = ", ..." if len(names) > _LISTED_NAMES else ""
    return f"{what}; there are {', '.join(names[:_LISTED_NAMES])}{more}"


def _spelt(path: Path, like: Assignment) -> str:
    """Write a path the way the assignment's source does."""
    if like.origin.kind == "environment" and not any(is_place(part) for part in path):
        return PREFIX + "__".join(path).upper()
    return f'"{dotted(path)}"'


def _paths(node: Node, path: Path) -> Iterator[Path]:
    if isinstance(node, Table):
        for name, child in node.children.items():
            yield from _paths(child, (*path, name))
    elif isinstance(node, NamedTables):
        yield from _paths(node.each, (*path, "NAME"))
    elif isinstance(node, TableArray):
        yield from _paths(node.each, (*path, "[N]"))
    else:
        yield path


def invalid(
    root: Table,
    section: str,
    error: ValidationError,
    values: dict[str, Any],
    origins: dict[Path, Origin],
) -> Iterator[tuple[Path, str]]:
    """Yield path and sentence for each value of a section that its model refused."""
    seen = set()
    for detail in error.errors(include_url=False):
        path, rest = _locate(root, (section, *_parts(detail["loc"])))
        if path in seen:
            continue
        seen.add(path)
        node = find(root, path)
        origin = _origin(path, origins)
        where = f" ({origin})" if origin is not None else ""
        if detail["type"] == "missing":
            wanted = expectation(node) if isinstance(node, Key) else "a table"
            yield path, f"{dotted(path)}{where}: missing; expected {wanted}"
        elif isinstance(node, Key):
            secret = node.secret or looks_secret(path)
            item = f"item {int(rest[0].strip('[]')) + 1}: " if rest and is_place(rest[0]) else ""
            reason = item + _reason(node, detail)
            yield path, problem(path, _value_at(path, values), origin, reason, secret)
        else:
            yield path, f"{dotted(path)}{where}: {_message(detail)}"


def _parts(location: tuple[int | str, ...]) -> Path:
    return tuple(place(part) if isinstance(part, int) else part for part in location)


def _reason(node: Key, detail: Any) -> str:
    if detail["type"] == "value_error":
        return _message(detail)
    return f"expected {expectation(node)}"


def _message(detail: Any) -> str:
    return str(detail.get("ctx", {}).get("error", detail["msg"]))


def _locate(root: Table, location: Path) -> tuple[Path, Path]:
    """Split where pydantic found an error: a path of the tree, and a place inside its value."""
    for depth in range(1, len(location) + 1):
        node = find(root, location[:depth])
        if node is None:
            return location[: depth - 1], location[depth - 1 :]
        if isinstance(node, Key | FreeTable):
            return location[:depth], location[depth:]
    return location, ()


def _value_at(path: Path, values: Any) -> Any:
    for part in path:
        values = values[int(part.strip("[]")) if isinstance(values, list) else part]
    return values


def _origin(path: Path, origins: dict[Path, Origin]) -> Origin | None:
    """Return where a value came from; for a table, where its first key did."""
    if path in origins:
        return origins[path]
    while path:
        for one, origin in origins.items():
            if one[: len(path)] == path:
                return origin
        path = path[:-1]
    return None
