"""Retaining (3.3.1.3): what is kept, for how long, how much of it, and who gets it."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from wire import code, prop

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


def retained(broker: MemoryBroker, topic_filter: str = "#") -> dict[str, bytes]:
    """What a new subscriber gets."""
    reader = join(broker, "reader")
    reader.subscribe((topic_filter, 2))
    messages = reader.take()
    assert all(one.retain for one in messages)
    reader.disconnect()
    return {one.topic: one.payload for one in messages}


@LEVELS
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_kept_replaced_removed(broker: MemoryBroker, level: int, qos: int) -> None:
    publisher = join(broker, "p", level)
    publisher.publish("a", b"1", qos, retain=True)
    publisher.publish("b", b"1", qos)
    assert retained(broker) == {"a": b"1"}
    publisher.publish("a", b"2", qos, retain=True)
    publisher.publish("a", b"3", qos)
    assert retained(broker) == {"a": b"2"}
    publisher.publish("a", b"", qos)
    assert retained(broker) == {"a": b"2"}
    publisher.publish("a", b"", qos, retain=True)
    assert retained(broker) == {}
    assert broker.stored() == {}


def test_the_message_that_removes_is_delivered(broker: MemoryBroker) -> None:
    watcher = join(broker, "w")
    watcher.subscribe(("a", 0x08))
    publisher = join(broker, "p")
    publisher.publish("a", b"x", retain=True)
    publisher.publish("a", b"", retain=True)
    assert [(one.payload, one.retain) for one in watcher.publishes()] == [(b"x", True), (b"", True)]


@LEVELS
@pytest.mark.parametrize("message_qos", [0, 1, 2])
@pytest.mark.parametrize("granted", [0, 1, 2])
def test_delivery_at_the_lower_qos(
    broker: MemoryBroker, level: int, message_qos: int, granted: int
) -> None:
    join(broker, "p").publish("a", b"x", message_qos, retain=True)
    client = join(broker, "c", level)
    client.subscribe(("a", granted))
    assert [one.qos for one in client.take()] == [min(message_qos, granted)]


def test_properties_are_kept(broker: MemoryBroker) -> None:
    properties: list[prop.Pair] = [
        (prop.CONTENT_TYPE, "text"),
        (prop.USER_PROPERTY, ("k", "v")),
        (prop.USER_PROPERTY, ("k", "v")),
    ]
    expiring = [*properties, (prop.MESSAGE_EXPIRY_INTERVAL, 100), (prop.TOPIC_ALIAS, 1)]
    join(broker, "p").publish("a", b"x", retain=True, properties=expiring)
    broker.advance(40)
    client = join(broker, "c")
    client.subscribe("a")
    (message,) = client.publishes()
    assert list(message.properties) == [*properties, (prop.MESSAGE_EXPIRY_INTERVAL, 60)]


class TestMaximum:
    def test_further_topics_are_not_retained(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_retained_messages=2)
        watcher = join(broker, "w")
        watcher.subscribe("#")
        publisher = join(broker, "p")
        for topic in ("a", "b", "c"):
            assert publisher.publish(topic, b"1", 1, retain=True) == 0
        # It is delivered all the same.
        assert len(watcher.packets()) == 3
        assert retained(broker) == {"a": b"1", "b": b"1"}
        assert broker.metric("messages.dropped.retained_limit") == 1
        assert len(broker.log.events("warning")) == 1
        publisher.publish("a", b"2", retain=True)
        publisher.publish("b", b"", retain=True)
        publisher.publish("c", b"2", retain=True)
        assert retained(broker) == {"a": b"2", "c": b"2"}

    def test_0_is_no_bound(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_retained_messages=0)
        publisher = join(broker, "p")
        for number in range(300):
            publisher.publish(str(number), b"x", retain=True)
        assert broker.metric("retained.count") == 300

    def test_the_broker_s_own_do_not_count(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_retained_messages=1, sys_interval=60.0)
        publisher = join(broker, "p")
        publisher.publish("a", b"x", retain=True)
        publisher.publish("b", b"x", retain=True)
        assert retained(broker) == {"a": b"x"}
        assert broker.metric("retained.count") == 1


def test_leading_wildcards_do_not_reach_dollar_topics(broker: MemoryBroker) -> None:
    publisher = join(broker, "p")
    for topic in ("$a/b", "$a", "a/$b"):
        publisher.publish(topic, topic.encode(), retain=True)
    assert set(retained(broker, "#")) == {"a/$b"}
    assert set(retained(broker, "+/b")) == set()
    assert set(retained(broker, "$a/#")) == {"$a", "$a/b"}
    assert set(retained(broker, "a/+")) == {"a/$b"}


def test_more_than_the_queue_holds(make_broker: MakeBroker) -> None:
    """They leave as the window has room, whatever the bound of the queue."""
    broker = make_broker(max_queued_messages=5, max_inflight=2)
    publisher = join(broker, "p")
    for number in range(50):
        publisher.publish(f"a/{number}", b"x", 1, retain=True)
    client = join(broker, "c")
    client.subscribe(("a/#", 1))
    assert len(client.take()) == 50
    assert broker.metric("delivery.dropped.queue_full") == 0


def test_what_was_not_sent_yet_is_lost_with_the_connection(make_broker: MakeBroker) -> None:
    broker = make_broker(max_inflight=2)
    publisher = join(broker, "p")
    for number in range(5):
        publisher.publish(f"a/{number}", b"x", 1, retain=True)
    client = join(broker, "c", expiry=100)
    client.subscribe(("a/#", 1))
    assert len(client.publishes()) == 2
    client.drop()
    client = join(broker, "c", expiry=100)
    assert [one.dup for one in client.take()] == [True, True]
    client.subscribe(("a/#", 1))
    assert len(client.take()) == 5
    assert not MemoryClient(broker).closed
