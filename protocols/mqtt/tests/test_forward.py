"""From an accepted message to its subscribers."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import join
from memory_loop import run_to_end
from robustmq_broker.topics.topic_config import TopicConfig
from robustmq_common.record import decode_record
from robustmq_mqtt.codec.publish import new_publish
from robustmq_mqtt.forward import forward, limit_expiry
from wire import Puback, code

pytest_plugins = ("memory_fixtures",)


def test_retained_and_delivered(broker: MemoryBroker) -> None:
    client = join(broker)
    client.subscribe("a")
    message = new_publish("a", b"x", 0, True)
    forward(broker.context, message, broker.services.router.route("a"))
    assert client.payloads() == [b"x"]
    kept = broker.context.retained.get("a")
    assert kept is not None
    assert kept.payload == b"x"
    assert broker.metric("messages.dropped.no_subscribers") == 0


def test_nobody_there(broker: MemoryBroker) -> None:
    forward(broker.context, new_publish("a", b"x"), broker.services.router.route("a"))
    assert broker.metric("messages.dropped.no_subscribers") == 1
    assert broker.context.retained.get("a") is None


@pytest.mark.parametrize(
    ("given", "longest", "expected"), [(0.0, 20, 120.0), (110.0, 20, 110.0), (150.0, 20, 120.0)]
)
def test_expiry(given: float, longest: int, expected: float) -> None:
    message = new_publish("a", b"x")
    message.timestamp = 100.0
    message.expires_at = given
    limit_expiry(message, longest)
    assert message.expires_at == expected


def test_what_a_rule_keeps_in_memory_is_not_written(make_broker: MakeBroker) -> None:
    rules = [TopicConfig(filter="volatile/#", durability="memory")]
    broker = make_broker(topics=rules)
    client = join(broker, "s", expiry=1_000)
    client.subscribe(("#", 2))
    client.disconnect()
    publisher = join(broker, "p")
    before = broker.metric("storage.operations")
    publisher.publish("volatile/a", b"1", 1)
    publisher.publish("volatile/a", b"2", 2)
    assert broker.metric("storage.operations") == before
    publisher.publish("kept", b"3", 2)
    client = join(broker, "s", expiry=1_000)
    assert sorted(one.payload for one in client.publishes()) == [b"1", b"2", b"3"]
    broker.restart(crash=True)
    assert [one.payload for one in join(broker, "s", expiry=1_000).take()] == [b"3"]


@pytest.mark.parametrize("qos", [1, 2])
def test_a_topic_with_a_log(make_broker: MakeBroker, qos: int) -> None:
    broker = make_broker(topics=[TopicConfig(filter="log/+", retention_records=10)])
    publisher = join(broker, "p")
    broker.adapter.slow = True
    publisher.send_publish("log/a", b"x", qos, packet_id=1)
    assert publisher.packets() == []
    broker.adapter.slow = False
    broker.adapter.release()
    publisher.packets()
    if qos == 2:
        publisher.ack(code.PUBREL, 1)
        publisher.packets()
    publisher.publish("log/a", b"y", 0)
    broker.run_until_idle()
    records = run_to_end(broker.adapter.read("topic/log/a", 0, 10, 1_000_000))
    assert [decode_record(one.value).payload for one in records] == [b"x", b"y"]
    assert broker.metric("messages.dropped.no_subscribers") == 2


def test_acknowledgements_keep_their_order_whatever_they_wait_for(make_broker: MakeBroker) -> None:
    """[MQTT-4.6.0-2]"""
    broker = make_broker(topics=[TopicConfig(filter="safe", durability="fsync")])
    client = join(broker, "s", expiry=1_000)
    client.subscribe(("#", 1))
    publisher = join(broker, "p")
    broker.adapter.slow_sync = True
    publisher.send_publish("safe", b"1", 1, packet_id=1)
    broker.run_until_idle()
    publisher.send_publish("other", b"2", 1, packet_id=2)
    other = join(broker, "q")
    other.send_publish("other", b"3", 1, packet_id=7)
    assert publisher.packets() == []
    assert [one.packet_id for one in other.packets() if isinstance(one, Puback)] == [7]
    assert client.publishes() == []
    broker.adapter.slow_sync = False
    broker.adapter.release()
    assert [one.packet_id for one in publisher.packets() if isinstance(one, Puback)] == [1, 2]
    assert [one.payload for one in client.take()] == [b"1", b"2", b"3"]
