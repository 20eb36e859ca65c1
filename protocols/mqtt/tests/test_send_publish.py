"""Topic aliases that the broker sets (3.3.2.3.4)."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import join
from wire import (
    code,
    prop,
)

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


class TestTopicAlias:
    def test_the_broker_sets_as_many_as_the_client_allows(self, broker: MemoryBroker) -> None:
        client = join(broker, properties=[(prop.TOPIC_ALIAS_MAXIMUM, 2)])
        client.subscribe(("#", 1))
        publisher = join(broker, "publisher")
        seen = []
        for topic in ("a", "b", "c", "a", "b", "c"):
            publisher.publish(topic, b"x", 1)
            (message,) = client.take()
            seen.append((message.topic, message.properties.get(prop.TOPIC_ALIAS)))
        assert seen == [("a", 1), ("b", 2), ("c", None), ("", 1), ("", 2), ("c", None)]

    def test_as_many_as_configured(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_topic_alias_outgoing=1)
        client = join(broker, properties=[(prop.TOPIC_ALIAS_MAXIMUM, 100)])
        client.subscribe("#")
        publisher = join(broker, "publisher")
        for topic in ("a", "b", "a"):
            publisher.publish(topic, b"x")
        assert [one.topic for one in client.publishes()] == ["a", "b", ""]

    @pytest.mark.parametrize("asked", [[], [(prop.TOPIC_ALIAS_MAXIMUM, 0)]])
    def test_none_without_being_asked(self, broker: MemoryBroker, asked: list[prop.Pair]) -> None:
        client = join(broker, properties=asked)
        client.subscribe("#")
        publisher = join(broker, "publisher")
        for _ in range(3):
            publisher.publish("a", b"x")
        assert all(prop.TOPIC_ALIAS not in one.properties for one in client.publishes())

    def test_they_are_the_connection_s(self, broker: MemoryBroker) -> None:
        client = join(broker, expiry=100, properties=[(prop.TOPIC_ALIAS_MAXIMUM, 5)])
        client.subscribe(("a", 1))
        publisher = join(broker, "publisher")
        publisher.publish("a", b"1", 1)
        publisher.publish("a", b"2", 1)
        assert [one.topic for one in client.publishes()] == ["a", ""]
        client.drop()
        client = join(broker, expiry=100, properties=[(prop.TOPIC_ALIAS_MAXIMUM, 5)])
        # Sent again: the first says the topic, as the new connection does not know it.
        assert [(one.topic, one.payload, one.dup) for one in client.publishes()] == [
            *(("a", b"1", True), ("", b"2", True))
        ]

    def test_a_message_that_is_left_out_sets_none(self, broker: MemoryBroker) -> None:
        client = join(
            broker,
            properties=[(prop.TOPIC_ALIAS_MAXIMUM, 5), (prop.MAXIMUM_PACKET_SIZE, 50)],
        )
        client.subscribe("a")
        publisher = join(broker, "publisher")
        publisher.publish("a", bytes(100))
        publisher.publish("a", b"x")
        (message,) = client.publishes()
        assert (message.topic, message.properties.get(prop.TOPIC_ALIAS)) == ("a", 1)
