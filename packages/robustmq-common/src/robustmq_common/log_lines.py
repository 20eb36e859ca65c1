"""[P] How a log line is written: text for people, or one JSON object.

Values come from peers, so nothing in a line may look like another line or move a terminal's cursor:
what is not printable is escaped. Values whose field name says secret are left out.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from robustmq_common.config.redaction import REDACTED, names_secret
from robustmq_common.config.redaction import redacted as without_secrets

_FIRST: Final = ("timestamp", "level", "event")
_EVENT_WIDTH: Final = 32
_LEVEL_WIDTH: Final = 7
_PLAIN: Final = re.compile(r"[^\s\"'=\\]+")

_DIM: Final = "\x1b[2m"
_RESET: Final = "\x1b[0m"
_COLOURS: Final = {"debug": _DIM, "warning": "\x1b[33m", "error": "\x1b[31m"}


def redacted(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with the values of secrets left out."""
    return {
        name: REDACTED if value is not None and names_secret(name) else without_secrets(value)
        for name, value in fields.items()
    }


def json_line(fields: Mapping[str, Any]) -> str:
    """Write one JSON object: timestamp, level, event, then the other fields as they came.

    What JSON does not have (bytes, objects) is written as Python shows it. Raises whatever `repr`
    of a value does, ValueError for a value that contains itself, TypeError for keys of a dict that
    JSON does not have.
    """
    ordered = {name: fields[name] for name in _FIRST if name in fields}
    ordered.update(redacted(fields))
    return json.dumps(ordered, default=repr)


def text_line(fields: Mapping[str, Any], *, colours: bool = False) -> str:
    """Write `timestamp level event key=value ...`, and below it an exception if there is one.

    Raises whatever `repr` of a value does.
    """
    rest = redacted(fields)
    timestamp, level, event = (str(rest.pop(name, "")) for name in _FIRST)
    exception = rest.pop("exception", None)
    pairs = " ".join(f"{name}={_value(value)}" for name, value in rest.items())
    shown = f"{level:<{_LEVEL_WIDTH}}"
    if colours:
        timestamp = f"{_DIM}{timestamp}{_RESET}"
        shown = f"{_COLOURS.get(level, '')}{shown}{_RESET}"
    line = f"{timestamp} {shown} {_escaped(event):<{_EVENT_WIDTH}} {pairs}".rstrip()
    if exception is not None:
        inner = (_escaped(one) for one in str(exception).splitlines())
        line += "".join(f"\n    {one}" for one in inner)
    return line


def _value(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    text = value if isinstance(value, str) else repr(value)
    if text.isprintable() and (not isinstance(value, str) or _PLAIN.fullmatch(text)):
        return text
    return f'"{_escaped(text, quote=True)}"'


def _escaped(text: str, *, quote: bool = False) -> str:
    if text.isprintable() and not (quote and ('"' in text or "\\" in text)):
        return text
    if quote:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
