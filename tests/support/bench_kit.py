"""Peers for tests of the benchmark: brokers that behave badly, and small scenarios."""

import sys
from pathlib import Path
from typing import Final

from bench.peers.base import Peer, Place
from bench.process import PeerUnavailable
from bench.scenario import Scenario
from bench.scenarios.durable import DurableSessions
from bench.scenarios.idle import IdleConnections
from bench.scenarios.payloads import PayloadSweep
from bench.scenarios.retained import RetainedStore
from bench.scenarios.stalled import StalledSubscriber
from bench.scenarios.start import StartAndIdle
from bench.scenarios.storm import ConnectionStorm
from bench.scenarios.subscriptions import ManySubscriptions
from bench.scenarios.wildcards import WildcardHeavy

SCRIPT: Final = Path(__file__).with_name("fake_broker.py")


class Absent(Peer):
    """A peer that is not installed."""

    name = "absent"
    about = "nowhere"

    def prepare(self) -> None:
        raise PeerUnavailable("not installed")

    def command(self, place: Place) -> list[str]:
        raise NotImplementedError


class Fake(Peer):
    """A peer that `fake_broker` plays; mode: see there."""

    about = "a fake"

    def __init__(self, mode: str, patience: float = 20.0) -> None:
        self.name = mode
        self.patience = patience

    def prepare(self) -> None:
        self.version = "0"

    def command(self, place: Place) -> list[str]:
        return [sys.executable, str(SCRIPT), self.name, str(place.port)]


def small_scenarios() -> list[Scenario]:
    """Every scenario beyond throughput, as small as it can be and still show what it is for."""
    return [
        StartAndIdle(0.2),
        IdleConnections(30, 0.3),
        ConnectionStorm(150),
        ManySubscriptions(1_500, 5, 0.2),
        WildcardHeavy(30, 200, 0.2),
        RetainedStore(2_500),
        StalledSubscriber(5, seconds=0.3),
        PayloadSweep(0.1, (16, 2**20)),
        DurableSessions(0.3, 2_000, 20, alone=2_000),
    ]
