"""[P] On which line of a TOML file each key stands.

tomllib does not tell. This reads a text that tomllib has accepted, so it only has to know where
keys and values end, not whether they are right. Keys inside inline tables and inline arrays are not
listed: they stand where those do.
"""

import re
import tomllib
from typing import Any, Final

from robustmq_common.config.schema import Path, is_place, place

_TOKEN: Final = re.compile(
    r'''
    (?P<string>
        """ (?: [^\\] | \\. )*? """ (?!")
      | \'\'\' .*? \'\'\' (?!\')
      | " (?: [^"\\\n] | \\. )* "
      | ' [^'\n]* '
    )
  | (?P<comment> \# [^\n]* )
  | (?P<open> [\[{] )
  | (?P<close> [\]}] )
  | (?P<newline> \n )
  | (?P<equals> = )
  | (?P<other> [^"'\#\[\]{}\n=]+ )
    ''',
    re.VERBOSE | re.DOTALL,
)


def key_lines(text: str) -> dict[Path, int]:
    """Map the path of every key and table header to its line, counted from 1."""
    lines: dict[Path, int] = {}
    table: Path = ()
    arrays: dict[Path, int] = {}
    statement = ""
    depth, line, in_value = 0, 1, False
    for token in _TOKEN.finditer(text + "\n"):
        kind, found = token.lastgroup, token.group()
        if kind == "newline" and depth == 0:
            if statement.strip().startswith("["):
                table = _header(statement.strip(), arrays)
                lines.setdefault(table, line)
                if is_place(table[-1]):
                    lines.setdefault(table[:-1], line)  # the array begins with its first table
            statement, in_value = "", False
        elif kind == "equals" and depth == 0 and not in_value:
            lines[table + _parts(statement)] = line
            in_value = True
        elif in_value and kind == "open":
            depth += 1
        elif in_value and kind == "close":
            depth -= 1
        elif not in_value and kind != "comment":
            statement += found
        line += found.count("\n")
    return lines


def _header(header: str, arrays: dict[Path, int]) -> Path:
    """The table that a header begins; `arrays` has how many tables each array has so far."""
    table: Path = ()
    parts = _parts(header.strip("[]"))
    for depth, part in enumerate(parts, 1):
        table = (*table, part)
        if depth == len(parts) and header.startswith("[["):
            arrays[table] = arrays.get(table, 0) + 1
        if table in arrays:
            table = (*table, place(arrays[table] - 1))
    return table


def _parts(key: str) -> Path:
    """Split a dotted key as TOML does, quoted parts and all."""
    parts: list[str] = []
    value: Any = tomllib.loads(f"{key} = 0")
    while isinstance(value, dict):
        ((part, value),) = value.items()
        parts.append(part)
    return tuple(parts)
