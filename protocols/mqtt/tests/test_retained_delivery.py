"""Retained messages to new subscriptions: all of them, once, and nobody else waits for that.

What a turn of the event loop does is counted in messages and bytes, not timed.
"""

from collections import Counter

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join, split
from robustmq_mqtt.codec.publish import new_publish
from robustmq_mqtt.retain import retain_message
from robustmq_mqtt.retained_delivery import (
    AHEAD_MAX,
    SIZE_SHIFT,
    SLICE_BUDGET,
    STORED_COST,
    TURN_BUDGET,
)
from wire import code, encode, prop
from wire.packets import Publish

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])
NEVER_AGAIN = 2 << 4
"""Retain Handling 2: no retained messages."""


def keep(broker: MemoryBroker, count: int, qos: int = 1, payload: bytes = b"old") -> list[str]:
    """Retain a message each for topics of several levels; returns the topics."""
    topics = [f"site/{n % 7}/{n}/temp" for n in range(count)]
    for topic in topics:
        retain_message(broker.context, new_publish(topic, payload, qos, True))
    broker.run_until_idle()
    return topics


def ask(client: MemoryClient, topic_filter: str, options: int = 0) -> None:
    """Send a SUBSCRIBE; the broker has not taken another turn then."""
    client.send(encode.subscribe(client.level, 1, [(topic_filter, options)]))


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


def read_once(client: MemoryClient) -> list[Publish]:
    """Read what a stalled client has been sent; then it stalls again at once."""
    transport = client.raw.transport
    transport.drain()
    if transport.connection is not None:
        transport.connection.resume_writing()
    return client.publishes()


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


class TestOtherMessages:
    @pytest.mark.parametrize("window", [1, 2, 20])
    def test_neither_kind_waits_for_the_end_of_the_other(
        self, broker: MemoryBroker, window: int
    ) -> None:
        keep(broker, 300)
        client = join(broker, properties=[(prop.RECEIVE_MAXIMUM, window)])
        client.subscribe(("live", 1), ("site/#", 1))
        publisher = join(broker, "p")
        for number in range(300):
            publisher.publish("live", b"%d" % number, 1)
        got: list[Publish] = []
        while more := client.publishes():
            got += more
            for one in more:
                client.ack(code.PUBACK, one.packet_id)
        live = [int(one.payload) for one in got if not one.retain]
        assert live == list(range(300))
        assert len(got) == 600
        for at in range(window, 500, 50):
            retained = sum(one.retain for one in got[at : at + 50])
            assert 15 <= retained <= 35

    def test_sent_at_once_they_leave_room_too(self, broker: MemoryBroker) -> None:
        """Messages that come as fast as the client acknowledges never have to be queued."""
        keep(broker, 50)
        client = join(broker, properties=[(prop.RECEIVE_MAXIMUM, 4)])
        client.subscribe(("live", 1), ("site/#", 1))
        publisher = join(broker, "p")
        got: list[Publish] = []
        for _ in range(100):
            for one in client.publishes():
                got.append(one)
                client.ack(code.PUBACK, one.packet_id)
                publisher.send_publish("live", b"x", 1)
        assert sum(one.retain for one in got) == 50

    def test_a_slow_reader_s_queue_moves_on(self, broker: MemoryBroker) -> None:
        keep(broker, 5_000, payload=bytes(100))
        client = join(broker)
        client.subscribe("live")
        client.raw.stall()
        ask(client, "site/#")
        publisher = join(broker, "p")
        broker.run_until_idle()
        for number in range(AHEAD_MAX * 3):
            publisher.publish("live", b"%d" % number)
        got = read_once(client) + read_once(client)
        assert sum(not one.retain for one in got) == AHEAD_MAX * 3
        assert 0 < sum(one.retain for one in got) < 5_000
        client.raw.go_on()
        assert sum(one.retain for one in got + client.take()) == 5_000

    def test_what_is_replaced_meanwhile_comes_as_the_new_one(self, broker: MemoryBroker) -> None:
        topics = keep(broker, 1_000)
        client = join(broker, properties=[(prop.RECEIVE_MAXIMUM, 20)])
        client.subscribe(("#", 1))
        publisher = join(broker, "p")
        for topic in topics[::2]:
            publisher.publish(topic, b"new", retain=True)
        for topic in topics[1::4]:
            publisher.publish(topic, b"", retain=True)
        got = client.take()
        new = Counter(one.topic for one in got if one.payload == b"new")
        assert new == Counter(topics[::2])
        assert {one.retain for one in got if one.payload != b"old"} == {False}
        old = Counter(one.topic for one in got if one.payload == b"old")
        assert set(old) >= set(topics[3::4])
        assert len(old) <= 250 + 20
        assert max(old.values()) == 1


