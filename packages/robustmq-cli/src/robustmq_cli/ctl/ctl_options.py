"""[A] Options that several commands of robust-ctl have, and how they are read."""

import re
from datetime import datetime
from typing import Annotated, Any

import typer

from robustmq_common.errors import CallerError

Json = Annotated[bool, typer.Option("--json", help="Write one JSON object per line.")]
Adapter = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="The storage adapter. [default: storage.adapter]", show_default=False
    ),
]
Count = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Stop after so many.", show_default=False),
]

PLACE = "OFFSET|TIME|earliest|latest"


def place(text: str) -> Any:
    """A place in a log as a command takes it. Raises CallerError for what is none.

    Times are ISO 8601, local if they do not say otherwise.
    """
    if text in {"earliest", "latest"}:
        return text
    if re.fullmatch(r"[0-9]{1,18}", text):
        return {"offset": int(text)}
    try:
        return {"timestamp": datetime.fromisoformat(text).astimezone().timestamp()}
    except (ValueError, OverflowError):
        raise CallerError(
            f"{text!r} is no place in a log: give an offset, a time such as 2025-01-31T12:00:00, "
            "earliest or latest"
        ) from None
