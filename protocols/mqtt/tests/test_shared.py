"""Shared subscriptions (4.8.2): turns, members that leave, and what becomes of their messages."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from robustmq_mqtt.shared import split_shared
from wire import Pubrel, code, prop

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])
SHARED = "$share/g/a"


def member(
    broker: MemoryBroker, client_id: str, level: int = code.V5, qos: int = 2, expiry: int = 0
) -> MemoryClient:
    client = join(broker, client_id, level, expiry=expiry)
    client.subscribe((SHARED, qos))
    return client


def publish(broker: MemoryBroker, *payloads: bytes, qos: int = 1, topic: str = "a") -> None:
    publisher = join(broker, "publisher")
    for payload in payloads:
        assert publisher.publish(topic, payload, qos) == 0
    publisher.disconnect()


@LEVELS
def test_round_robin(broker: MemoryBroker, level: int) -> None:
    members = [member(broker, f"m{i}", level) for i in range(3)]
    publish(broker, *(bytes([i]) for i in range(9)))
    assert [[one.payload[0] for one in client.take()] for client in members] == [
        *([0, 3, 6], [1, 4, 7], [2, 5, 8])
    ]


def test_groups_and_filters_are_apart(broker: MemoryBroker) -> None:
    clients = []
    for number, name in enumerate(["$share/g/a", "$share/h/a", "$share/g/+", "a"]):
        client = join(broker, str(number))
        client.subscribe((name, 1))
        clients.append(client)
    publish(broker, b"x")
    assert [len(client.take()) for client in clients] == [1, 1, 1, 1]


@pytest.mark.parametrize("topic", ["$SYSTEM", "$a/b"])
def test_dollar_topics(broker: MemoryBroker, topic: str) -> None:
    client = join(broker)
    client.subscribe("$share/g/#", "$share/g/+")
    assert join(broker, "p").publish(topic, b"x", 1) == 0x10
    client.subscribe("$share/g/" + topic)
    assert join(broker, "p").publish(topic, b"x", 1) == 0


@LEVELS
@pytest.mark.parametrize("how", ["unsubscribe", "disconnect", "drop"])
def test_a_member_leaves(broker: MemoryBroker, level: int, how: str) -> None:
    leaving, staying = member(broker, "m1", level), member(broker, "m2", level)
    publish(broker, b"1", b"2")
    assert leaving.payloads() == [b"1"]
    if how == "unsubscribe":
        leaving.unsubscribe(SHARED)
    elif how == "disconnect":
        leaving.disconnect()
    else:
        leaving.drop()
    publish(broker, b"3", b"4")
    expected = [b"2", b"3", b"4"] if how == "unsubscribe" else [b"2", b"1", b"3", b"4"]
    # Whoever only unsubscribed finishes what it has got.
    assert [one.payload for one in staying.take()] == expected


@pytest.mark.parametrize("expiry", [0, 100])
def test_qos2_that_was_sent_stays_with_its_member(broker: MemoryBroker, expiry: int) -> None:
    """[MQTT-4.8.2-4] and [MQTT-4.8.2-5]: it might have arrived."""
    leaving = member(broker, "m1", expiry=expiry)
    staying = member(broker, "m2")
    publish(broker, b"1", b"2", qos=2)
    (message,) = leaving.publishes()
    staying.take()
    leaving.drop()
    assert staying.take() == []
    if expiry:
        leaving = join(broker, "m1", expiry=expiry)
        (again,) = leaving.publishes()
        assert (again.packet_id, again.dup) == (message.packet_id, True)
        leaving.ack(code.PUBREC, again.packet_id)
        leaving.packet(Pubrel)
        leaving.drop()
    broker.advance(expiry + 1)
    assert staying.take() == []


@pytest.mark.parametrize("packet_type", [code.PUBACK, code.PUBREC])
def test_a_refusal_is_the_end_of_it(broker: MemoryBroker, packet_type: int) -> None:
    """[MQTT-4.8.2-6]"""
    qos = 1 if packet_type == code.PUBACK else 2
    refusing, other = member(broker, "m1", qos=qos), member(broker, "m2", qos=qos)
    publish(broker, b"1", qos=qos)
    (message,) = refusing.publishes()
    refusing.ack(packet_type, message.packet_id, 0x83)
    refusing.disconnect()
    assert other.take() == []


class TestLasting:
    """Members whose session goes on without them."""

    def test_what_they_have_not_acknowledged_goes_to_who_is_there(
        self, make_broker: MakeBroker
    ) -> None:
        broker = make_broker(max_inflight=1)
        away, there = member(broker, "m1", expiry=100), member(broker, "m2")
        publish(broker, *(bytes([i]) for i in range(6)))
        # Two wait at each, one is in flight to each.
        away.drop()
        assert sorted(one.payload[0] for one in there.take()) == list(range(6))
        assert join(broker, "m1", expiry=100).take() == []
        assert "mqtt/messages" not in broker.stored()

    def test_with_nobody_there_it_waits_for_them(self, broker: MemoryBroker) -> None:
        first, second = member(broker, "m1", expiry=100), member(broker, "m2", expiry=100)
        publish(broker, b"1", b"2")
        first.drop()
        second.drop()
        publish(broker, b"3", b"4", b"5", b"6")
        broker.restart()
        got = [
            one.payload for name in ("m1", "m2") for one in join(broker, name, expiry=100).take()
        ]
        assert sorted(got) == [b"1", b"2", b"3", b"4", b"5", b"6"]

    def test_a_session_that_ends_leaves_everything_to_the_others(
        self, broker: MemoryBroker
    ) -> None:
        member(broker, "m1", expiry=50).drop()
        publish(broker, b"1", b"2")
        member(broker, "m2", expiry=1_000).drop()
        broker.advance(51)
        assert [one.payload for one in join(broker, "m2", expiry=100).take()] == [b"1", b"2"]
        assert set(broker.stored()) == {"mqtt/session/m2"}

    def test_what_has_expired_is_left_to_nobody(self, broker: MemoryBroker) -> None:
        member(broker, "m1", expiry=50).drop()
        publisher = join(broker, "publisher")
        properties = [(prop.MESSAGE_EXPIRY_INTERVAL, 30)]
        publisher.publish("a", b"short", 1, properties=properties)
        publisher.publish("a", b"long", 1)
        staying = member(broker, "m2", expiry=1_000)
        broker.advance(51)
        assert [one.payload for one in staying.take()] == [b"long"]

    def test_the_last_member_takes_it_along(self, broker: MemoryBroker) -> None:
        client = member(broker, "m1", expiry=50)
        publish(broker, b"1")
        client.drop()
        publish(broker, b"2")
        broker.advance(51)
        assert broker.leftovers() == []
        assert broker.metric("delivery.dropped.session_discarded") == 2


def test_a_member_unsubscribes_with_messages_waiting(make_broker: MakeBroker) -> None:
    broker = make_broker(max_inflight=1)
    leaving, staying = member(broker, "m1", expiry=100), member(broker, "m2")
    leaving.subscribe(("own", 1))
    publish(broker, *(bytes([i]) for i in range(4)))
    publish(broker, b"own", topic="own")
    (first,) = leaving.publishes()
    leaving.unsubscribe(SHARED)
    assert sorted(one.payload[0] for one in staying.take()) == [1, 2, 3]
    leaving.ack(code.PUBACK, first.packet_id)
    assert [one.payload for one in leaving.take()] == [b"own"]
    assert "mqtt/messages" not in broker.stored()


@LEVELS
def test_a_slow_member_is_not_the_end(make_broker: MakeBroker, level: int) -> None:
    broker = make_broker(max_inflight=1, max_queued_messages=1)
    slow, quick = member(broker, "m1", level), member(broker, "m2", level)
    publisher = join(broker, "publisher")
    got = 0
    for number in range(20):
        publisher.publish("a", bytes([number]), 1)
        got += len(quick.take())
    # The slow one takes two and is full; the others are for the quick one.
    assert got == 18
    assert len(slow.take()) == 2


def test_a_filter_is_split_at_its_group() -> None:
    assert split_shared("$share/g/a/b") == ("g", "a/b")
    assert split_shared("$share/g//") == ("g", "/")
