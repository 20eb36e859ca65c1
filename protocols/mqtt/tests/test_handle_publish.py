"""PUBLISH from a client (section 3.3): what is checked, forwarded, refused and acknowledged."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from wire import Pubcomp, Publish, Pubrec, code, encode, prop
from wire.primitives import string

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


@LEVELS
@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("granted", [0, 1, 2])
def test_delivery_at_the_lower_qos(
    broker: MemoryBroker, level: int, qos: int, granted: int
) -> None:
    subscriber = join(broker, "s")
    subscriber.subscribe(("a/b", granted))
    publisher = join(broker, "p", level)
    assert publisher.publish("a/b", b"x", qos) == 0
    (message,) = subscriber.take()
    assert (message.topic, message.payload, message.qos) == ("a/b", b"x", min(qos, granted))
    assert not message.retain
    assert not message.dup


@pytest.mark.parametrize("qos", [1, 2])
@LEVELS
def test_nobody_there(broker: MemoryBroker, level: int, qos: int) -> None:
    publisher = join(broker, "p", level)
    assert publisher.publish("a", b"x", qos) == (0x10 if level == code.V5 else 0)
    assert broker.metric("messages.dropped.no_subscribers") == 1


@LEVELS
def test_qos2_is_forwarded_once_and_at_pubrel(broker: MemoryBroker, level: int) -> None:
    subscriber = join(broker, "s")
    subscriber.subscribe("a")
    publisher = join(broker, "p", level)
    for _ in range(3):
        publisher.send_publish("a", b"x", 2, packet_id=9, dup=True)
        publisher.packet(Pubrec)
    assert subscriber.packets() == []
    publisher.ack(code.PUBREL, 9)
    publisher.packet(Pubcomp)
    assert subscriber.payloads() == [b"x"]
    publisher.ack(code.PUBREL, 9)
    assert publisher.packet(Pubcomp).reason == (0x92 if level == code.V5 else 0)
    publisher.send_publish("a", b"y", 2, packet_id=9)
    publisher.ack(code.PUBREL, 9)
    publisher.packets()
    assert subscriber.payloads() == [b"y"]


@LEVELS
def test_order_is_kept(broker: MemoryBroker, level: int) -> None:
    subscriber = join(broker, "s", level)
    subscriber.subscribe(("#", 2))
    publisher = join(broker, "p", level)
    for number in range(30):
        publisher.send_publish(f"a/{number % 3}", bytes([number]), 1)
    assert [one.payload[0] for one in subscriber.take()] == list(range(30))


@LEVELS
@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0b", b"\xff", b"\xed\xa0\x80", "a/" * 128])
def test_topics_that_are_none(broker: MemoryBroker, level: int, topic: str | bytes) -> None:
    client = join(broker, "c", level)
    client.send(encode.publish(level, topic, b"x"))
    expected = code.TOPIC_NAME_INVALID
    if isinstance(topic, bytes) or "\0" in topic:
        expected = code.MALFORMED_PACKET
    elif not topic:
        expected = code.PROTOCOL_ERROR
    assert client.refused() == (expected if level == code.V5 else 0)
    assert broker.leftovers() == []


def test_no_topic_and_no_alias_is_a_protocol_error_with_properties_too(
    broker: MemoryBroker,
) -> None:
    client = join(broker)
    client.send(encode.publish(code.V5, "", b"x", properties=[(prop.CONTENT_TYPE, "text")]))
    assert client.refused() == code.PROTOCOL_ERROR


def test_max_topic_levels(make_broker: MakeBroker) -> None:
    broker = make_broker(max_topic_levels=3)
    client = join(broker)
    assert client.publish("a/b/c", b"x", 1) == 0x10
    client.send(encode.publish(code.V5, "a/b/c/d"))
    assert client.refused() == code.TOPIC_NAME_INVALID


def test_every_property_is_forwarded(broker: MemoryBroker) -> None:
    subscriber = join(broker, "s")
    subscriber.subscribe(("a", 1))
    old = join(broker, "old", code.V311)
    old.subscribe("a")
    properties: list[prop.Pair] = [
        (prop.PAYLOAD_FORMAT_INDICATOR, 1),
        (prop.CONTENT_TYPE, "text/plain"),
        (prop.RESPONSE_TOPIC, "answers"),
        (prop.CORRELATION_DATA, b"\x00\xff"),
        (prop.USER_PROPERTY, ("k", "v")),
        (prop.USER_PROPERTY, ("k", "")),
        (prop.USER_PROPERTY, ("a", "v")),
    ]
    join(broker, "p").publish("a", b"x", 1, properties=properties)
    (message,) = subscriber.take()
    assert list(message.properties) == properties
    assert old.payloads() == [b"x"]


class TestExpiry:
    def test_the_time_waited_is_taken_off(self, broker: MemoryBroker) -> None:
        subscriber = join(broker, "s", expiry=1_000)
        subscriber.subscribe(("a", 1))
        publisher = join(broker, "p")
        publisher.publish("a", b"x", 1, properties=[(prop.MESSAGE_EXPIRY_INTERVAL, 100)])
        (message,) = subscriber.publishes()
        assert message.properties.get(prop.MESSAGE_EXPIRY_INTERVAL) == 100
        subscriber.drop()
        broker.advance(40)
        subscriber = join(broker, "s", expiry=1_000)
        (message,) = subscriber.take()
        assert message.properties.get(prop.MESSAGE_EXPIRY_INTERVAL) == 60

    @pytest.mark.parametrize(("waited", "there"), [(99, True), (101, False)])
    def test_it_is_not_delivered_afterwards(
        self, broker: MemoryBroker, waited: int, there: bool
    ) -> None:
        subscriber = join(broker, "s", expiry=1_000)
        subscriber.subscribe(("a", 1))
        subscriber.disconnect()
        publisher = join(broker, "p")
        publisher.publish("a", b"x", 1, properties=[(prop.MESSAGE_EXPIRY_INTERVAL, 100)])
        broker.advance(waited)
        subscriber = join(broker, "s", expiry=1_000)
        assert bool(subscriber.take()) is there
        assert broker.metric("delivery.dropped.expired") == (0 if there else 1)
        assert "mqtt/messages" not in broker.stored()

    def test_one_that_was_sent_does_not_expire(self, broker: MemoryBroker) -> None:
        """[MQTT-4.3.3-7]: a message that was sent once is sent again, however late."""
        subscriber = join(broker, "s", expiry=1_000)
        subscriber.subscribe(("a", 2))
        publisher = join(broker, "p")
        publisher.publish("a", b"x", 2, properties=[(prop.MESSAGE_EXPIRY_INTERVAL, 10)])
        subscriber.drop()
        broker.advance(100)
        assert [one.dup for one in join(broker, "s", expiry=1_000).take()] == [True]

    def test_qos2_may_expire_before_it_is_released(self, broker: MemoryBroker) -> None:
        subscriber = join(broker, "s")
        subscriber.subscribe("a")
        publisher = join(broker, "p")
        properties = [(prop.MESSAGE_EXPIRY_INTERVAL, 10)]
        publisher.send_publish("a", b"x", 2, packet_id=1, properties=properties)
        publisher.packet(Pubrec)
        broker.advance(11)
        publisher.ack(code.PUBREL, 1)
        assert publisher.packet(Pubcomp).reason == 0
        assert subscriber.packets() == []

    @pytest.mark.parametrize("given", [None, 10, 50])
    def test_max_message_expiry_interval(self, make_broker: MakeBroker, given: int | None) -> None:
        broker = make_broker(max_message_expiry_interval=20)
        subscriber = join(broker, "s")
        subscriber.subscribe(("a", 1))
        properties = [] if given is None else [(prop.MESSAGE_EXPIRY_INTERVAL, given)]
        for level in (code.V5, code.V311):
            publisher = join(broker, "p", level)
            publisher.publish("a", b"x", 1, properties=properties)
            (message,) = subscriber.take()
            expected = 20 if level == code.V311 else min(given or 20, 20)
            assert message.properties.get(prop.MESSAGE_EXPIRY_INTERVAL) == expected


class TestAlias:
    def alias(self, number: int) -> list[prop.Pair]:
        return [(prop.TOPIC_ALIAS, number)]

    def test_set_use_and_set_anew(self, broker: MemoryBroker) -> None:
        subscriber = join(broker, "s")
        subscriber.subscribe("#")
        publisher = join(broker, "p")
        for topic, number in [("a", 1), ("", 1), ("b", 2), ("", 1), ("c", 1), ("", 1), ("", 2)]:
            publisher.publish(topic, b"", properties=self.alias(number))
        assert [one.topic for one in subscriber.publishes()] == ["a", "a", "b", "a", "c", "c", "b"]

    def test_one_that_was_not_set(self, broker: MemoryBroker) -> None:
        client = join(broker)
        client.send_publish("", properties=self.alias(1))
        assert client.refused() == code.PROTOCOL_ERROR

    def test_it_ends_with_the_connection(self, broker: MemoryBroker) -> None:
        client = join(broker, expiry=100)
        client.publish("a", properties=self.alias(1))
        client.drop()
        client = join(broker, expiry=100)
        client.send_publish("", properties=self.alias(1))
        assert client.refused() == code.PROTOCOL_ERROR

    @pytest.mark.parametrize(("maximum", "number"), [(5, 6), (0, 1), (65_535, 0)])
    def test_max_topic_alias(self, make_broker: MakeBroker, maximum: int, number: int) -> None:
        broker = make_broker(max_topic_alias=maximum)
        client = MemoryClient(broker)
        told = client.connect().properties.number(prop.TOPIC_ALIAS_MAXIMUM, 0)
        assert told == maximum
        client.send_publish("a", properties=self.alias(number))
        assert client.refused() == code.TOPIC_ALIAS_INVALID

    def test_the_highest(self, make_broker: MakeBroker) -> None:
        client = join(make_broker(max_topic_alias=5))
        assert client.publish("a", b"", 1, properties=self.alias(5)) == 0x10
        assert client.publish("", b"", 1, properties=self.alias(5)) == 0x10

    def test_a_wrong_topic_is_not_remembered(self, broker: MemoryBroker) -> None:
        client = join(broker)
        client.send_publish("a/#", properties=self.alias(1))
        assert client.refused() == code.TOPIC_NAME_INVALID


class TestReceiveMaximum:
    """[MQTT-3.3.4-9]: more QoS 1 and 2 messages at a time than the broker said."""

    def test_one_too_many(self, make_broker: MakeBroker) -> None:
        broker = make_broker(receive_maximum=3)
        client = MemoryClient(broker)
        assert client.connect().properties.get(prop.RECEIVE_MAXIMUM) == 3
        for number in (1, 2, 3):
            client.send_publish("a", b"x", 2, packet_id=number)
        client.send_publish("a", b"x", 2, packet_id=2, dup=True)
        assert len(client.packets()) == 4
        client.send_publish("a", b"x", 2, packet_id=4)
        assert client.refused() == code.RECEIVE_MAXIMUM_EXCEEDED

    def test_pubcomp_makes_room(self, make_broker: MakeBroker) -> None:
        client = join(make_broker(receive_maximum=1))
        for number in range(1, 6):
            client.send_publish("a", b"x", 2, packet_id=number)
            client.packet(Pubrec)
            client.ack(code.PUBREL, number)
            client.packet(Pubcomp)

    def test_a_refusal_makes_room(self, make_broker: MakeBroker) -> None:
        client = join(make_broker(receive_maximum=1))
        for number in range(1, 6):
            client.send_publish("$SYS/x", b"x", 2, packet_id=number)
            assert client.packet(Pubrec).reason == code.NOT_AUTHORIZED

    def test_as_many_as_allowed_while_storage_is_slow(self, make_broker: MakeBroker) -> None:
        broker = make_broker(receive_maximum=4)
        watcher = join(broker, "watcher", expiry=1_000)
        watcher.subscribe(("a", 2))
        client = join(broker, "c", expiry=1_000)
        broker.adapter.slow = True
        for number, qos in enumerate((2, 1, 2, 1), start=1):
            client.send_publish("a", b"x", qos, packet_id=number)
        broker.run_until_idle()
        while broker.adapter.waiting:
            broker.adapter.release()
            broker.run_until_idle()
        assert len(client.packets()) == 4
        assert not client.closed

    def test_3_x_is_not_told_and_is_bounded(self, make_broker: MakeBroker) -> None:
        client = join(make_broker(receive_maximum=3), "c", code.V311)
        for number in range(1, 5):
            client.send_publish("a", b"x", 2, packet_id=number)
        assert len(client.packets()) == 3
        assert client.closed


def test_counters(broker: MemoryBroker) -> None:
    client = join(broker)
    client.subscribe(("a", 2))
    for qos in (0, 1, 1, 2, 2, 2):
        client.send_publish("a", b"x", qos)
    assert {qos: broker.metric(f"messages.qos{qos}.received") for qos in (0, 1, 2)} == {
        0: 1,
        1: 2,
        2: 3,
    }
    assert broker.metric("messages.received") == 6


def test_the_first_message_of_a_topic_and_the_next_go_the_same_way(broker: MemoryBroker) -> None:
    """The first finds its route by the trie, the others by their undecoded topic."""
    subscriber = join(broker, "s")
    subscriber.subscribe("é/+")
    publisher = join(broker, "p", code.V311)
    for _ in range(3):
        publisher.send(b"\x30\x06" + string("é/b") + b"x"[:0])
    assert [(type(one), getattr(one, "topic", "")) for one in subscriber.packets()] == [
        (Publish, "é/b")
    ] * 3
    assert set(broker.services.router.route_cache()) == {"é/b".encode()}
