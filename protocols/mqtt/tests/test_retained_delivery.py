"""Retained messages to new subscriptions: all of them, once, and nobody else waits for that.

What a turn of the event loop does is counted in messages and bytes, not timed.
"""

from collections import Counter

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join, split
from retained_kit import ask, keep, read_once
from robustmq_mqtt.codec.publish import new_publish
from robustmq_mqtt.retain import retain_message
from robustmq_mqtt.retained_delivery import (
    SIZE_SHIFT,
    SLICE_BUDGET,
    STORED_COST,
    TURN_BUDGET,
)
from wire import code, encode, prop
from wire.packets import Publish

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


def publishes_in(data: bytes) -> int:
    packets, rest = split(data)
    assert rest == b""
    return sum(first >> 4 == code.PUBLISH for first, _ in packets)


def received_by_turn(broker: MemoryBroker, clients: list[MemoryClient]) -> list[list[bytes]]:
    """What each client gets in each turn, until a turn brings nothing and nothing is left."""
    turns: list[list[bytes]] = []
    while True:
        broker.loop.run_turn()
        turns.append([client.raw.transport.take() for client in clients])
        if not any(turns[-1]) and not broker.context.retained_line.scheduled:
            return turns


@LEVELS
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_all_of_them_once(broker: MemoryBroker, level: int, qos: int) -> None:
    topics = keep(broker, 3_000, 2)
    client = join(broker, "c", level)
    client.subscribe(("#", qos))
    messages = client.take()
    assert Counter(one.topic for one in messages) == Counter(topics)
    assert {(one.qos, one.retain, one.dup) for one in messages} == {(qos, True, False)}
    assert broker.context.sessions["c"].retained is None


def test_a_turn_is_bounded_in_messages(broker: MemoryBroker) -> None:
    keep(broker, 20_000)
    client = join(broker)
    ask(client, "#")
    counts = [publishes_in(data) for (data,) in received_by_turn(broker, [client])]
    assert sum(counts) == 20_000
    assert max(counts) <= TURN_BUDGET


def test_a_turn_is_bounded_in_bytes(broker: MemoryBroker) -> None:
    keep(broker, 300, payload=bytes(10_000))
    client = join(broker)
    ask(client, "#")
    turns = received_by_turn(broker, [client])
    assert sum(publishes_in(data) for (data,) in turns) == 300
    assert max(len(data) for (data,) in turns) <= (TURN_BUDGET << SIZE_SHIFT) + 4 * 11_000


def test_a_turn_is_bounded_in_writes_to_storage(broker: MemoryBroker) -> None:
    keep(broker, 1_000)
    client = join(broker, expiry=100)
    ask(client, "#", 1)
    counts = [publishes_in(data) for (data,) in received_by_turn(broker, [client])]
    assert sum(counts) == 1_000
    assert max(counts) <= TURN_BUDGET / STORED_COST


def test_a_turn_is_bounded_where_next_to_nothing_matches(broker: MemoryBroker) -> None:
    keep(broker, 20_000)
    client = join(broker)
    client.subscribe("other")
    ask(client, "+/+/+/other")
    turns = 0
    while broker.context.retained_line.scheduled:
        broker.loop.run_turn()
        turns += 1
    assert turns >= 20_000 / TURN_BUDGET
    assert client.publishes() == []


def test_many_filters_in_one_packet(broker: MemoryBroker) -> None:
    for number in range(100):
        topic = f"a/b/c/{number}"
        retain_message(broker.context, new_publish(topic, b"x", 0, True))
    client = join(broker)
    filters = [f"{a}/{b}/{c}/{d}" for a in "a+" for b in "b+" for c in "c+" for d in "+#"]
    client.send(encode.subscribe(code.V5, 1, [(name, 1) for name in filters]))
    counts = [publishes_in(data) for (data,) in received_by_turn(broker, [client])]
    assert sum(counts) == 100 * len(filters)
    assert max(counts) <= TURN_BUDGET


def test_clients_share_a_turn(broker: MemoryBroker) -> None:
    keep(broker, 2_000)
    clients = [join(broker, f"c{number}") for number in range(10)]
    for client in clients:
        ask(client, "#")
    got = [0] * len(clients)
    for turn in received_by_turn(broker, clients):
        counts = [publishes_in(data) for data in turn]
        assert sum(counts) <= TURN_BUDGET
        got = [before + more for before, more in zip(got, counts, strict=True)]
        assert max(got) - min(got) <= 2 * SLICE_BUDGET
    assert got == [2_000] * len(clients)


