"""[H] Coarse time: two floats that the timer driver refreshes once per tick."""

from typing import final


@final
class CoarseClock:
    """`monotonic` for intervals, `wall` (seconds since the epoch) for what outlives the process."""

    def __init__(self, monotonic: float, wall: float) -> None:
        self.monotonic = monotonic
        self.wall = wall