class TestSubscribedAgain:
    """A filter is subscribed again while its messages are on their way."""

    @pytest.fixture
    def client(self, broker: MemoryBroker) -> MemoryClient:
        """Has 10 of 100 messages, and acknowledges when told."""
        keep(broker, 100)
        client = join(broker, properties=[(prop.RECEIVE_MAXIMUM, 10)])
        client.subscribe(("#", 1))
        return client

    @pytest.mark.parametrize("handling", [1, 2])
    def test_without_retained_ones_the_rest_still_comes(
        self, client: MemoryClient, handling: int
    ) -> None:
        """[MQTT-3.8.4-4]: replacing a subscription loses no message."""
        client.subscribe(("#", 1 | handling << 4), properties=[(prop.SUBSCRIPTION_IDENTIFIER, 7)])
        got = client.take()
        assert len({one.topic for one in got}) == len(got) == 100
        identifiers = [one.properties.get(prop.SUBSCRIPTION_IDENTIFIER) for one in got]
        assert identifiers == [None] * 10 + [7] * 90

    def test_at_another_qos(self, client: MemoryClient) -> None:
        client.subscribe(("#", 0 | NEVER_AGAIN))
        assert Counter(one.qos for one in client.take()) == {1: 10, 0: 90}

    def test_with_retained_ones_all_come_again(self, client: MemoryClient) -> None:
        client.subscribe(("#", 1))
        got = Counter(one.topic for one in client.take())
        assert len(got) == 100
        assert sum(got.values()) == 110

    def test_after_unsubscribing_nothing_more_comes(self, client: MemoryClient) -> None:
        client.unsubscribe("#")
        client.subscribe(("#", 1 | NEVER_AGAIN))
        assert len(client.take()) == 10

    def test_before_its_turn(self, broker: MemoryBroker, client: MemoryClient) -> None:
        client.subscribe(("+/#", 1))
        client.subscribe(("+/#", 1 | NEVER_AGAIN))
        client.subscribe(("+/+/#", 1))
        client.unsubscribe("+/+/#")
        assert len(client.take()) == 200
        assert broker.context.sessions["c"].retained is None


class TestTheEnd:
    @pytest.mark.parametrize("expiry", [0, 100])
    def test_of_the_connection(self, broker: MemoryBroker, expiry: int) -> None:
        keep(broker, 5_000)
        client = join(broker, expiry=expiry)
        ask(client, "#")
        broker.loop.run_turn()
        broker.loop.run_turn()
        client.raw.transport.lose()
        broker.run_until_idle()
        assert not broker.context.retained_line.scheduled
        assert join(broker, expiry=expiry).take() == []

    def test_of_the_server(self, broker: MemoryBroker) -> None:
        keep(broker, 5_000)
        client = join(broker)
        ask(client, "#", 1)
        broker.loop.run_turn()
        broker.stop()
        assert client.closed

    def test_taken_over_and_subscribed_again(self, broker: MemoryBroker) -> None:
        topics = keep(broker, 5_000)
        first = join(broker, expiry=100)
        ask(first, "#")
        broker.loop.run_turn()
        second = join(broker, expiry=100)
        second.subscribe("#")
        assert Counter(one.topic for one in second.take()) == Counter(topics)


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