def test_others_are_served_meanwhile(broker: MemoryBroker) -> None:
    """A message to somebody else is there two turns after it came, whatever is under way."""
    keep(broker, 20_000)
    readers = [join(broker, f"r{number}") for number in range(3)]
    other = join(broker, "other")
    other.subscribe(("private", 1))
    for reader in readers:
        ask(reader, "site/#")
    served = 0
    while broker.context.retained_line.scheduled:
        other.send_publish("private", b"x", 1)
        broker.loop.run_turn()
        broker.loop.run_turn()
        for reader in readers:
            reader.raw.transport.drain()
        packets, rest = split(other.raw.transport.take())
        assert rest == b""
        kinds = sorted(first >> 4 for first, _ in packets)
        assert kinds == [code.PUBLISH, code.PUBACK]
        other.ack(code.PUBACK, int.from_bytes(packets[0][1][9:11], "big"))
        served += 1
    assert served > 20_000 / TURN_BUDGET


class TestFlowControl:
    def test_a_client_that_reads_slowly(self, broker: MemoryBroker) -> None:
        topics = keep(broker, 20_000, payload=bytes(50))
        client = join(broker)
        client.raw.stall()
        ask(client, "#")
        broker.run_until_idle()
        connection = broker.context.sessions["c"].connection
        assert connection is not None
        got: list[Publish] = []
        rounds = 0
        while client.raw.transport.buffered():
            assert connection.out_size == 0
            assert client.raw.transport.buffered() < 250_000
            got += read_once(client)
            rounds += 1
        assert Counter(one.topic for one in got) == Counter(topics)
        assert rounds > 10

    @pytest.mark.parametrize("window", [1, 10])
    def test_a_client_that_acknowledges_slowly(self, broker: MemoryBroker, window: int) -> None:
        topics = keep(broker, 500)
        client = join(broker, properties=[(prop.RECEIVE_MAXIMUM, window)])
        client.subscribe(("#", 1))
        got: list[Publish] = []
        while unacknowledged := client.publishes():
            assert len(unacknowledged) <= window
            got += unacknowledged
            for one in unacknowledged:
                client.ack(code.PUBACK, one.packet_id)
        assert Counter(one.topic for one in got) == Counter(topics)

    def test_qos_0_does_not_wait_for_acknowledgements(self, broker: MemoryBroker) -> None:
        keep(broker, 100)
        client = join(broker, properties=[(prop.RECEIVE_MAXIMUM, 1)])
        client.subscribe(("live", 1))
        join(broker, "p").publish("live", b"x", 1)
        client.subscribe("site/#")
        assert len([one for one in client.publishes() if one.qos == 0]) == 100

    def test_what_the_client_cannot_take_is_left_out(self, broker: MemoryBroker) -> None:
        keep(broker, 10)
        retain_message(broker.context, new_publish("site/large", bytes(200), 1, True))
        client = join(broker, properties=[(prop.MAXIMUM_PACKET_SIZE, 100)])
        client.subscribe(("#", 0))
        assert len(client.take()) == 10
        client.subscribe(("#", 1))
        assert len(client.take()) == 10
        assert broker.metric("delivery.dropped.too_large") == 2


def test_what_expires_on_the_way_is_removed(broker: MemoryBroker) -> None:
    keep(broker, 20)
    publisher = join(broker, "p")
    publisher.publish("late", b"x", 1, retain=True, properties=[(prop.MESSAGE_EXPIRY_INTERVAL, 9)])
    client = join(broker, properties=[(prop.RECEIVE_MAXIMUM, 1)])
    client.subscribe(("#", 1))
    broker.clock.advance(10)  # no timer has fired yet
    assert "late" not in {one.topic for one in client.take()}
    assert broker.context.retained.get("late") is None
    assert broker.context.retained_expiry.seconds == {}


def test_no_local_leaves_out_the_client_s_own(broker: MemoryBroker) -> None:
    client = join(broker)
    client.publish("mine", b"x", 1, retain=True)
    join(broker, "p").publish("theirs", b"x", 1, retain=True)
    client.subscribe(("#", 1 | 0x04))
    assert [one.topic for one in client.take()] == ["theirs"]


@pytest.mark.parametrize("upgrade", [False, True])
def test_the_qos(make_broker: MakeBroker, upgrade: bool) -> None:
    broker = make_broker(upgrade_qos=upgrade)
    for qos in (0, 1, 2):
        retain_message(broker.context, new_publish(str(qos), b"x", qos, True))
    client = join(broker)
    client.subscribe(("#", 1))
    expected = {"0": 1 if upgrade else 0, "1": 1, "2": 1}
    assert {one.topic: one.qos for one in client.take()} == expected


@pytest.mark.parametrize("qos", [0, 1])
def test_aliases_and_identifiers(broker: MemoryBroker, qos: int) -> None:
    keep(broker, 3, qos)
    client = join(broker, properties=[(prop.TOPIC_ALIAS_MAXIMUM, 2)])
    client.subscribe(("#", qos), properties=[(prop.SUBSCRIPTION_IDENTIFIER, 9)])
    got = client.take()
    assert [one.properties.get(prop.TOPIC_ALIAS) for one in got] == [1, 2, None]
    assert {one.properties.get(prop.SUBSCRIPTION_IDENTIFIER) for one in got} == {9}
