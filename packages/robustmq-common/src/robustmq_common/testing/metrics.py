"""[P] Metrics that a test can read."""

from collections.abc import Callable


class FakeMetrics:
    """`counters` and `gauges` by name; a counter that was never added to is 0."""

    def __init__(self) -> None:
        self.counters: dict[str, int] = {}
        self.gauges: dict[str, Callable[[], int]] = {}

    def count(self, name: str, amount: int = 1) -> None:
        self.counters[name] = self.counters.get(name, 0) + amount

    def gauge(self, name: str, read: Callable[[], int]) -> None:
        self.gauges[name] = read

    def snapshot(self) -> dict[str, int]:
        return {**self.counters, **{name: read() for name, read in self.gauges.items()}}

    def __getitem__(self, name: str) -> int:
        return self.snapshot().get(name, 0)
