"""Topic aliases, both ways."""

from collections.abc import Sequence

import pytest

from wire import Clients, Connack, WireClient, code, encode, prop, unique_id


def alias(number: int) -> list[prop.Pair]:
    return [(prop.TOPIC_ALIAS, number)]


def maximum(number: int) -> list[prop.Pair]:
    return [(prop.TOPIC_ALIAS_MAXIMUM, number)]


@pytest.mark.normative("5.0:MQTT-3.3.2-12")
def test_every_alias_within_the_maximum_is_accepted(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V5, topic + "/#")
    client = clients.socket(code.V5)
    limit = client.connect().properties.number(prop.TOPIC_ALIAS_MAXIMUM)
    numbers = sorted({1, 2, limit // 2 or 1, limit})
    for number in numbers:
        client.publish(f"{topic}/{number}", b"set", properties=alias(number))
        watcher.receive(f"{topic}/{number}", b"set")
    for number in numbers:
        client.publish("", b"used", 1, properties=alias(number))
        watcher.receive(f"{topic}/{number}", b"used")


@pytest.mark.normative("5.0:MQTT-3.3.2-12")
def test_alias_can_be_set_anew(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V5, topic + "/#")
    client = clients(code.V5)
    for name in ("/a", "/b"):
        client.publish(topic + name, b"set", properties=alias(1))
        watcher.receive(topic + name, b"set")
        client.publish("", b"used", properties=alias(1))
        watcher.receive(topic + name, b"used")


def test_alias_is_not_passed_on(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V5, topic)
    clients(code.V5).publish(topic, b"x", properties=alias(1))
    assert prop.TOPIC_ALIAS not in watcher.receive(topic, b"x").properties


@pytest.mark.normative("5.0:MQTT-3.2.2-17", "5.0:MQTT-3.3.2-9")
def test_alias_above_the_maximum_is_invalid(limited: Clients, topic: str) -> None:
    client = limited.socket(code.V5)
    assert client.connect().properties.number(prop.TOPIC_ALIAS_MAXIMUM) == 10
    client.publish(topic, b"fine", properties=alias(10))
    client.send_publish(topic, b"x", properties=alias(11))
    client.expect_disconnect(code.TOPIC_ALIAS_INVALID)


@pytest.mark.normative("5.0:MQTT-3.2.2-18")
def test_no_alias_where_none_are_allowed(incapable: Clients, topic: str) -> None:
    client = incapable.socket(code.V5)
    assert client.connect().properties.number(prop.TOPIC_ALIAS_MAXIMUM, 0) == 0
    client.send_publish(topic, b"x", properties=alias(1))
    client.expect_disconnect(code.TOPIC_ALIAS_INVALID)


@pytest.mark.normative("5.0:MQTT-3.3.2-8")
def test_alias_0_is_invalid(clients: Clients, topic: str) -> None:
    client = clients(code.V5)
    client.send_publish(topic, b"x", properties=alias(0))
    client.expect_disconnect(code.TOPIC_ALIAS_INVALID)


def test_unknown_alias_is_a_protocol_error(clients: Clients) -> None:
    client = clients(code.V5)
    client.send_publish("", b"x", properties=alias(5))
    client.expect_disconnect(code.PROTOCOL_ERROR)


@pytest.mark.normative("5.0:MQTT-3.3.2-7")
def test_aliases_end_with_the_connection(clients: Clients, topic: str) -> None:
    first = clients.lasting(code.V5)
    first.publish(topic, b"set", properties=alias(1))
    first.drop()
    second = clients.lasting(code.V5, first.client_id)
    second.send_publish("", b"x", properties=alias(1))
    second.expect_disconnect(code.PROTOCOL_ERROR)


def test_aliases_belong_to_one_connection(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V5, topic + "/#")
    one, two = clients(code.V5), clients(code.V5)
    one.publish(topic + "/one", b"set", properties=alias(1))
    two.publish(topic + "/two", b"set", properties=alias(1))
    one.publish("", b"used", properties=alias(1))
    assert [message.topic for message in watcher.drain()] == [
        topic + "/one",
        topic + "/two",
        topic + "/one",
    ]


@pytest.mark.normative("5.0:MQTT-3.1.2-27")
@pytest.mark.parametrize("given", [[], maximum(0)], ids=["absent", "zero"])
def test_client_without_aliases_gets_none(
    clients: Clients, topic: str, given: list[prop.Pair]
) -> None:
    client = clients(code.V5, properties=given)
    client.subscribe(topic)
    publisher = clients(code.V5)
    for _ in range(5):
        publisher.publish(topic, b"x")
    assert [m.topic for m in client.drain() if prop.TOPIC_ALIAS not in m.properties] == [topic] * 5


@pytest.mark.normative("5.0:MQTT-3.1.2-26", "5.0:MQTT-3.3.2-8", "5.0:MQTT-3.3.2-11")
@pytest.mark.parametrize("limit", [1, 3, 65535])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_aliases_to_a_client_stay_within_its_maximum(
    clients: Clients, topic: str, limit: int, qos: int
) -> None:
    client = clients(code.V5, properties=maximum(limit))
    client.subscribe((topic + "/#", 2))
    names = [f"{topic}/{number % 5}" for number in range(25)]
    publish_all(clients, names, qos)
    assert resolved(client, limit) == names


@pytest.mark.normative("5.0:MQTT-3.3.2-7")
def test_aliases_to_a_client_are_set_anew_on_a_new_connection(clients: Clients, topic: str) -> None:
    lasting = [(prop.SESSION_EXPIRY_INTERVAL, 60), *maximum(10)]
    first = clients(code.V5, clean=False, properties=lasting)
    first.subscribe((topic, 1))
    publish_all(clients, [topic] * 3, 1)
    assert resolved(first, 10) == [topic] * 3
    first.disconnect()
    publish_all(clients, [topic] * 3, 1)
    second = clients(code.V5, first.client_id, clean=False, properties=lasting)
    assert resolved(second, 10) == [topic] * 3


def test_message_sent_again_has_its_topic(clients: Clients, topic: str) -> None:
    lasting = [(prop.SESSION_EXPIRY_INTERVAL, 60), *maximum(10)]
    first = clients(code.V5, clean=False, properties=lasting)
    first.subscribe((topic, 1))
    publish_all(clients, [topic] * 3, 1)
    first.drop()
    second = clients(code.V5, first.client_id, clean=False, properties=lasting)
    assert resolved(second, 10) == [topic] * 3


def publish_all(clients: Clients, names: Sequence[str], qos: int) -> None:
    publisher = clients(code.V5)
    for name in names:
        publisher.publish(name, b"x", qos)


def resolved(client: WireClient, limit: int) -> list[str]:
    """Topics of all waiting messages, read as a client must."""
    topics: list[str] = []
    aliases: dict[int, str] = {}
    for message in client.drain():
        number = message.properties.number(prop.TOPIC_ALIAS, 0)
        assert number <= limit
        if number and message.topic:
            aliases[number] = message.topic
        topics.append(message.topic or aliases[number])
    return topics


def test_alias_maximum_twice_is_refused(clients: Clients) -> None:
    client = clients.socket(code.V5)
    client.send(encode.connect(code.V5, unique_id(), properties=maximum(1) * 2))
    assert client.expect(Connack).reason == code.PROTOCOL_ERROR
    client.expect_closed()
