"""Full collections: while they are quick."""

import gc
from collections.abc import Iterator

import pytest

from robustmq_broker.garbage import INTERVAL, LONGEST, MIDDLE, YOUNG, FullCollections
from robustmq_common.testing import FakeClock, FakeTimers


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.unfreeze()


class Collector:
    """Takes as long as it is told, by a clock of its own."""

    def __init__(self) -> None:
        self.takes = 0.0
        self.now = 0.0
        self.looks = 0
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.full = FullCollections(self.timers, self.collect, lambda: self.now)

    def collect(self) -> int:
        self.looks += 1
        self.now += self.takes
        gc.collect()
        return 0


def test_everything_is_looked_at_while_that_is_quick() -> None:
    collector = Collector()
    collector.full.start()
    assert collector.looks == 1
    assert gc.get_threshold()[:2] == (YOUNG, MIDDLE)
    assert gc.get_freeze_count() > 0
    collector.timers.advance(INTERVAL)
    collector.timers.advance(INTERVAL)
    assert collector.looks == 3
    collector.takes = 2 * LONGEST
    collector.timers.advance(INTERVAL)
    assert collector.looks == 4
    collector.timers.advance(10 * INTERVAL)
    assert collector.looks == 4, "it took too long the last time"


def test_nothing_is_looked_at_once_much_has_been_added() -> None:
    collector = Collector()
    collector.full.start()
    assert collector.full.expected(0) == 0.0
    assert collector.full.expected(2) <= LONGEST < collector.full.expected(3)
    gc.collect()
    kept: list[list[int]] = []
    while gc.get_count()[2] < 3:
        kept.append([])
    assert len(kept) <= 3 * (YOUNG + 1) * (MIDDLE + 2)
    collector.timers.advance(INTERVAL)
    assert collector.looks == 1
    del kept


def test_cycles_of_young_objects_are_found() -> None:
    """What refers to itself and is forgotten soon does not wait for a look at everything."""
    FullCollections(FakeTimers(FakeClock())).start()

    class Thing:
        alive = 0

        def __init__(self) -> None:
            self.me = self
            Thing.alive += 1

        def __del__(self) -> None:
            Thing.alive -= 1

    for _ in range(2 * YOUNG):
        Thing()
    assert Thing.alive < YOUNG + 10
