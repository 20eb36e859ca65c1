"""[A] How robust-ctl writes times, sizes, bytes and tables."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

SHOWN_BYTES: Final = 64


def write_json(answer: Mapping[str, Any]) -> None:
    """Write one object as a line."""
    print(json.dumps(answer, ensure_ascii=False))


def shown_time(timestamp: float | None) -> str:
    """Write a time in UTC, to the millisecond: "2025-01-31T12:00:00.000Z"; "-" for none."""
    if not timestamp:
        return "-"
    moment = datetime.fromtimestamp(timestamp, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shown_size(size: int | None) -> str:
    """Write a size to be read by people: "1.5 MB"; "-" for one that is not known."""
    if size is None:
        return "-"
    number, units = float(size), iter(("KB", "MB", "GB", "TB"))
    unit = "B"
    while number >= 1024 and unit != "TB":
        number /= 1024
        unit = next(units)
    return f"{size} B" if unit == "B" else f"{number:.1f} {unit}"


def shown_bytes(data: bytes, size: int, limit: int = SHOWN_BYTES) -> str:
    """Write text as it is and other bytes as hex, no more than `limit` bytes of either.

    size: how many there were before any were left out.
    """
    cut = data[:limit]
    text = printable(cut, whole=len(cut) == size)
    shown = f"0x{cut.hex()}" if text is None else text
    return shown if len(cut) == size else f"{shown}... ({size} bytes)"


def printable(data: bytes, *, whole: bool) -> str | None:
    """Read UTF-8 with control characters escaped, as a terminal would obey them; None if not text.

    whole: whether nothing was cut off, which may have left a part of a character at the end.
    """
    for left_out in range(1 if whole else 4):
        try:
            text = data[: len(data) - left_out].decode()
        except UnicodeDecodeError:
            continue
        return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
    return None


def progress_line(parts: Sequence[str]) -> str:
    """Write over the line before on a terminal."""
    return f"\r\x1b[K{', '.join(parts)}"
