"""Suites of one case and one thing that is held; TWICE does and holds twice as much as ONCE.

A program that counts for itself loads them by name, as it does the suite of `bench.counted`.
"""

from typing import Final

from bench.counted.case import Case, Held, Holding, Ready, Suite

NUMBERS: Final = list(range(1000))


def suite(times: int, names: str = "tiny") -> Suite:
    """A case that sums up so many times, and something that keeps so many kilobytes."""

    def work() -> int:
        return sum(sum(NUMBERS) for _ in range(times))

    def check() -> None:
        assert work() == times * 499_500

    def hold() -> Holding:
        kept: list[bytes] = []
        return Holding(lambda number: kept.append(bytes(1000 * times)), lambda: None)

    return Suite(
        cases=(Case(f"{names}/sum", "sum", lambda: Ready(work, check), steps=50),),
        held=(Held(f"{names}/kept", "thing", hold, count=100),),
    )


def refused() -> None:
    raise AssertionError("the queue is full")


ONCE: Final = suite(1)
TWICE: Final = suite(2)
RENAMED: Final = suite(1, "renamed")
FAILING: Final = Suite(cases=(Case("tiny/fails", "step", lambda: Ready(int, refused)),), held=())
