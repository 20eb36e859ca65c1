"""The coarse clock moves only when it is told."""

from robustmq_broker.clock import CoarseClock
from robustmq_common.spi.services import Clock


def test_it_says_what_it_was_told() -> None:
    clock = CoarseClock(5.0, 1_700_000_000.0)
    as_packs_see_it: Clock = clock
    clock.monotonic = 6.5
    clock.wall = 1_700_000_001.5
    assert (as_packs_see_it.monotonic, as_packs_see_it.wall) == (6.5, 1_700_000_001.5)
