"""What a scenario is: it takes a running broker and returns named figures."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.process import Process

HIGHER: Final = "higher"
LOWER: Final = "lower"
NEITHER: Final = ""

V311: Final = 4
V5: Final = 5


class ScenarioFailed(Exception):
    """A scenario could not be carried out; the message says what happened, as its row will."""


@dataclass(frozen=True)
class Figure:
    """One measured value.

    better: which values are (HIGHER, LOWER), or NEITHER if it only explains others. main: belongs
    into the summary and the picture.
    """

    name: str
    value: float
    unit: str
    better: str = NEITHER
    main: bool = False


@dataclass
class Outcome:
    """What a scenario found; `fault` is what went wrong meanwhile, if anything did."""

    figures: list[Figure] = field(default_factory=list)
    fault: str = ""


@dataclass(frozen=True)
class Target:
    """A running broker. start_seconds: from exec to the first CONNACK, on `port`.

    A broker may serve MQTT 5.0 on another port (`port_v5`) than 3.1.1.
    """

    peer: str
    process: Process
    port: int
    port_v5: int
    start_seconds: float

    def port_for(self, level: int) -> int:
        return self.port_v5 if level == V5 else self.port


@dataclass(frozen=True)
class Tools:
    """What scenarios work with: the compiled load generator and a folder for their files."""

    load: Path
    folder: Path


class Deadline:
    """A point in time after which a scenario is given up."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self, doing: str) -> float:
        """Seconds left; ScenarioFailed, saying what it was doing, if there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise ScenarioFailed(f"not done after {self.seconds:g} s: {doing}")
        return left


class Scenario(ABC):
    """Something to measure.

    name: of its rows. what: one sentence for the report. fresh: whether it needs a broker that
    has done nothing before, alone on the machine. ours: whether only this repository's broker is
    measured, because others have nothing like it. bound: seconds after which it is given up.
    """

    name: str
    what: str
    fresh: bool = True
    ours: bool = False
    bound: float = 60.0

    @abstractmethod
    def run(self, target: Target, tools: Tools) -> Outcome:
        """Measure; raises ScenarioFailed, or PeerDied if the broker ended."""


def joined(faults: Sequence[str]) -> str:
    """Faults as one text, each once."""
    return "; ".join(dict.fromkeys(fault for fault in faults if fault))
