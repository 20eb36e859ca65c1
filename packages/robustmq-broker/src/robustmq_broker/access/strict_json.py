"""[P] JSON objects from others: what parsers disagree on is refused.

A name that occurs twice, NaN, a byte-order mark: two programs could read two things in it, and one
of them decides on access (RFC 8259 sections 4 and 8.1, RFC 7515 section 5.2).
"""

import json
from typing import Any


class BadJson(ValueError):
    """It is no JSON object that everybody reads alike; the message says why."""


def parse_object(data: bytes | str) -> dict[str, Any]:
    """Read one JSON object. Raises BadJson; how long `data` may be is up to the caller."""
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError:
        raise BadJson("it is not UTF-8 text") from None
    try:
        value = _DECODER.decode(text)
    except BadJson:
        raise
    except RecursionError:
        raise BadJson("it is nested too deeply") from None
    except ValueError:
        # The decoder's own message may quote the text, which may be secret.
        raise BadJson("it is not JSON") from None
    if not isinstance(value, dict):
        raise BadJson("it is not a JSON object")
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson("a name occurs twice in an object")
    return found


def _no_constant(name: str) -> Any:
    raise BadJson(f"{name} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
