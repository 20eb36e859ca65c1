"""What tests of retained messages to new subscriptions do again and again."""

from memory_broker import MemoryBroker
from memory_client import MemoryClient
from robustmq_mqtt.codec.publish import new_publish
from robustmq_mqtt.retain import retain_message
from wire import encode
from wire.packets import Publish


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


def read_once(client: MemoryClient) -> list[Publish]:
    """Read what a stalled client has been sent; then it stalls again at once."""
    transport = client.raw.transport
    transport.drain()
    if transport.connection is not None:
        transport.connection.resume_writing()
    return client.publishes()
