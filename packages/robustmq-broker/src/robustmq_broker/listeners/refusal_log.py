"""[P] Log lines on peers that are turned away, so few that a flood of them is no flood of lines."""

from typing import Final

from robustmq_common.spi.services import Log, Timers

LINES_MAX: Final = 10
"""Lines per period; the rest is one line, at its end."""
PERIOD: Final = 1.0
"""Seconds."""


class RefusalLog:
    """The refusals of one listener."""

    def __init__(self, listener: str, log: Log, timers: Timers) -> None:
        self._listener = listener
        self._log = log
        self._timers = timers
        self._noted = 0

    def note(self, peer: str, reason: str) -> None:
        if self._noted == 0:
            self._timers.after(PERIOD, self._end_period)
        self._noted += 1
        if self._noted <= LINES_MAX:
            self._log.warning(
                "connection refused", peer=peer, listener=self._listener, reason=reason
            )

    def _end_period(self) -> None:
        unlogged, self._noted = self._noted - LINES_MAX, 0
        if unlogged > 0:
            self._log.warning(
                "more connections refused",
                listener=self._listener,
                connections=unlogged,
                within=f"{PERIOD:g}s",
            )
