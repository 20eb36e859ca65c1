import asyncio
from dataclasses import replace

import pytest
from bench_parts import RUN, clock, with_broker
from misbehaving_broker import Behaviour, MisbehavingBroker

from robustmq_cli.bench.plan import CONN, PUB, ROUNDTRIP, SUB, Plan
from robustmq_cli.bench.progress import Progress, memory
from robustmq_cli.bench.tally import Report
from robustmq_cli.bench.worker import Worker

TRIP = Plan(
    ROUNDTRIP, publishers=2, subscribers=2, topic="a/%i", client_id="x", count=50, timeout=0.5
)


def work(plan: Plan, behaviour: Behaviour, stop_after: float | None = None) -> Report:
    """All phases of a worker that has no others beside it."""

    async def doing(broker: MisbehavingBroker) -> Report:
        with memory(1, plan.publishers) as descriptor:
            progress = Progress(descriptor, 1, plan.publishers, 0)
        worker = Worker(replace(plan, port=broker.port), 0, RUN, clock, progress)
        if stop_after is not None:
            asyncio.get_running_loop().call_later(stop_after, worker.stopping.set)
        await worker.run(await worker.connect())
        await worker.drain(worker.sent())
        await worker.leave()
        return worker.report(final=True)

    return with_broker(behaviour, doing)


@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("topic", ["a/%i", "a"])
def test_a_round_trip(qos: int, topic: str) -> None:
    report = work(replace(TRIP, qos=qos, topic=topic), Behaviour())
    counts = report.counts
    copies = 1 if "%i" in topic else 2
    assert report.errors == {}
    assert (counts.connected, counts.open, counts.sent) == (4, 4, 100)
    assert (counts.received, counts.acknowledged) == (100 * copies, 100 if qos else 0)
    assert report.latencies["end_to_end"].count == 100 * copies
    assert 0 < report.connecting <= report.connected <= report.began < report.ended
    assert report.cpu > 0


def test_what_does_not_come_is_lost_after_the_timeout() -> None:
    report = work(TRIP, Behaviour(drop=10))
    assert report.errors == {"lost": 10}
    assert report.counts.lost == 10


def test_a_window_that_stays_full_ends_the_run() -> None:
    report = work(replace(TRIP, window=10, count=0, duration=600), Behaviour(drop=1))
    assert report.errors == {"lost": 20}
    assert report.counts.sent == 20


def test_a_duration_ends_the_run() -> None:
    report = work(replace(TRIP, count=0, duration=0.3, rate=100), Behaviour())
    assert report.errors == {}
    assert 20 <= report.counts.sent <= 62
    assert report.counts.received == report.counts.sent


@pytest.mark.parametrize(
    "plan",
    [
        replace(TRIP, count=0, rate=50),
        Plan(SUB, subscribers=1, topic_filter="a", client_id="x"),
        Plan(CONN, idle=2, duration=600, client_id="x"),
        Plan(CONN, idle=50, ramp=600, client_id="x"),
        Plan(CONN, idle=2, recreate=True, client_id="x"),
    ],
)
def test_everything_can_be_stopped(plan: Plan) -> None:
    report = work(plan, Behaviour(), stop_after=0.3)
    assert report.errors == {}
    assert report.counts.connected > 0


def test_subscribers_end_after_their_count() -> None:
    async def doing(broker: MisbehavingBroker) -> list[Report]:
        plans = [
            Plan(SUB, subscribers=2, topic_filter="a", client_id="s", count=30),
            Plan(PUB, publishers=1, topic="a", client_id="p", count=30),
        ]
        workers = []
        for plan in plans:
            with memory(1, 1) as descriptor:
                progress = Progress(descriptor, 1, plan.publishers, 0)
            workers.append(Worker(replace(plan, port=broker.port), 0, RUN, clock, progress))
        for worker in workers:
            await worker.connect()
        await asyncio.gather(*(worker.run(2) for worker in workers))
        for worker in workers:
            await worker.leave()
        return [worker.report(final=True) for worker in workers]

    subscribers, publisher = with_broker(Behaviour(), doing)
    assert (subscribers.counts.received, publisher.counts.sent) == (60, 30)
    assert subscribers.errors == publisher.errors == {}


def test_unacknowledged_messages_are_counted() -> None:
    plan = Plan(PUB, publishers=1, topic="a", client_id="p", count=30, qos=1, timeout=0.3)
    report = work(plan, Behaviour(puback=None))
    assert report.errors == {"not acknowledged": 30}


def test_pings() -> None:
    async def doing(broker: MisbehavingBroker) -> None:
        with memory(1, 0) as descriptor:
            progress = Progress(descriptor, 1, 0, 0)
        plan = Plan(CONN, idle=1, client_id="x", keep_alive=1, port=broker.port)
        worker = Worker(plan, 0, RUN, clock, progress)
        await worker.connect()
        (client,) = worker.around.open
        while not client.client.awaits_pingresp:
            worker.keep_alive()
            await asyncio.sleep(0)
        await worker.leave()

    with_broker(Behaviour(pings=False), doing)
