"""What a client hears that may not do something, or whose message cannot be kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker_process import BrokerWith
from wire import (
    Clients,
    Connack,
    Puback,
    Pubcomp,
    Pubrec,
    Suback,
    Unsuback,
    WireClient,
    code,
    levels,
    prop,
)

GUARDED = {"access.authorizers": '["fence"]', "access.authenticators": '["doorkeeper"]'}


@pytest.fixture
def clients(broker_with: BrokerWith, conformance_plugins: Path) -> Iterator[Clients]:
    with Clients(broker_with(GUARDED, conformance_plugins).address) as clients:
        yield clients


@pytest.mark.normative("5.0:MQTT-3.1.4-2", "3.1.1:MQTT-3.2.2-5", "5.0:MQTT-3.2.2-7")
def test_bad_credentials(clients: Clients, level: int) -> None:
    client = clients.socket(level)
    client.send_connect(username="mallory", password=b"guess")
    connack = client.expect(Connack)
    if level == code.V5:
        assert connack.reason == code.BAD_USER_NAME_OR_PASSWORD
    else:
        assert connack.reason == code.BAD_CREDENTIALS
    assert not connack.session_present
    client.expect_closed()


@pytest.mark.normative("3.1.1:MQTT-3.3.5-2")
@levels(code.V31, code.V311)
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_unauthorised_publish_before_5_is_acknowledged(
    clients: Clients, level: int, topic: str, qos: int
) -> None:
    watcher = clients.subscriber(level, topic + "/#")
    publisher = clients(level)
    publisher.publish(topic + "/forbidden", b"x", qos, retain=True)
    publisher.publish(topic + "/allowed", b"x", qos)
    watcher.receive(topic + "/allowed")
    watcher.quiet()


@pytest.mark.normative("5.0:MQTT-3.4.2-1", "5.0:MQTT-3.5.2-1", "5.0:MQTT-4.3.3-9")
def test_unauthorised_publish_in_5_gets_a_reason(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V5, topic + "/#")
    client = clients(code.V5)
    client.send_publish(topic + "/forbidden", b"x", 1, packet_id=1)
    assert client.expect(Puback).reason == code.NOT_AUTHORIZED
    client.send_publish(topic + "/forbidden", b"x", 2, packet_id=2)
    assert client.expect(Pubrec).reason == code.NOT_AUTHORIZED
    client.send_publish(topic + "/allowed", b"the id is free again", 2, packet_id=2)
    assert client.expect(Pubrec).reason == code.SUCCESS
    client.ack(code.PUBREL, 2)
    assert client.expect(Pubcomp).reason == code.SUCCESS
    watcher.receive(topic + "/allowed")
    watcher.quiet()


@pytest.mark.normative(
    "3.1.1:MQTT-3.8.4-5",
    "3.1.1:MQTT-3.9.3-1",
    "3.1.1:MQTT-3.9.3-2",
    "5.0:MQTT-3.8.4-7",
    "5.0:MQTT-3.9.3-1",
    "5.0:MQTT-3.9.3-2",
)
def test_refused_filter_leaves_the_others(clients: Clients, level: int, topic: str) -> None:
    client = clients(level)
    suback = client.try_subscribe((topic, 1), (topic + "/forbidden", 1), (topic + "/+", 2))
    failure = code.NOT_AUTHORIZED if level == code.V5 else 0x80
    assert suback.reasons == (1, failure, 2)
    clients(level).publish(topic + "/allowed", b"x", 2)
    assert client.receive(topic + "/allowed").qos == 2


def failures(client: WireClient, topic: str) -> list[Puback | Pubrec | Suback | Unsuback]:
    """One of each acknowledgement that refuses something."""
    client.send_publish(topic + "/forbidden", b"x", 1)
    client.send_publish(topic + "/forbidden", b"x", 2)
    return [
        client.expect(Puback),
        client.expect(Pubrec),
        client.try_subscribe((topic + "/forbidden", 1)),
        client.unsubscribe(topic + "/#/invalid"),
    ]


@pytest.mark.normative("5.0:MQTT-3.1.2-29")
@pytest.mark.parametrize("asked", [None, 0, 1])
def test_problem_information_is_for_those_who_want_it(
    clients: Clients, topic: str, asked: int | None
) -> None:
    given = [] if asked is None else [(prop.REQUEST_PROBLEM_INFORMATION, asked)]
    client = clients(code.V5, properties=given)
    for answer in failures(client, topic):
        if asked == 0:
            assert len(answer.properties) == 0
        else:
            assert prop.REASON_STRING in answer.properties


@pytest.mark.normative(
    "5.0:MQTT-3.1.2-24",
    "5.0:MQTT-3.4.2-2",
    "5.0:MQTT-3.5.2-2",
    "5.0:MQTT-3.9.2-1",
    "5.0:MQTT-3.11.2-1",
)
@pytest.mark.parametrize("maximum", [40, 50, 60, 80, 1000])
def test_reason_strings_give_way_to_the_maximum_packet_size(
    clients: Clients, topic: str, maximum: int
) -> None:
    client = clients(code.V5, properties=[(prop.MAXIMUM_PACKET_SIZE, maximum)])
    for answer in failures(client, topic):
        assert len(answer.raw) <= maximum
        if maximum == 1000:
            assert prop.REASON_STRING in answer.properties


@pytest.mark.normative("5.0:MQTT-3.1.2-24", "5.0:MQTT-3.2.2-19")
@pytest.mark.parametrize("maximum", [5, 10, 18, 1000])
def test_reason_string_of_connack_gives_way(clients: Clients, maximum: int) -> None:
    refused = clients.socket(code.V5)
    limit = [(prop.MAXIMUM_PACKET_SIZE, maximum)]
    refused.send_connect(username="mallory", password=b"guess", properties=limit)
    connack = refused.expect(Connack)
    assert connack.reason == code.BAD_USER_NAME_OR_PASSWORD
    assert len(connack.raw) <= maximum
    assert (prop.REASON_STRING in connack.properties) == (maximum == 1000)


@pytest.mark.normative("3.1.1:MQTT-4.8.0-2")
@levels(code.V31, code.V311)
def test_message_that_cannot_be_kept_closes_the_connection(
    broker_with: BrokerWith, conformance_plugins: Path, level: int, topic: str
) -> None:
    broker = broker_with({"storage.adapter": "full-disk"}, conformance_plugins)
    with Clients(broker.address) as clients:
        absent = clients.lasting(level)
        absent.subscribe((topic, 1))
        absent.disconnect()
        publisher = clients(level)
        assert publisher.publish(topic, b"fits", 1) == code.SUCCESS
        publisher.send_publish(topic, b"but now the disk is full", 1)
        publisher.expect_closed()
        clients(level).quiet()


@pytest.mark.normative("5.0:MQTT-3.4.2-1", "5.0:MQTT-3.5.2-1")
def test_message_that_cannot_be_kept_in_5(
    broker_with: BrokerWith, conformance_plugins: Path, topic: str
) -> None:
    broker = broker_with({"storage.adapter": "full-disk"}, conformance_plugins)
    with Clients(broker.address) as clients:
        absent = clients.lasting(code.V5)
        absent.subscribe((topic, 2))
        absent.disconnect()
        publisher = clients(code.V5)
        publisher.send_publish(topic, b"but now the disk is full", 1)
        assert publisher.expect(Puback).reason >= 0x80
        publisher.send_publish(topic, b"but now the disk is full", 2)
        assert publisher.expect(Pubrec).reason >= 0x80
        assert publisher.publish(topic, b"fits", 1) == code.SUCCESS
