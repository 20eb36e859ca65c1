"""[P] On which line of a TOML file each key stands.

tomllib does not tell. This reads a text that tomllib has accepted, so it only has to know where
keys and values end, not whether they are right. Keys inside inline tables are not listed: they
stand where their table does.
"""

import re
import tomllib
from typing import Any, Final

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


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """Map the path of every key and table header to its line, counted from 1."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    statement = ""
    depth, line, in_value = 0, 1, False
    for token in _TOKEN.finditer(text + "\n"):
        kind, found = token.lastgroup, token.group()
        if kind == "newline" and depth == 0:
            if statement.strip().startswith("["):
                table = _parts(statement.strip().strip("[]"))
                lines.setdefault(table, line)
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


def _parts(key: str) -> tuple[str, ...]:
    """Split a dotted key as TOML does, quoted parts and all."""
    parts: list[str] = []
    value: Any = tomllib.loads(f"{key} = 0")
    while isinstance(value, dict):
        ((part, value),) = value.items()
        parts.append(part)
    return tuple(parts)
