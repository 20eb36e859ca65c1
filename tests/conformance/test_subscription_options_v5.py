"""What 5.0 adds to subscriptions: No Local, Retain As Published, Retain Handling, identifiers."""

import pytest

from wire import Clients, WireClient, code, encode, prop

NO_LOCAL = 0x04
RETAIN_AS_PUBLISHED = 0x08
SEND_IF_NEW = 0x10
SEND_NEVER = 0x20


def identifier(number: int) -> list[prop.Pair]:
    return [(prop.SUBSCRIPTION_IDENTIFIER, number)]


@pytest.mark.normative("5.0:MQTT-3.8.3-3")
def test_no_local(clients: Clients, topic: str) -> None:
    client = clients(code.V5)
    client.subscribe((topic, 1 | NO_LOCAL))
    client.publish(topic, b"mine", 1)
    clients(code.V5).publish(topic, b"of another", 1)
    client.receive(topic, b"of another")
    client.quiet()


@pytest.mark.normative("5.0:MQTT-3.8.3-3")
def test_no_local_counts_client_ids_not_connections(clients: Clients, topic: str) -> None:
    client = clients.lasting(code.V5)
    client.subscribe((topic, 1 | NO_LOCAL))
    client.publish(topic, b"mine", 1)
    client.drop()
    back = clients.lasting(code.V5, client.client_id)
    back.quiet()
    back.publish(topic, b"mine again", 1)
    back.quiet()


def test_no_local_of_one_filter_leaves_the_other(clients: Clients, topic: str) -> None:
    client = clients(code.V5)
    client.subscribe((topic, 2 | NO_LOCAL), (topic + "/#", 1))
    client.publish(topic, b"mine", 2)
    assert client.receive(topic, b"mine").qos == 1
    client.quiet()


@pytest.mark.normative("5.0:MQTT-3.8.3-4")
def test_no_local_on_a_shared_subscription(clients: Clients, topic: str) -> None:
    client = clients(code.V5)
    client.send(encode.subscribe(code.V5, 1, [(f"$share/group/{topic}", NO_LOCAL)]))
    client.expect_disconnect(code.PROTOCOL_ERROR)


@pytest.mark.normative("5.0:MQTT-3.3.1-12", "5.0:MQTT-3.3.1-13")
@pytest.mark.parametrize("retain", [False, True])
def test_retain_as_published(clients: Clients, topic: str, retain: bool) -> None:
    keeps, clears = clients(code.V5), clients(code.V5)
    keeps.subscribe((topic, RETAIN_AS_PUBLISHED))
    clears.subscribe((topic, 0))
    clients(code.V5).publish(topic, b"x", retain=retain)
    assert keeps.receive(topic, b"x").retain == retain
    assert not clears.receive(topic, b"x").retain


@pytest.mark.normative("5.0:MQTT-3.3.1-9", "5.0:MQTT-3.8.4-4")
def test_retain_handling_0_sends_every_time(clients: Clients, topic: str) -> None:
    client = kept(clients, topic)
    for _ in range(3):
        client.subscribe((topic, 1))
        assert client.receive(topic, b"kept").retain
    client.quiet()


@pytest.mark.normative("5.0:MQTT-3.3.1-10")
def test_retain_handling_1_sends_to_new_subscriptions(clients: Clients, topic: str) -> None:
    client = kept(clients, topic)
    client.subscribe((topic, 1 | SEND_IF_NEW))
    assert client.receive(topic, b"kept").retain
    client.subscribe((topic, 2 | SEND_IF_NEW))
    client.quiet()
    client.unsubscribe(topic)
    client.subscribe((topic, 1 | SEND_IF_NEW))
    client.receive(topic, b"kept")


@pytest.mark.normative("5.0:MQTT-3.3.1-11")
def test_retain_handling_2_sends_nothing(clients: Clients, topic: str) -> None:
    client = kept(clients, topic)
    client.subscribe((topic, 1 | SEND_NEVER))
    client.quiet()
    client.subscribe((topic, 1 | SEND_NEVER))
    client.quiet()


def kept(clients: Clients, topic: str) -> WireClient:
    """A client that has not subscribed yet to a topic with a retained message."""
    clients(code.V5).publish(topic, b"kept", 1, retain=True)
    return clients(code.V5)


