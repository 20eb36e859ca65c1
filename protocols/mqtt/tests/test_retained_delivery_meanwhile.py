"""What happens while retained messages are on their way to a new subscription."""

from collections import Counter

import pytest

from memory_broker import MemoryBroker
from memory_client import MemoryClient, join
from retained_kit import ask, keep, read_once
from robustmq_mqtt.retained_delivery import AHEAD_MAX
from wire import code, prop
from wire.packets import Publish

pytest_plugins = ("memory_fixtures",)

NEVER_AGAIN = 2 << 4
"""Retain Handling 2: no retained messages."""


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
