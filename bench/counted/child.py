"""The process in which cases run.

    python -m bench.counted.child WHAT SUITE PATTERN [HELPER]

WHAT is "cases" (under callgrind, with the compiled HELPER: the counts are in its profiles) or
"held" (by itself). SUITE is "module:attribute".

Prints {"form": ..., "cases": [[name, per, units], ...]}, for "held" bytes and blocks in place of
the units.
"""

import ctypes
import gc
import importlib
import json
import sys
import tracemalloc
from collections.abc import Callable
from itertools import repeat

from bench.counted.case import WARM_UP, Case, Held, Suite
from robustmq_common import implementation


class Counter:
    """The compiled helper: callgrind writes a profile of what is between `start` and `stop`."""

    def __init__(self, helper: str) -> None:
        library = ctypes.CDLL(helper)
        if not library.counting_is_possible():
            raise SystemExit("counting instructions is possible under valgrind only")
        library.stop_counting.argtypes = [ctypes.c_char_p]
        self.start: Callable[[], object] = library.start_counting
        self.stop: Callable[[bytes], object] = library.stop_counting


def exercise(case: Case, start: Callable[[], object], stop: Callable[[bytes], object]) -> None:
    """Take a case's steps, the counted ones between `start` and `stop`."""
    ready = case.prepare()
    ready.check()
    step = ready.step
    name = case.name.encode()
    for _ in repeat(None, WARM_UP):
        step()
    again = repeat(None, case.steps)
    start()
    for _ in again:
        step()
    stop(name)
    ready.check()


def measure(held: Held) -> tuple[float, float]:
    """Bytes and blocks of memory that one of many takes."""
    holding = held.prepare()
    for number in range(WARM_UP):
        holding.add(number)
    holding.tidy()
    gc.collect()
    tracemalloc.start()
    blocks = sys.getallocatedblocks()
    size = tracemalloc.get_traced_memory()[0]
    for number in range(WARM_UP, WARM_UP + held.count):
        holding.add(number)
    holding.tidy()
    gc.collect()
    size = tracemalloc.get_traced_memory()[0] - size
    blocks = sys.getallocatedblocks() - blocks
    tracemalloc.stop()
    return size / held.count, blocks / held.count


def load(suite: str) -> Suite:
    """The suite at "module:attribute"."""
    module, _, attribute = suite.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    assert isinstance(found, Suite), f"{suite} is {found!r}, which is no Suite"
    return found


def main(what: str, suite: str, pattern: str, helper: str = "") -> None:
    chosen = load(suite)
    # The collector's turns depend on what the cases before have left.
    gc.disable()
    told: list[tuple[object, ...]] = []
    if what == "held":
        for held in chosen.held:
            if pattern in held.name:
                told.append((held.name, held.per, *measure(held)))
    else:
        counter = Counter(helper)
        for case in chosen.cases:
            if pattern in case.name:
                exercise(case, counter.start, counter.stop)
                told.append((case.name, case.per, case.steps * case.size))
    print(json.dumps({"form": implementation.running(), "cases": told}))


if __name__ == "__main__":
    main(*sys.argv[1:])
