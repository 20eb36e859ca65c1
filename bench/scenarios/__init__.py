"""Scenarios beyond throughput, each a module with one class; `scenarios` lists them."""

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


def scenarios(*, quick: bool) -> list[Scenario]:
    """All of them; quick ones are a tenth of the size and a part of the time."""
    if quick:
        return [
            StartAndIdle(3),
            IdleConnections(1_500, 4),
            ConnectionStorm(1_500),
            ManySubscriptions(100_000, 50, 1),
            WildcardHeavy(topics=10_000, seconds=1),
            RetainedStore(100_000),
            StalledSubscriber(50, seconds=1.5),
            PayloadSweep(0.2),
            DurableSessions(1.0, 100_000),
        ]
    return [
        StartAndIdle(),
        IdleConnections(),
        ConnectionStorm(),
        ManySubscriptions(),
        WildcardHeavy(),
        RetainedStore(),
        StalledSubscriber(),
        PayloadSweep(),
        DurableSessions(),
    ]