@pytest.mark.normative("5.0:MQTT-3.3.4-3")
@pytest.mark.parametrize("number", [1, 127, 128, 16383, 16384, 2097152, 268435455])
def test_identifier_comes_with_the_message(clients: Clients, topic: str, number: int) -> None:
    client = clients(code.V5)
    client.subscribe((topic, 1), properties=identifier(number))
    clients(code.V5).publish(topic, b"x", 1)
    message = client.receive(topic, b"x")
    assert message.properties.all(prop.SUBSCRIPTION_IDENTIFIER) == [number]


@pytest.mark.normative("5.0:MQTT-3.3.4-2", "5.0:MQTT-3.3.4-3", "5.0:MQTT-3.3.4-4")
def test_one_copy_carries_all_identifiers(clients: Clients, topic: str) -> None:
    client = clients(code.V5)
    client.subscribe((topic + "/#", 0), properties=identifier(7))
    client.subscribe((topic + "/+", 2), properties=identifier(300))
    client.subscribe((topic + "/x", 1))
    client.subscribe((topic + "/y", 2), properties=identifier(9))
    clients(code.V5).publish(topic + "/x", b"x", 2)
    message = client.receive(topic + "/x", b"x")
    assert message.qos == 2
    found = message.properties.all(prop.SUBSCRIPTION_IDENTIFIER)
    assert sorted(number for number in found if isinstance(number, int)) == [7, 300]
    client.quiet()


@pytest.mark.normative("5.0:MQTT-3.3.4-3")
def test_identifier_comes_with_retained_and_queued_messages(clients: Clients, topic: str) -> None:
    clients(code.V5).publish(topic, b"kept", 1, retain=True)
    client = clients.lasting(code.V5)
    client.subscribe((topic, 1), properties=identifier(5))
    kept = client.receive(topic, b"kept")
    assert kept.properties.all(prop.SUBSCRIPTION_IDENTIFIER) == [5]
    client.disconnect()
    clients(code.V5).publish(topic, b"queued", 1)
    back = clients.lasting(code.V5, client.client_id)
    queued = back.receive(topic, b"queued")
    assert queued.properties.all(prop.SUBSCRIPTION_IDENTIFIER) == [5]


def test_subscribing_again_replaces_the_identifier(clients: Clients, topic: str) -> None:
    client = clients(code.V5)
    publisher = clients(code.V5)
    client.subscribe((topic, 1), properties=identifier(5))
    client.subscribe((topic, 1), properties=identifier(6))
    publisher.publish(topic, b"six", 1)
    message = client.receive(topic, b"six")
    assert message.properties.all(prop.SUBSCRIPTION_IDENTIFIER) == [6]
    client.subscribe((topic, 1))
    publisher.publish(topic, b"none", 1)
    assert prop.SUBSCRIPTION_IDENTIFIER not in client.receive(topic, b"none").properties


@pytest.mark.parametrize(
    ("reason", "properties"),
    [
        pytest.param(code.PROTOCOL_ERROR, [(prop.SUBSCRIPTION_IDENTIFIER, 0)], id="zero"),
        pytest.param(
            code.PROTOCOL_ERROR,
            [(prop.SUBSCRIPTION_IDENTIFIER, 1), (prop.SUBSCRIPTION_IDENTIFIER, 2)],
            id="twice",
        ),
        pytest.param(
            code.MALFORMED_PACKET, [(prop.SUBSCRIPTION_IDENTIFIER, b"\x81\x00")], id="long"
        ),
        pytest.param(code.MALFORMED_PACKET, [(prop.TOPIC_ALIAS, 1)], id="property not allowed"),
    ],
)
def test_wrong_subscribe_properties(
    clients: Clients, topic: str, reason: int, properties: list[prop.Pair]
) -> None:
    client = clients(code.V5)
    client.send(encode.subscribe(code.V5, 1, [(topic, 0)], properties))
    client.expect_disconnect(reason)


@pytest.mark.normative("5.0:MQTT-3.3.4-6")
def test_publish_must_not_have_an_identifier(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V5, topic)
    client = clients(code.V5)
    client.send_publish(topic, b"x", properties=identifier(1))
    client.expect_disconnect(code.PROTOCOL_ERROR)
    watcher.quiet()
