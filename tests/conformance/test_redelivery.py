"""What is sent again when a session is resumed, and what is not."""

import pytest

from wire import Clients, Publish, Pubrel, WireClient, code, levels


def absent_subscriber(clients: Clients, level: int, topic: str) -> WireClient:
    client = clients.lasting(level)
    client.subscribe((topic, 2))
    return client


@pytest.mark.normative(
    "3.1.1:MQTT-2.3.1-4",
    "3.1.1:MQTT-3.3.1-1",
    "3.1.1:MQTT-3.3.1-3",
    "3.1.1:MQTT-4.3.2-1",
    "3.1.1:MQTT-4.3.3-1",
    "3.1.1:MQTT-4.4.0-1",
    "5.0:MQTT-3.3.1-1",
    "5.0:MQTT-3.3.1-3",
    "5.0:MQTT-4.3.2-3",
    "5.0:MQTT-4.3.3-3",
    "5.0:MQTT-4.4.0-1",
)
@pytest.mark.parametrize("qos", [1, 2])
@pytest.mark.parametrize("way", ["drop", "disconnect", "takeover"])
def test_unacknowledged_publish_is_sent_again(
    clients: Clients, level: int, topic: str, qos: int, way: str
) -> None:
    first = absent_subscriber(clients, level, topic)
    clients(level).publish(topic, b"again", qos)
    original = first.expect(Publish)
    if way == "drop":
        first.drop()
    elif way == "disconnect":
        first.disconnect()
    second = clients.lasting(level, first.client_id)
    repeated = second.receive(topic, b"again")
    assert (repeated.dup, repeated.qos) == (True, qos)
    assert repeated.packet_id == original.packet_id
    second.quiet()


@pytest.mark.normative("3.1.1:MQTT-4.3.2-1", "5.0:MQTT-4.3.2-3")
def test_acknowledged_publish_is_not_sent_again(clients: Clients, level: int, topic: str) -> None:
    first = absent_subscriber(clients, level, topic)
    publisher = clients(level)
    publisher.publish(topic, b"one", 1)
    publisher.publish(topic, b"two", 2)
    first.receive(topic, b"one")
    first.receive(topic, b"two")
    first.settle()
    first.drop()
    clients.lasting(level, first.client_id).quiet()


@pytest.mark.normative(
    "3.1.1:MQTT-4.3.3-1",
    "3.1.1:MQTT-4.4.0-1",
    "5.0:MQTT-4.3.3-5",
    "5.0:MQTT-4.3.3-6",
    "5.0:MQTT-4.4.0-1",
)
def test_pubrel_is_sent_again_in_place_of_publish(clients: Clients, level: int, topic: str) -> None:
    first = absent_subscriber(clients, level, topic)
    clients(level).publish(topic, b"once", 2)
    packet_id = first.expect(Publish).packet_id
    first.ack(code.PUBREC, packet_id)
    assert first.expect(Pubrel).packet_id == packet_id
    first.drop()
    second = clients.lasting(level, first.client_id)
    assert second.expect(Pubrel).packet_id == packet_id
    second.ack(code.PUBCOMP, packet_id)
    second.quiet()
    second.drop()
    clients.lasting(level, first.client_id).quiet()


@pytest.mark.normative("3.1.1:MQTT-4.6.0-1", "5.0:MQTT-4.6.0-5")
def test_messages_are_sent_again_in_order(clients: Clients, level: int, topic: str) -> None:
    first = absent_subscriber(clients, level, topic)
    publisher = clients(level)
    for number in range(10):
        publisher.publish(topic, b"%d" % number, 1 + number % 2)
    originals = [first.expect(Publish) for _ in range(10)]
    first.drop()
    for number in range(10, 13):
        publisher.publish(topic, b"%d" % number, 1 + number % 2)
    second = clients.lasting(level, first.client_id)
    repeated = [second.expect(Publish) for _ in range(13)]
    assert [message.payload for message in repeated] == [b"%d" % n for n in range(13)]
    assert [m.packet_id for m in repeated[:10]] == [m.packet_id for m in originals]
    assert [message.dup for message in repeated] == [True] * 10 + [False] * 3


@pytest.mark.normative("5.0:MQTT-4.4.0-1")
@levels(code.V311, code.V5)
def test_nothing_is_sent_again_on_one_connection(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    publisher = clients(level)
    publisher.publish(topic, b"one", 1)
    publisher.publish(topic, b"two", 2)
    first, second = watcher.expect(Publish), watcher.expect(Publish)
    clients.elapse(2)
    watcher.quiet()
    watcher.ack(code.PUBACK, first.packet_id)
    watcher.ack(code.PUBREC, second.packet_id)
    watcher.expect(Pubrel)
    watcher.quiet()


@pytest.mark.normative("5.0:MQTT-4.4.0-2", "5.0:MQTT-4.3.3-4")
@pytest.mark.parametrize(("qos", "kind"), [(1, code.PUBACK), (2, code.PUBREC)])
@pytest.mark.parametrize("reason", [code.UNSPECIFIED, code.NOT_AUTHORIZED, code.QUOTA_EXCEEDED])
def test_refused_message_is_done_with(
    clients: Clients, topic: str, qos: int, kind: int, reason: int
) -> None:
    first = absent_subscriber(clients, code.V5, topic)
    clients(code.V5).publish(topic, b"unwanted", qos)
    first.ack(kind, first.expect(Publish).packet_id, reason)
    first.quiet()
    first.drop()
    clients.lasting(code.V5, first.client_id).quiet()
