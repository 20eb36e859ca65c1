"""Retained messages, alike in all versions."""

import pytest

from wire import Clients, WireClient


def retained(clients: Clients, level: int, *filters: str) -> dict[str, bytes]:
    """What a new subscriber gets, all of which must be marked as retained."""
    client = clients.subscriber(level, *filters)
    messages = client.drain()
    assert all(message.retain for message in messages)
    return {message.topic: message.payload for message in messages}


@pytest.mark.normative(
    "3.1.1:MQTT-3.3.1-5",
    "3.1.1:MQTT-3.3.1-6",
    "3.1.1:MQTT-3.3.1-8",
    "5.0:MQTT-3.3.1-5",
    "5.0:MQTT-3.3.1-9",
)
@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("granted", [0, 1, 2])
def test_new_subscription_gets_the_retained_message(
    clients: Clients, level: int, topic: str, qos: int, granted: int
) -> None:
    clients(level).publish(topic, b"kept", qos, retain=True)
    client = clients.subscriber(level, topic, qos=granted)
    message = client.receive(topic, b"kept")
    assert (message.retain, message.qos, message.dup) == (True, min(qos, granted), False)
    client.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.3.1-9", "5.0:MQTT-3.3.1-12")
def test_existing_subscription_gets_it_unmarked(clients: Clients, level: int, topic: str) -> None:
    client = clients.subscriber(level, topic)
    clients(level).publish(topic, b"live", 1, retain=True)
    assert not client.receive(topic, b"live").retain
    client.quiet()


@pytest.mark.normative(
    "3.1.1:MQTT-3.3.1-5", "3.1.1:MQTT-3.3.1-6", "3.1.1:MQTT-3.3.1-7", "5.0:MQTT-3.3.1-5"
)
@pytest.mark.parametrize(("first", "second"), [(2, 0), (0, 1), (1, 2), (0, 0)])
def test_the_last_retained_message_counts(
    clients: Clients, level: int, topic: str, first: int, second: int
) -> None:
    publisher = clients(level)
    publisher.publish(topic, b"old", first, retain=True)
    publisher.publish(topic, b"new", second, retain=True)
    client = clients.subscriber(level, topic)
    assert client.receive(topic, b"new").qos == second
    client.quiet()


@pytest.mark.normative(
    "3.1.1:MQTT-3.3.1-10",
    "3.1.1:MQTT-3.3.1-11",
    "5.0:MQTT-3.3.1-6",
    "5.0:MQTT-3.3.1-7",
)
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_empty_payload_removes(clients: Clients, level: int, topic: str, qos: int) -> None:
    watcher = clients.subscriber(level, topic)
    publisher = clients(level)
    publisher.publish(topic, b"kept", 1, retain=True)
    watcher.receive(topic, b"kept")
    publisher.publish(topic, b"", qos, retain=True)
    assert not watcher.receive(topic, b"").retain
    assert retained(clients, level, topic) == {}


@pytest.mark.normative("3.1.1:MQTT-3.3.1-11", "5.0:MQTT-3.3.1-7")
def test_empty_payload_where_nothing_was(clients: Clients, level: int, topic: str) -> None:
    clients(level).publish(topic, b"", 1, retain=True)
    assert retained(clients, level, topic) == {}


@pytest.mark.normative("3.1.1:MQTT-3.3.1-12", "5.0:MQTT-3.3.1-8")
@pytest.mark.parametrize("payload", [b"passing", b""])
def test_retain_0_touches_nothing(clients: Clients, level: int, topic: str, payload: bytes) -> None:
    publisher = clients(level)
    publisher.publish(topic, payload, 1)
    assert retained(clients, level, topic) == {}
    publisher.publish(topic, b"kept", 1, retain=True)
    publisher.publish(topic, payload, 1)
    assert retained(clients, level, topic) == {topic: b"kept"}


@pytest.mark.normative("3.1.1:MQTT-3.3.1-6", "3.1.1:MQTT-3.3.2-3", "5.0:MQTT-3.3.1-9")
def test_wildcard_filters_find_retained_messages(clients: Clients, level: int, topic: str) -> None:
    publisher = clients(level)
    names = ["", "/a", "/a/b", "/a/b/c", "/x/b", "/", "//b"]
    for name in names:
        publisher.publish(topic + name, name.encode() or b"root", 1, retain=True)

    def found(name: str) -> set[str]:
        topics = retained(clients, level, topic + name)
        return {found.removeprefix(topic) for found in topics}

    assert found("/#") == set(names)
    assert found("/+") == {"/a", "/"}
    assert found("/+/b") == {"/a/b", "/x/b", "//b"}
    assert found("/a/#") == {"/a", "/a/b", "/a/b/c"}
    assert found("/a/+/c") == {"/a/b/c"}
    assert found("/a/b") == {"/a/b"}


def test_each_filter_of_a_subscribe_gets_its_retained_messages(
    clients: Clients, level: int, topic: str
) -> None:
    publisher = clients(level)
    publisher.publish(topic + "/a", b"a", 1, retain=True)
    publisher.publish(topic + "/b", b"b", 1, retain=True)
    assert retained(clients, level, topic + "/a", topic + "/b") == {
        topic + "/a": b"a",
        topic + "/b": b"b",
    }


def test_retained_message_follows_suback(clients: Clients, level: int, topic: str) -> None:
    clients(level).publish(topic, b"kept", 1, retain=True)
    client: WireClient = clients(level)
    client.subscribe((topic, 1))
    client.receive(topic, b"kept")
    client.quiet()


def test_resumed_session_gets_no_retained_messages(
    clients: Clients, level: int, topic: str
) -> None:
    client = clients.lasting(level)
    client.subscribe((topic, 1))
    client.disconnect()
    publisher = clients(level)
    publisher.publish(topic, b"queued and kept", 1, retain=True)
    back = clients.lasting(level, client.client_id)
    assert not back.receive(topic, b"queued and kept").retain
    back.quiet()


def test_many_retained_messages_all_arrive(clients: Clients, level: int, topic: str) -> None:
    publisher = clients(level)
    for number in range(300):
        publisher.send_publish(f"{topic}/{number}", b"x", retain=True)
    publisher.settle()
    client = clients.subscriber(level, topic + "/+")
    assert len({message.topic for message in client.drain()}) == 300
