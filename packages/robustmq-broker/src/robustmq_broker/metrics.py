"""[H] Named counters and gauges of one broker."""

from collections.abc import Callable
from typing import final


@final
class MetricSet:
    """Counters are added to; gauges are read when someone looks."""

    def __init__(self) -> None:
        self.counters: dict[str, int] = {}
        self.gauges: dict[str, Callable[[], int]] = {}

    def count(self, name: str, amount: int = 1) -> None:
        self.counters[name] = self.counters.get(name, 0) + amount

    def gauge(self, name: str, read: Callable[[], int]) -> None:
        self.gauges[name] = read

    def snapshot(self) -> dict[str, int]:
        """All values by name; a gauge hides a counter of the same name."""
        values = dict(self.counters)
        for name, read in self.gauges.items():
            values[name] = read()
        return values
