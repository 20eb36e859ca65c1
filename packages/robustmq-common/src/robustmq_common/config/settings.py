"""[P] The configuration in effect: checked sections, and where each value came from."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import SecretStr

from robustmq_common.config.assignments import DEFAULT, Origin
from robustmq_common.config.expectations import show_value, toml_value
from robustmq_common.config.redaction import REDACTED, is_placeholder, redacted
from robustmq_common.config.schema import (
    FreeTable,
    Key,
    NamedTables,
    Node,
    Path,
    Table,
    TableArray,
    dotted,
    looks_secret,
    place,
)
from robustmq_common.errors import BugError

__all__ = ["REDACTED", "Item", "Settings"]


class Item(NamedTuple):
    """One effective value; `value` is, or has in it, `REDACTED` for secrets that are set."""

    path: str
    value: Any
    origin: Origin
    shown: str
    """The value as a person writes it: "2h" for 7200 seconds, `REDACTED`, or "unset"."""
    parts: Path
    """The path, not joined."""


class Settings:
    """Sections by name; models are frozen, so they can be handed out."""

    def __init__(
        self, tree: Table, sections: Mapping[str, Any], origins: Mapping[Path, Origin]
    ) -> None:
        self._tree = tree
        self._sections = sections
        self._origins = origins

    def section(self, name: str) -> Any:
        """Return the model of a section; a dict or list of them if it has named tables or an array.

        Raises BugError for a section that nobody declared.
        """
        if name not in self._sections:
            raise BugError(f"configuration section {name!r} was asked for but never declared")
        return self._sections[name]

    def origin(self, *path: str) -> Origin:
        """Return where the value at a path came from."""
        return self._origins.get(path, DEFAULT)

    def items(self) -> Iterator[Item]:
        """Yield every effective value, in the order the sections declare them, secrets redacted."""
        for name, value in self._sections.items():
            yield from self._items((name,), self._tree.children[name], value)

    def _items(self, path: Path, node: Node, value: Any) -> Iterator[Item]:
        if isinstance(node, Table) and value is not None:
            for name, child in node.children.items():
                yield from self._items((*path, name), child, getattr(value, name))
        elif isinstance(node, NamedTables) and value:
            for name, inner in value.items():
                yield from self._items((*path, name), node.each, inner)
        elif isinstance(node, TableArray) and value:
            for index, inner in enumerate(value):
                yield from self._items((*path, place(index)), node.each, inner)
        elif isinstance(node, FreeTable) and isinstance(value, dict) and value:
            for name, inner in value.items():
                yield from self._items((*path, name), node, inner)
        else:
            yield self._item(path, node, value)

    def _item(self, path: Path, node: Node, value: Any) -> Item:
        origin = self.origin(*path)
        key = node if isinstance(node, Key) else None
        secret = key.secret if key is not None else looks_secret(path) and not is_placeholder(value)
        secret = secret or isinstance(value, SecretStr)  # a value of a free table of secrets
        if secret and value is not None:
            return Item(dotted(path), REDACTED, origin, REDACTED, path)
        shows = redacted({path[-1]: value} if key is None else value)
        value = shows[path[-1]] if key is None else shows
        if value is None:
            shown = "unset"
        else:
            shown = toml_value(value) if key is None else show_value(key, value)
        return Item(dotted(path), value, origin, shown, path)
