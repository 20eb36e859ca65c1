"""[D] When the garbage collector looks for reference cycles: never for long.

Python looks at all objects there are once a quarter has been added. With a million subscriptions
that takes 110 ms, in which no client is served. The message path makes no cycles, and connections
take theirs apart, so there is next to nothing to find: young objects are looked at in portions of
at most 5 ms, the old ones once a minute while they are few.
"""

import gc
import time
from collections.abc import Callable
from typing import Final

from robustmq_common.spi.services import Timers

YOUNG: Final = 20_000
"""Objects made until those are looked at: 0.8 ms. A CONNECT with 20,000 user properties takes 9 ms
with Python's 700, and 5 ms with this."""
MIDDLE: Final = 5
"""Such looks until what is left of them is looked at once more: 5 ms for 100,000 objects."""
NEVER: Final = 1_000_000_000

INTERVAL: Final = 60.0
"""Seconds between looks at everything."""
LONGEST: Final = 0.01
"""Seconds that a look at everything may take."""
SECONDS_PER_OBJECT: Final = 5e-8
"""Measured with 100,000 objects; twice as long with a million, which are all over the memory."""


def relax_garbage_collector(collect: Callable[[], int] = gc.collect) -> None:
    """Settle what the start of a process has made; leave old objects alone from now on."""
    collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, NEVER)


class FullCollections:
    """Looks at all objects while that is quick, and no more once there are too many."""

    def __init__(
        self,
        timers: Timers,
        collect: Callable[[], int] = gc.collect,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.timers = timers
        self.collect = collect
        self.clock = clock
        self.took = 0.0
        """Seconds that the last one took."""

    def start(self) -> None:
        """Relax the garbage collector, and look at everything from time to time."""
        relax_garbage_collector(self.collect)
        self.timers.after(INTERVAL, self.due)

    def due(self) -> None:
        self.timers.after(INTERVAL, self.due)
        if self.expected(gc.get_count()[2]) <= LONGEST:
            began = self.clock()
            self.collect()
            self.took = self.clock() - began

    def expected(self, middle_looks: int) -> float:
        """Seconds it would take now, after so many looks at objects that may all have stayed."""
        return self.took + middle_looks * YOUNG * MIDDLE * SECONDS_PER_OBJECT
