"""[P] What the processes of a run say to each other: JSON objects, one a line.

To a worker: its task; `start` with the number of subscribers in all processes; `drain` with what
each publisher has sent; and at any time `stop`. From a worker, in this order: `ready`, `done`,
`result`; and once a second `progress`.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

TASK: Final = "task"
START: Final = "start"
DRAIN: Final = "drain"
STOP: Final = "stop"

READY: Final = "ready"
PROGRESS: Final = "progress"
DONE: Final = "done"
RESULT: Final = "result"

LONGEST: Final = 16 * 1024 * 1024
"""Bytes of a line; the longest has a number for each of 65,536 publishers, about 1.4 MB."""


def line(kind: str, **values: Any) -> bytes:
    """Write a message."""
    return json.dumps({"kind": kind, **values}, separators=(",", ":")).encode() + b"\n"


def parse(text: bytes) -> dict[str, Any]:
    """Read a message. Raises ValueError for what is none."""
    document: object = json.loads(text)
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        raise ValueError("a message is an object with a kind")  # noqa: TRY004
    return document


def sent_to_json(sent: Mapping[int, int]) -> dict[str, int]:
    """Write how many messages each publisher has sent."""
    return {str(publisher): count for publisher, count in sent.items()}


def sent_from_json(document: Mapping[str, int]) -> dict[int, int]:
    """Read what `sent_to_json` wrote."""
    return {int(publisher): int(count) for publisher, count in document.items()}
