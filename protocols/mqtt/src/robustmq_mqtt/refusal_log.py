"""[H] Log lines on what is refused, few enough that a flood of it does not flood the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from robustmq_mqtt.context import Context

INTERVAL: Final = 60.0
LINES: Final = 1000
"""Lines in an interval, at most."""
LINES_OF_CLIENT: Final = 10


@final
class RefusalLog:
    """One line for a client and topic in an interval; how many there were besides, at its end."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.seen: set[str] = set()
        self.lines: dict[str, int] = {}
        self.repeated = 0
        self.until = 0.0

    def note(self, event: str, client_id: str, peer: str, topic: str, code: int) -> None:
        """Log that something was refused, or count it."""
        now: float = self.context.clock.monotonic
        if now >= self.until and not self.repeated:
            self.begin(now)
        key = f"{client_id}\0{topic}\0{event}"
        lines = self.lines.get(client_id, 0)
        if key in self.seen or len(self.seen) >= LINES or lines >= LINES_OF_CLIENT:
            if not self.repeated:
                self.context.timers.after(self.until - now, self.end)
            self.repeated += 1
            return
        self.seen.add(key)
        self.lines[client_id] = lines + 1
        self.context.log.info(
            event, peer=peer, client_id=client_id, topic=topic, reason_code=f"0x{code:02x}"
        )

    def begin(self, now: float) -> None:
        """Nothing has been logged in the interval that begins."""
        self.until = now + INTERVAL
        self.seen.clear()
        self.lines.clear()

    def end(self) -> None:
        """An interval is over in which there was more than was logged."""
        self.context.log.info(
            "more was refused than is logged", count=self.repeated, seconds=INTERVAL
        )
        self.repeated = 0
        self.begin(self.context.clock.monotonic)
