"""A broker that is configured to do less says so, and refuses what it does not do."""

import pytest

from wire import Clients, Connack, Suback, Will, code, encode, levels, prop


@pytest.mark.normative("5.0:MQTT-3.2.2-9", "5.0:MQTT-3.2.2-10", "5.0:MQTT-3.2.2-11")
def test_maximum_qos(incapable: Clients, topic: str) -> None:
    client = incapable.socket(code.V5)
    assert client.connect().properties.number(prop.MAXIMUM_QOS) == 1
    suback = client.subscribe((topic + "/0", 0), (topic + "/1", 1), (topic + "/2", 2))
    assert suback.reasons == (0, 1, 1)
    client.publish(topic + "/2", b"x", 1)
    assert client.receive(topic + "/2").qos == 1
    client.send_publish(topic, b"x", 2)
    client.expect_disconnect(code.QOS_NOT_SUPPORTED)


@pytest.mark.normative("5.0:MQTT-3.2.2-12", "5.0:MQTT-3.2.2-7")
def test_will_above_the_maximum_qos(incapable: Clients, topic: str) -> None:
    client = incapable.socket(code.V5)
    client.send_connect(will=Will(topic, qos=2))
    assert client.expect(Connack).reason == code.QOS_NOT_SUPPORTED
    client.expect_closed()


@pytest.mark.normative("5.0:MQTT-3.2.2-14")
def test_retain_not_available(incapable: Clients, topic: str) -> None:
    client = incapable.socket(code.V5)
    assert client.connect().properties.number(prop.RETAIN_AVAILABLE) == 0
    client.send_publish(topic, b"x", retain=True)
    client.expect_disconnect(code.RETAIN_NOT_SUPPORTED)


@pytest.mark.normative("5.0:MQTT-3.2.2-13")
def test_retained_will_where_retain_is_not_available(incapable: Clients, topic: str) -> None:
    client = incapable.socket(code.V5)
    client.send_connect(will=Will(topic, retain=True))
    assert client.expect(Connack).reason == code.RETAIN_NOT_SUPPORTED
    client.expect_closed()


@pytest.mark.normative("3.1.1:MQTT-3.8.3-2")
@levels(code.V311, code.V5)
def test_wildcards_not_available(incapable: Clients, topic: str, level: int) -> None:
    client = incapable.socket(level)
    connack = client.connect()
    if level == code.V5:
        assert connack.properties.number(prop.WILDCARD_SUBSCRIPTION_AVAILABLE) == 0
    suback = client.try_subscribe((topic + "/#", 1), (topic, 1), (topic + "/+", 1))
    failure = code.WILDCARDS_NOT_SUPPORTED if level == code.V5 else 0x80
    assert suback.reasons == (failure, 1, failure)


@levels(code.V311, code.V5)
def test_shared_subscriptions_not_available(incapable: Clients, topic: str, level: int) -> None:
    client = incapable.socket(level)
    connack = client.connect()
    if level == code.V5:
        assert connack.properties.number(prop.SHARED_SUBSCRIPTION_AVAILABLE) == 0
    client.send(encode.subscribe(level, 1, [(f"$share/group/{topic}", 1)]))
    failure = code.SHARED_NOT_SUPPORTED if level == code.V5 else 0x80
    assert client.expect(Suback).reasons == (failure,)


@pytest.mark.normative("3.1.1:MQTT-3.1.3-9", "5.0:MQTT-3.1.3-8")
def test_client_id_too_long(limited: Clients, level: int) -> None:
    limited(level, "x" * 30).quiet()
    client = limited.socket(level)
    client.send_connect("x" * 31)
    refused = client.expect(Connack).reason
    if level == code.V5:
        assert refused == code.CLIENT_IDENTIFIER_NOT_VALID
    else:
        assert refused == code.IDENTIFIER_REJECTED
    client.expect_closed()


def test_response_information(limited: Clients) -> None:
    asked = [(prop.REQUEST_RESPONSE_INFORMATION, 1)]
    connack = limited.socket(code.V5).connect(properties=asked)
    assert connack.properties.get(prop.RESPONSE_INFORMATION) == "answers/"


@pytest.mark.normative("5.0:MQTT-3.1.2-28")
@pytest.mark.parametrize("given", [[], [(prop.REQUEST_RESPONSE_INFORMATION, 0)]])
def test_response_information_only_on_request(limited: Clients, given: list[prop.Pair]) -> None:
    connack = limited.socket(code.V5).connect(properties=given)
    assert prop.RESPONSE_INFORMATION not in connack.properties


def test_longest_session_expiry_is_told(limited: Clients) -> None:
    given = [(prop.SESSION_EXPIRY_INTERVAL, 1000)]
    connack = limited.socket(code.V5).connect(properties=given)
    assert connack.properties.number(prop.SESSION_EXPIRY_INTERVAL) == 100
    given = [(prop.SESSION_EXPIRY_INTERVAL, 5)]
    connack = limited.socket(code.V5).connect(properties=given)
    assert connack.properties.number(prop.SESSION_EXPIRY_INTERVAL, 5) == 5
