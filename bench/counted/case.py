"""What a counted benchmark is: something to do again and again, or something to hold many of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

WARM_UP: Final = 30
"""Steps before the counted ones: Python adapts its bytecode, caches fill, lists have their room."""


@dataclass(frozen=True)
class Ready:
    """A case that is set up.

    step: does the work of the case once; what it does besides is counted, too.
    check: raises AssertionError unless the work is still done as it should be. A case that fills up
        a queue or is refused would count something else, and it would look like an improvement.
    """

    step: Callable[[], object]
    check: Callable[[], None]


@dataclass(frozen=True)
class Case:
    """Instructions for something that happens.

    name: "group/case", in `figures.json` and in the table.
    per: what one figure is for, such as "message"; a step handles `size` of them.
    steps: how often the step is counted. Work that takes tens of thousands of instructions needs
        fewer of them; the fixed costs of counting, about 10,000, should stay below 1 %.
    """

    name: str
    per: str
    prepare: Callable[[], Ready]
    size: int = 1
    steps: int = 200


@dataclass(frozen=True)
class Holding:
    """Memory for something that stays.

    add: makes one more, the n-th; what it made has to stay reachable.
    tidy: drops what is only garbage, before the memory is measured.
    """

    add: Callable[[int], None]
    tidy: Callable[[], None]


@dataclass(frozen=True)
class Held:
    """Bytes and blocks for each of `count` things of a kind; name and per as in `Case`."""

    name: str
    per: str
    prepare: Callable[[], Holding]
    count: int = 1000


@dataclass(frozen=True)
class Suite:
    """The cases of one run, in this order."""

    cases: tuple[Case, ...]
    held: tuple[Held, ...]
