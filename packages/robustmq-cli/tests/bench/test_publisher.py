import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from bench_parts import RUN, surroundings, until, with_broker
from misbehaving_broker import Behaviour, MisbehavingBroker

from robustmq_cli.bench.plan import PUB, ROUNDTRIP, Plan
from robustmq_cli.bench.progress import Progress, memory
from robustmq_cli.bench.publisher import Publisher

PLAN = Plan(PUB, publishers=1, topic="a", client_id="x", window=20)


def publishing(
    plan: Plan, doing: Callable[[Publisher, Progress], Awaitable[None]], behaviour: Behaviour
) -> Publisher:
    """A connected publisher, and how far its messages are; it leaves at the end."""

    async def with_publisher(broker: MisbehavingBroker) -> Publisher:
        with memory(1, 1) as descriptor:
            progress = Progress(descriptor, 1, 1, 0)
        around = surroundings(replace(plan, port=broker.port))
        publisher = Publisher(around, 0, RUN, progress)
        await publisher.open()
        await doing(publisher, progress)
        publisher.leave()
        await publisher.lost(5)
        return publisher

    return with_broker(behaviour, with_publisher)


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_window_is_full_until_acknowledgements_come() -> None:
    async def doing(publisher: Publisher, _: Progress) -> None:
        publisher.start(now(), 0)
        assert not publisher.fill(now())
        assert (publisher.sent, publisher.under_way(), publisher.starved) == (20, 20, True)
        assert not publisher.fill(now())
        await until(lambda: publisher.under_way() == 0)
        publisher.fill(now())
        assert publisher.sent == 40

    publishing(replace(PLAN, qos=1), doing, Behaviour())


@pytest.mark.parametrize("qos", [0, 1])
def test_a_round_trip_waits_for_arrivals_too(qos: int) -> None:
    async def doing(publisher: Publisher, progress: Progress) -> None:
        publisher.start(now(), 2)
        publisher.fill(now())
        await until(lambda: not publisher.client.in_flight)
        assert (publisher.sent, publisher.under_way()) == (20, 20)
        progress.put(0, 2 * 4)
        publisher.fill(now())
        assert publisher.sent == 20, "a quarter of the window is not free"
        progress.put(0, 2 * 5)
        publisher.fill(now())
        assert publisher.sent == 25

    publishing(replace(PLAN, command=ROUNDTRIP, qos=qos), doing, Behaviour())


def test_a_round_trip_without_subscribers_is_over() -> None:
    async def doing(publisher: Publisher, _: Progress) -> None:
        publisher.start(now(), 0)
        assert publisher.finished
        assert not publisher.fill(now())

    assert publishing(replace(PLAN, command=ROUNDTRIP), doing, Behaviour()).sent == 0


def test_qos_0_goes_out_until_the_socket_is_full() -> None:
    async def doing(publisher: Publisher, _: Progress) -> None:
        publisher.start(now(), 0)
        while publisher.fill(now()):
            pass
        assert publisher.paused
        assert publisher.buffered() > 0
        assert not publisher.starved

    publishing(replace(PLAN, size=16_000), doing, Behaviour(deaf=1))


def test_it_is_finished_after_its_count() -> None:
    async def doing(publisher: Publisher, _: Progress) -> None:
        publisher.start(now(), 0)
        assert not publisher.fill(now())
        assert (publisher.finished, publisher.sent) == (True, 7)

    publisher = publishing(replace(PLAN, count=7), doing, Behaviour())
    counts = publisher.around.counts
    assert (counts.sent, counts.sent_bytes) == (7, 7 * publisher.batch.frame_size)


def test_a_rate_says_how_many_are_due() -> None:
    async def doing(publisher: Publisher, _: Progress) -> None:
        publisher.start(1_000.0, 0)
        assert [publisher.due(at) for at in (999.9, 1_000.0, 1_000.1, 1_001.0)] == [0, 1, 2, 11]
        publisher.fill(1_000.55)
        assert publisher.sent == 6
        assert publisher.next_due() == pytest.approx(1_000.6)

    publishing(replace(PLAN, rate=10), doing, Behaviour())


def test_the_servers_receive_maximum_is_kept() -> None:
    async def doing(publisher: Publisher, _: Progress) -> None:
        publisher.start(now(), 0)
        publisher.fill(now())
        assert publisher.sent == 5

    publishing(replace(PLAN, qos=2, level=5), doing, Behaviour(receive_maximum=5))


def test_a_closed_connection_finishes_it() -> None:
    async def doing(publisher: Publisher, _: Progress) -> None:
        publisher.start(now(), 0)
        publisher.fill(now())
        await until(lambda: publisher.finished)

    publisher = publishing(replace(PLAN, qos=1, count=40), doing, Behaviour(disconnect=3))
    assert publisher.around.errors.total() == 1
