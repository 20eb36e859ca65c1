"""[P] A log that a test can ask what was said."""

from typing import Any


class RecordingLog:
    """Keeps every entry as (level, event, fields)."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, dict[str, Any]]] = []

    def debug(self, event: str, **fields: Any) -> None:
        self.entries.append(("debug", event, fields))

    def info(self, event: str, **fields: Any) -> None:
        self.entries.append(("info", event, fields))

    def warning(self, event: str, **fields: Any) -> None:
        self.entries.append(("warning", event, fields))

    def error(self, event: str, **fields: Any) -> None:
        self.entries.append(("error", event, fields))

    def events(self, level: str = "") -> list[str]:
        """What was said, in order; only at one level if it is given."""
        return [event for at, event, _ in self.entries if level in ("", at)]
