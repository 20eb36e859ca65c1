"""Will messages, alike in all versions; what 5.0 adds is in test_will_v5.py."""

import pytest

from wire import Clients, Will, code, encode


@pytest.mark.normative(
    "3.1.1:MQTT-3.1.2-8", "3.1.1:MQTT-3.1.2-9", "5.0:MQTT-3.1.2-7", "5.0:MQTT-3.1.2-8"
)
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_will_is_published_when_the_connection_drops(
    clients: Clients, level: int, topic: str, qos: int
) -> None:
    watcher = clients.subscriber(level, topic)
    clients(level, will=Will(topic, b"gone", qos)).drop()
    assert watcher.receive(topic, b"gone").qos == qos
    watcher.quiet()


def test_will_is_published_after_a_reset(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    clients(level, will=Will(topic, b"gone")).reset()
    watcher.receive(topic, b"gone")


@pytest.mark.normative("3.1.1:MQTT-3.1.2-8", "5.0:MQTT-3.1.2-8")
def test_will_is_published_after_a_protocol_error(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    client = clients(level, will=Will(topic, b"broke the rules"))
    client.send(encode.connect(level, client.client_id))
    client.expect_refused(code.PROTOCOL_ERROR)
    watcher.receive(topic, b"broke the rules")


@pytest.mark.normative("3.1.1:MQTT-3.1.2-8", "5.0:MQTT-3.1.2-8")
def test_will_is_published_on_takeover(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    older = clients(level, will=Will(topic, b"taken over"))
    clients(level, older.client_id)
    watcher.receive(topic, b"taken over")
    watcher.quiet()


@pytest.mark.normative(
    "3.1.1:MQTT-3.1.2-10",
    "3.1.1:MQTT-3.14.4-3",
    "5.0:MQTT-3.1.2-10",
    "5.0:MQTT-3.14.4-3",
)
def test_disconnect_discards_the_will(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    clients(level, will=Will(topic, b"not wanted")).disconnect()
    # A later will shows that the first one is not merely on its way.
    clients(level, will=Will(topic, b"wanted")).drop()
    watcher.receive(topic, b"wanted")
    watcher.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.1.2-10", "3.1.1:MQTT-3.1.2-12", "5.0:MQTT-3.1.2-10")
def test_will_is_forgotten_once_published(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    first = clients.socket(level)
    first.connect(clean=False, will=Will(topic, b"once"))
    first.drop()
    watcher.receive(topic, b"once")
    clients(level, first.client_id, clean=False).drop()
    clients(level, will=Will(topic, b"of another")).drop()
    watcher.receive(topic, b"of another")
    watcher.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.1.2-12")
def test_no_will_no_message(clients: Clients, level: int) -> None:
    watcher = clients.subscriber(level, "#")
    watcher.drain()
    clients(level).drop()
    assert [m for m in watcher.drain() if not m.topic.startswith("$")] == []


@pytest.mark.normative(
    "3.1.1:MQTT-3.1.2-16",
    "3.1.1:MQTT-3.1.2-17",
    "5.0:MQTT-3.1.2-14",
    "5.0:MQTT-3.1.2-15",
)
@pytest.mark.parametrize("retain", [False, True])
def test_will_retain(clients: Clients, level: int, topic: str, retain: bool) -> None:
    watcher = clients.subscriber(level, topic)
    clients(level, will=Will(topic, b"gone", 1, retain)).drop()
    assert not watcher.receive(topic, b"gone").retain
    late = clients.subscriber(level, topic)
    if retain:
        assert late.receive(topic, b"gone").retain
    late.quiet()


def test_empty_will_payload_is_published(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    clients(level, will=Will(topic, b"")).drop()
    watcher.receive(topic, b"")
