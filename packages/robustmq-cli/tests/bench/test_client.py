import asyncio

import pytest
from bench_parts import surroundings, until, with_broker
from misbehaving_broker import Behaviour, MisbehavingBroker

from robustmq_cli.bench.client import BenchClient, Surroundings
from robustmq_cli.bench.plan import CONN, IDLE, SUB, SUBSCRIBER, Plan


def opened(
    behaviour: Behaviour, topic_filter: str = "", timeout: float = 0.2
) -> tuple[BenchClient, Surroundings]:
    """A client after it has tried to connect; then it leaves."""

    async def doing(broker: MisbehavingBroker) -> tuple[BenchClient, Surroundings]:
        plan = Plan(CONN, idle=1, port=broker.port, topic_filter=topic_filter, timeout=timeout)
        around = surroundings(plan)
        client = BenchClient(around, IDLE, 0)
        await client.open()
        was_usable.append(client.usable)
        client.leave()
        await client.lost(5)
        assert not around.open
        return client, around

    was_usable: list[bool] = []
    client, around = with_broker(behaviour, doing)
    assert was_usable == [not around.errors.by_reason]
    return client, around


@pytest.mark.parametrize("topic_filter", ["", "a/b"])
def test_a_client_is_usable_once_it_is_all_set(topic_filter: str) -> None:
    _, around = opened(Behaviour(), topic_filter, timeout=10)
    assert (around.counts.connected, around.counts.subscribed) == (1, int(bool(topic_filter)))
    assert around.connect.take().count == 1


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (Behaviour(connack=None), "CONNACK timeout"),
        (Behaviour(connack=0x88), "CONNACK 0x03 Server unavailable"),
        (Behaviour(suback=None), "SUBACK timeout"),
        (Behaviour(suback=0x80), "SUBACK 0x80 Unspecified error"),
    ],
)
def test_what_goes_wrong_is_counted_once(behaviour: Behaviour, reason: str) -> None:
    _, around = opened(behaviour, "a/b")
    assert around.errors.by_reason == {reason: 1}


def test_a_server_that_closes_at_once() -> None:
    _, around = opened(Behaviour(hangs_up=True), timeout=10)
    reasons = around.errors.by_reason
    assert reasons.total() == 1
    assert set(reasons) <= {"closed by the server before CONNACK", "connection reset"}


def test_nobody_is_there(free_port: int) -> None:
    around = surroundings(Plan(CONN, idle=1, port=free_port))
    client = BenchClient(around, IDLE, 0)
    asyncio.run(client.open())
    assert around.errors.by_reason == {"connection refused": 1}
    asyncio.run(client.lost(1))


def test_messages_are_counted() -> None:
    async def doing(broker: MisbehavingBroker) -> Surroundings:
        plan = Plan(SUB, subscribers=2, port=broker.port, topic_filter="a", client_id="x")
        around = surroundings(plan)
        first, second = (BenchClient(around, SUBSCRIBER, number) for number in range(2))
        await first.open()
        await second.open()
        first.client.write(b"\x30\x04\x00\x01a!")
        await until(lambda: around.received.messages == 2)
        for client in (first, second):
            client.leave()
            await client.lost(5)
        return around

    around = with_broker(Behaviour(), doing)
    assert around.received.unstamped == 2
    assert around.errors.total() == 0


def test_pings_are_sent_in_time_and_missed_when_they_are_not_answered() -> None:
    async def doing(broker: MisbehavingBroker) -> Surroundings:
        around = surroundings(Plan(CONN, idle=1, port=broker.port, keep_alive=10))
        client = BenchClient(around, IDLE, 0)
        await client.open()
        now = asyncio.get_running_loop().time()
        for later in (4, 6, 7, 12):
            client.keep_alive(now + later)
            pinged.append(client.client.awaits_pingresp)
            usable.append(client.usable)
        await until(lambda: not around.open)
        return around

    pinged: list[bool] = []
    usable: list[bool] = []

    around = with_broker(Behaviour(pings=False), doing)
    assert around.errors.by_reason == {"PINGRESP timeout": 1}
    assert pinged == [False, True, True, True]
    assert usable == [True, True, True, False]
