"""Properties of application messages: forwarded, expired, checked."""

import pytest

from wire import (
    Clients,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    code,
    encode,
    prop,
)

ALL: list[prop.Pair] = [
    (prop.PAYLOAD_FORMAT_INDICATOR, 1),
    (prop.CONTENT_TYPE, "text/plain; \u20ac"),
    (prop.RESPONSE_TOPIC, "answers/here"),
    (prop.CORRELATION_DATA, bytes(range(256))),
    (prop.USER_PROPERTY, ("b", "1")),
    (prop.USER_PROPERTY, ("a", "2")),
    (prop.USER_PROPERTY, ("b", "1")),
    (prop.USER_PROPERTY, ("b", "0")),
    (prop.USER_PROPERTY, ("", "")),
    (prop.USER_PROPERTY, ("\u00e4", "\ufeff")),
]


@pytest.mark.normative(
    "5.0:MQTT-3.3.2-4",
    "5.0:MQTT-3.3.2-15",
    "5.0:MQTT-3.3.2-16",
    "5.0:MQTT-3.3.2-17",
    "5.0:MQTT-3.3.2-18",
    "5.0:MQTT-3.3.2-20",
)
@pytest.mark.parametrize("way", ["live", "retained", "queued", "shared"])
@pytest.mark.parametrize("qos", [1, 2])
def test_properties_are_forwarded_unaltered(
    clients: Clients, topic: str, way: str, qos: int
) -> None:
    publisher = clients(code.V5)
    if way == "retained":
        publisher.publish(topic, b"text", qos, retain=True, properties=ALL)
        watcher = clients.subscriber(code.V5, topic)
    else:
        watcher = clients.lasting(code.V5)
        watcher.subscribe((f"$share/group/{topic}" if way == "shared" else topic, 2))
        if way == "queued":
            watcher.disconnect()
        publisher.publish(topic, b"text", qos, properties=ALL)
        if way == "queued":
            watcher = clients.lasting(code.V5, watcher.client_id)
    received = watcher.receive(topic, b"text").properties
    user = [pair for pair in received if pair[0] == prop.USER_PROPERTY]
    assert user == ALL[4:]
    assert sorted(pair for pair in received if pair not in user) == ALL[:4]


@pytest.mark.normative("5.0:MQTT-3.3.2-4")
@pytest.mark.parametrize("value", [0, 1])
def test_payload_format_indicator(clients: Clients, topic: str, value: int) -> None:
    watcher = clients.subscriber(code.V5, topic)
    given = [(prop.PAYLOAD_FORMAT_INDICATOR, value)]
    clients(code.V5).publish(topic, b"text", properties=given)
    received = watcher.receive(topic, b"text").properties
    assert received.number(prop.PAYLOAD_FORMAT_INDICATOR, 0) == value


@pytest.mark.normative("5.0:MQTT-2.2.2-1")
def test_no_properties_is_a_length_of_zero(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V5, topic)
    clients(code.V311).publish(topic, b"x")
    assert watcher.receive(topic).raw == encode.publish(code.V5, topic, b"x")


def test_properties_do_not_reach_older_clients(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V311, topic)
    clients(code.V5).publish(topic, b"x", properties=ALL)
    assert watcher.receive(topic, b"x").raw == encode.publish(code.V311, topic, b"x")


@pytest.mark.normative("5.0:MQTT-3.3.2-6")
def test_expiry_is_forwarded(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V5, topic)
    given = [(prop.MESSAGE_EXPIRY_INTERVAL, 1000)]
    clients(code.V5).publish(topic, b"x", properties=given)
    left = watcher.receive(topic).properties.number(prop.MESSAGE_EXPIRY_INTERVAL)
    assert 990 <= left <= 1000


@pytest.mark.normative("5.0:MQTT-3.3.2-5", "5.0:MQTT-3.3.2-6")
def test_waiting_messages_age_and_expire(clients: Clients, topic: str) -> None:
    absent = clients.lasting(code.V5)
    absent.subscribe((topic + "/#", 1))
    absent.disconnect()
    publisher = clients(code.V5)
    for name, seconds in (("brief", 1), ("long", 100)):
        given = [(prop.MESSAGE_EXPIRY_INTERVAL, seconds)]
        for retain in (False, True):
            place = f"{topic}/{name}/{retain}"
            publisher.publish(place, b"x", 1, retain=retain, properties=given)
    clients.elapse(3)
    back = clients.lasting(code.V5, absent.client_id)
    late = clients.subscriber(code.V5, topic + "/#")
    queued, retained = back.drain(), late.drain()
    assert [message.topic for message in queued] == [f"{topic}/long/{r}" for r in (False, True)]
    assert [message.topic for message in retained] == [f"{topic}/long/True"]
    for message in queued + retained:
        assert 80 <= message.properties.number(prop.MESSAGE_EXPIRY_INTERVAL) <= 98


