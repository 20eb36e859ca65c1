"""[P] The tree of keys behind the section models: what exists, what each key expects.

Root table -> section tables -> keys. Five kinds of node: `Key` holds a value; `Table` has the keys
its model declares; `NamedTables` holds tables under names that people choose; `TableArray` holds
tables in an order; `FreeTable` takes any keys, for settings that only a plugin understands.

In a path, the first table of an array is "[0]", the next one "[1]".
"""

import re
import types
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from robustmq_common.config.model import Sections
from robustmq_common.config.redaction import names_secret
from robustmq_common.errors import BugError

NAME: Final = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")
"""Names of named tables: an environment variable must be able to spell them in capitals."""

NAME_RULE: Final = "expected a name of lower-case letters and digits, joined by single - or _"

_PLACE: Final = re.compile(r"\[(?:[0-9]{1,5}|N)\]")

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """A key with one value (lists included)."""

    annotation: Any
    metadata: tuple[Any, ...]
    default: Any
    """`REQUIRED` if the key must be given."""
    description: str
    secret: bool

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True)
class FreeTable:
    """A table whose keys nobody here knows."""

    description: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table with the keys of a model; the root has one table per section."""

    children: dict[str, "Node"]
    description: str = ""


@dataclass(frozen=True, slots=True)
class NamedTables:
    """Tables of one model under names people choose."""

    each: Table
    description: str = field(default="")


@dataclass(frozen=True, slots=True)
class TableArray:
    """Any number of tables of one model, in the order they were written."""

    each: Table
    description: str = field(default="")


Node = Key | FreeTable | Table | NamedTables | TableArray
REQUIRED: Final = PydanticUndefined


def build(sections: Sections) -> Table:
    """Read the tree off the models.

    Raises BugError for a section that is neither a model, `dict[str, model]` nor `list[model]`.
    """
    children: dict[str, Node] = {}
    for name, declared in sections.items():
        node = _table_node(declared, "")
        if node is None:
            message = f"configuration section {name!r} is declared as {declared!r}, not as a model"
            raise BugError(message)
        children[name] = node
    return Table(children)


def find(root: Table, path: Path) -> Node | None:
    """Return the node at a path, or None; below a `FreeTable` that is the table itself."""
    node: Node = root
    for part in path:
        if isinstance(node, FreeTable):
            return node
        if isinstance(node, NamedTables) or (isinstance(node, TableArray) and is_place(part)):
            node = node.each
        elif isinstance(node, Table) and part in node.children:
            node = node.children[part]
        else:
            return None
    return node


def place(index: int) -> str:
    """Write the part of a path that stands for a table of an array."""
    return f"[{index}]"


def is_place(part: str) -> bool:
    """Whether a part of a path stands for a table of an array."""
    return _PLACE.fullmatch(part) is not None


def looks_secret(path: Path) -> bool:
    """Whether a name says that its value is one to hide, for keys no model declares."""
    return any(names_secret(part) for part in path)


def dotted(path: Path) -> str:
    """Write a path the way TOML does, parts that are no bare keys quoted; places as in a[0].b."""
    written = ""
    for part in path:
        if is_place(part):
            written += part
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", part)
            written += f"{'.' if written else ''}{part if bare else repr(part)}"
    return written


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union without None; anything else is its own only member."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return tuple(one for one in get_args(annotation) if one is not type(None))
    return (annotation,)


def takes_text(key: Key) -> bool:
    """Whether the key can hold nothing but text, so that text needs no quotes."""
    return all(_is_text(one) for one in alternatives(key.annotation))


def _is_text(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _is_text(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return all(isinstance(one, str) for one in get_args(annotation))
    return annotation in {str, SecretStr}


def _table_node(annotation: Any, description: str) -> Node | None:
    if get_origin(annotation) is dict:
        each = _table_node(get_args(annotation)[1], "")
        if isinstance(each, Table):
            return NamedTables(each, description or each.description)
        return FreeTable(description)
    if get_origin(annotation) is list:
        each = _table_node(get_args(annotation)[0], "")
        if isinstance(each, Table):
            return TableArray(each, description or each.description)
        return None
    options = alternatives(annotation)
    if len(options) == 1 and isinstance(options[0], type) and issubclass(options[0], BaseModel):
        return _model_table(options[0], description)
    return None


def _model_table(model: type[BaseModel], description: str) -> Table:
    children: dict[str, Node] = {}
    for name, info in model.model_fields.items():
        children[name] = _table_node(info.annotation, info.description or "") or _key(info)
    return Table(children, description or _first_sentence(model.__doc__))


def _key(info: FieldInfo) -> Key:
    default = REQUIRED if info.is_required() else info.get_default(call_default_factory=True)
    annotation: Any = info.annotation
    metadata = list(info.metadata)
    options = alternatives(annotation)
    if len(options) == 1 and get_origin(options[0]) is Annotated:
        # Of `Annotated[...] | None` pydantic leaves the marks where they are.
        annotation, *marks = get_args(options[0])
        for mark in marks:
            metadata += mark.metadata if isinstance(mark, FieldInfo) else [mark]
    secret = any(one is SecretStr for one in options)
    return Key(annotation, tuple(metadata), default, info.description or "", secret)


def _first_sentence(docstring: str | None) -> str:
    return (docstring or "").split("\n\n")[0].replace("\n    ", " ").strip()
