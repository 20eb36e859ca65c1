"""Deep topics and hundreds of overlapping wildcards."""

import functools
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, final

from bench.scenario import HIGHER, LOWER, V311, Deadline, Figure, Outcome, Scenario, Target, Tools
from bench.workloads import measured_load

MASKS: Final = (
    *("=#", "+=#", "++=#", "==#", "=+=#", "+=+=#", "===#", "==+=#"),
    *("+++++=", "=++++=", "==+++=", "+==++=", "++==+=", "=+=+==", "=====+"),
    *("+++++=+=", "=+++++==", "==+=++++", "=====+++"),
)
"""Filters as made from a topic: "=" keeps the level, "+" and "#" are wildcards."""


@final
class WildcardHeavy(Scenario):
    """Messages per second where each topic has to be matched against wildcards."""

    name = "wildcard-heavy"
    bound = 45.0

    def __init__(self, subscribers: int = 300, topics: int = 100_000, seconds: float = 3.0) -> None:
        self.subscribers = subscribers
        self.topics = topics
        self.seconds = seconds
        self.what = (
            f"{topics:,} topics of 6 or 8 levels, {subscribers} subscribers with one overlapping "
            f"filter of `+` and `#` each, 10 publishers at QoS 0 for {seconds:g} s"
        )

    def run(self, target: Target, tools: Tools) -> Outcome:
        filters, topics, mean = write_wildcards(tools.folder, self.subscribers, self.topics)
        arguments = {
            "port": target.port,
            "shape": "listed",
            "filters": filters,
            "topics": topics,
            "publishers": 10,
            "subscribers": self.subscribers,
            "window": 20,
            "payload": 64,
            "level": V311,
            "seconds": self.seconds,
            "patience": self.bound / 2,
        }
        load, cpu_us = measured_load(target, tools, arguments, Deadline(self.bound))
        figures = [
            Figure("published", load.sent / load.seconds, "msg/s", HIGHER, main=True),
            Figure("delivered", load.per_second, "msg/s", HIGHER),
            Figure("CPU", cpu_us, "us/delivery", LOWER, main=True),
            Figure("subscribers per topic", mean, "mean"),
        ]
        return Outcome(figures, load.fault)


def masked(mask: str, levels: Sequence[str]) -> str | None:
    """The filter that a mask makes of a topic's levels; None if it cannot match so many."""
    tail = mask.endswith("#")
    if len(levels) < len(mask) - 1 if tail else len(levels) != len(mask):
        return None
    kept = [level if kind == "=" else kind for kind, level in zip(mask, levels, strict=False)]
    if tail:
        kept[len(mask) - 1 :] = ["#"]
    return "/".join(kept)


def matching(levels: Sequence[str], filters: Counter[str]) -> int:
    """How many of the filters, all made with MASKS, match a topic."""
    made = (masked(mask, levels) for mask in MASKS)
    return sum(filters[one] for one in made if one is not None)


def _topic(numbers: random.Random) -> list[str]:
    sizes = {"region": 8, "site": 20, "hall": 10, "line": 10, "cell": 20}
    levels = [f"{kind}{numbers.randrange(size)}" for kind, size in sizes.items()]
    levels.append(numbers.choice(("temp", "speed", "power", "state")))
    if numbers.random() < 0.5:
        levels += [f"unit{numbers.randrange(10)}", numbers.choice(("raw", "mean"))]
    return levels


@functools.cache
def write_wildcards(folder: Path, subscribers: int, topics: int) -> tuple[Path, Path, float]:
    """The files that load.c reads, and how many subscribers get a message on average."""
    numbers = random.Random(6)
    wanted: list[str] = []
    while len(wanted) < subscribers:
        made = masked(numbers.choice(MASKS), _topic(numbers))
        if made is not None:
            wanted.append(made)
    counted = Counter(wanted)
    lines: dict[str, int] = {}
    while len(lines) < topics:
        levels = _topic(numbers)
        copies = matching(levels, counted)
        if copies:
            lines["/".join(levels)] = copies
    filters_file, topics_file = folder / "wildcard-filters", folder / "wildcard-topics"
    _write(filters_file, wanted)
    _write(topics_file, (f"{copies} {topic}" for topic, copies in lines.items()))
    return filters_file, topics_file, sum(lines.values()) / len(lines)


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines))