@pytest.mark.normative("5.0:MQTT-4.3.3-7")
@pytest.mark.parametrize("qos", [1, 2])
def test_message_once_sent_does_not_expire(clients: Clients, topic: str, qos: int) -> None:
    client = clients.lasting(code.V5)
    client.subscribe((topic, 2))
    given = [(prop.MESSAGE_EXPIRY_INTERVAL, 1)]
    clients(code.V5).publish(topic, b"begun", qos, properties=given)
    original = client.expect(Publish)
    client.drop()
    clients.elapse(3)
    back = clients.lasting(code.V5, client.client_id)
    repeated = back.receive(topic, b"begun")
    assert (repeated.packet_id, repeated.dup) == (original.packet_id, True)
    back.quiet()


@pytest.mark.normative("5.0:MQTT-4.3.3-13")
def test_qos_2_exchange_goes_on_after_expiry(clients: Clients, topic: str) -> None:
    clients.subscriber(code.V5, topic)
    publisher = clients(code.V5)
    given = [(prop.MESSAGE_EXPIRY_INTERVAL, 1)]
    packet_id = publisher.send_publish(topic, b"brief", 2, properties=given)
    assert publisher.expect(Pubrec).reason == code.SUCCESS
    clients.elapse(3)
    publisher.ack(code.PUBREL, packet_id)
    assert publisher.expect(Pubcomp).reason == code.SUCCESS
    publisher.quiet()


@pytest.mark.parametrize(
    ("reason", "properties"),
    [
        pytest.param(
            code.PROTOCOL_ERROR, [(prop.PAYLOAD_FORMAT_INDICATOR, 2)], id="payload format 2"
        ),
        *[
            pytest.param(code.PROTOCOL_ERROR, [pair, pair], id=f"0x{pair[0]:02x} twice")
            for pair in [*ALL[:4], (prop.MESSAGE_EXPIRY_INTERVAL, 5), (prop.TOPIC_ALIAS, 1)]
        ],
        *[
            pytest.param(code.MALFORMED_PACKET, [(number, value)], id=f"0x{number:02x} not allowed")
            for number, value in (
                (prop.SESSION_EXPIRY_INTERVAL, 1),
                (prop.REASON_STRING, "x"),
                (prop.WILL_DELAY_INTERVAL, 1),
                (prop.MAXIMUM_QOS, 1),
            )
        ],
        pytest.param(code.MALFORMED_PACKET, [(0x04, b"\0")], id="unknown identifier"),
        pytest.param(code.MALFORMED_PACKET, [(0x81, b"\0")], id="identifier of two bytes"),
        pytest.param(
            code.MALFORMED_PACKET, [(prop.MESSAGE_EXPIRY_INTERVAL, b"\0\0")], id="cut short"
        ),
        pytest.param(
            code.MALFORMED_PACKET, [(prop.CONTENT_TYPE, b"\x00\x09text")], id="string too short"
        ),
    ],
)
def test_wrong_publish_properties(
    clients: Clients, topic: str, reason: int, properties: list[prop.Pair]
) -> None:
    watcher = clients.subscriber(code.V5, topic)
    client = clients(code.V5)
    client.send_publish(topic, b"x", 1, properties=properties)
    client.expect_disconnect(reason)
    watcher.quiet()


@pytest.mark.normative("5.0:MQTT-3.3.2-14")
@pytest.mark.parametrize("name", ["a/#", "+", "a/+/b"])
def test_response_topic_must_not_have_wildcards(clients: Clients, topic: str, name: str) -> None:
    watcher = clients.subscriber(code.V5, topic)
    client = clients(code.V5)
    client.send_publish(topic, b"x", properties=[(prop.RESPONSE_TOPIC, name)])
    client.expect_disconnect(code.PROTOCOL_ERROR, code.TOPIC_NAME_INVALID)
    watcher.quiet()


@pytest.mark.normative("5.0:MQTT-4.3.3-9", "5.0:MQTT-4.4.0-2")
def test_payload_format_is_checked_where_configured(limited: Clients, topic: str) -> None:
    text = [(prop.PAYLOAD_FORMAT_INDICATOR, 1)]
    watcher = limited.subscriber(code.V5, topic)
    client = limited(code.V5)
    client.send_publish(topic, b"\xff", 1, packet_id=1, properties=text)
    assert client.expect(Puback).reason == code.PAYLOAD_FORMAT_INVALID
    client.send_publish(topic, b"\xff", 2, packet_id=2, properties=text)
    assert client.expect(Pubrec).reason == code.PAYLOAD_FORMAT_INVALID
    watcher.quiet()
    client.send_publish(topic, "\u20ac".encode(), 2, packet_id=2, properties=text)
    assert client.expect(Pubrec).reason == code.SUCCESS
    client.ack(code.PUBREL, 2)
    client.expect(Pubcomp)
    watcher.receive(topic, "\u20ac".encode())
    client.send_publish(topic, b"\xff", 0, properties=text)
    client.expect_disconnect(code.PAYLOAD_FORMAT_INVALID)
    watcher.quiet()


def test_publish_to_nobody_is_told_so(clients: Clients, topic: str) -> None:
    publisher = clients(code.V5)
    assert publisher.publish(topic, b"x", 1) == code.NO_MATCHING_SUBSCRIBERS
    assert publisher.publish(topic, b"x", 2) == code.NO_MATCHING_SUBSCRIBERS
    clients.subscriber(code.V5, topic)
    assert publisher.publish(topic, b"x", 1) == code.SUCCESS
