"""Saying goodbye: what was acknowledged is delivered first."""

from memory_broker import MemoryBroker
from memory_client import MemoryClient, join
from robustmq_mqtt.shutdown import DRAIN_SECONDS
from wire import Disconnect, Publish, code

pytest_plugins = ("memory_fixtures",)


def shut_down(broker: MemoryBroker) -> None:
    broker.pack.stopping()
    broker.run_until_idle()


def told(client: MemoryClient) -> list[int]:
    return [one.reason for one in client.packets() if isinstance(one, Disconnect)]


def test_who_waits_for_nothing_is_told_at_once(broker: MemoryBroker) -> None:
    client = join(broker)
    shut_down(broker)
    assert told(client) == [code.SERVER_SHUTTING_DOWN]
    assert client.closed


def test_who_waits_is_told_after_the_last_message(broker: MemoryBroker) -> None:
    subscriber = join(broker, "slow")
    subscriber.subscribe(("a", 1))
    publisher = join(broker, "p")
    for payload in (b"1", b"2"):
        assert publisher.publish("a", payload, 1) == code.SUCCESS
    shut_down(broker)
    assert told(publisher) == [code.SERVER_SHUTTING_DOWN]
    first, second = [one for one in subscriber.packets() if isinstance(one, Publish)]
    assert not subscriber.closed
    subscriber.ack(code.PUBACK, first.packet_id)
    assert not subscriber.closed
    subscriber.ack(code.PUBACK, second.packet_id)
    assert told(subscriber) == [code.SERVER_SHUTTING_DOWN]
    assert subscriber.closed


def test_but_not_for_ever(broker: MemoryBroker) -> None:
    subscriber = join(broker, "never acknowledges")
    subscriber.subscribe(("a", 1))
    assert join(broker, "p").publish("a", b"1", 1) == code.SUCCESS
    shut_down(broker)
    assert not subscriber.closed
    broker.advance(DRAIN_SECONDS + 0.5)
    assert told(subscriber) == [code.SERVER_SHUTTING_DOWN]
    assert subscriber.closed


def test_what_still_comes_is_not_acknowledged(broker: MemoryBroker) -> None:
    subscriber = join(broker, "slow")
    subscriber.subscribe(("a", 1))
    assert join(broker, "p").publish("a", b"1", 1) == code.SUCCESS
    shut_down(broker)
    (waiting,) = [one for one in subscriber.packets() if isinstance(one, Publish)]
    subscriber.send_publish("a", b"too late", 1)
    assert subscriber.packets() == []
    subscriber.ack(code.PUBACK, waiting.packet_id)
    assert told(subscriber) == [code.SERVER_SHUTTING_DOWN]
