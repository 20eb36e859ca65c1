"""A broker that is configured to do less says so, and refuses what it does not do."""

import pytest

from broker_process import BrokerWith
from wire import Clients, Connack, Suback, Will, code, encode, prop


@pytest.mark.normative("5.0:MQTT-3.2.2-9", "5.0:MQTT-3.2.2-10", "5.0:MQTT-3.2.2-11")
@pytest.mark.parametrize("maximum", [0, 1])
def test_maximum_qos(broker_with: BrokerWith, topic: str, maximum: int) -> None:
    broker = broker_with({"mqtt.max_qos": str(maximum)})
    with Clients(broker.address) as clients:
        client = clients.socket(code.V5)
        assert client.connect().properties.number(prop.MAXIMUM_QOS) == maximum
        suback = client.subscribe((topic + "/0", 0), (topic + "/1", 1), (topic + "/2", 2))
        assert suback.reasons == tuple(min(qos, maximum) for qos in (0, 1, 2))
        client.publish(topic + "/2", b"x", maximum)
        assert client.receive(topic + "/2").qos == maximum
        client.send_publish(topic, b"x", maximum + 1)
        client.expect_disconnect(code.QOS_NOT_SUPPORTED)


@pytest.mark.normative("5.0:MQTT-3.2.2-12", "5.0:MQTT-3.2.2-7")
@pytest.mark.parametrize("maximum", [0, 1])
def test_will_above_the_maximum_qos(broker_with: BrokerWith, topic: str, maximum: int) -> None:
    broker = broker_with({"mqtt.max_qos": str(maximum)})
    with Clients(broker.address) as clients:
        client = clients.socket(code.V5)
        client.send_connect(will=Will(topic, qos=maximum + 1))
        assert client.expect(Connack).reason == code.QOS_NOT_SUPPORTED
        client.expect_closed()


@pytest.mark.normative("5.0:MQTT-3.2.2-14")
def test_retain_not_available(broker_with: BrokerWith, topic: str) -> None:
    broker = broker_with({"mqtt.retain_available": "false"})
    with Clients(broker.address) as clients:
        client = clients.socket(code.V5)
        assert client.connect().properties.number(prop.RETAIN_AVAILABLE) == 0
        client.send_publish(topic, b"x", retain=True)
        client.expect_disconnect(code.RETAIN_NOT_SUPPORTED)


@pytest.mark.normative("5.0:MQTT-3.2.2-13")
def test_retained_will_where_retain_is_not_available(broker_with: BrokerWith, topic: str) -> None:
    broker = broker_with({"mqtt.retain_available": "false"})
    with Clients(broker.address) as clients:
        client = clients.socket(code.V5)
        client.send_connect(will=Will(topic, retain=True))
        assert client.expect(Connack).reason == code.RETAIN_NOT_SUPPORTED
        client.expect_closed()


@pytest.mark.normative("3.1.1:MQTT-3.8.3-2")
@pytest.mark.parametrize("level", [code.V311, code.V5])
def test_wildcards_not_available(broker_with: BrokerWith, topic: str, level: int) -> None:
    broker = broker_with({"mqtt.wildcard_subscription": "false"})
    with Clients(broker.address) as clients:
        client = clients.socket(level)
        connack = client.connect()
        if level == code.V5:
            assert connack.properties.number(prop.WILDCARD_SUBSCRIPTION_AVAILABLE) == 0
        suback = client.try_subscribe((topic + "/#", 1), (topic, 1), (topic + "/+", 1))
        failure = 0xA2 if level == code.V5 else 0x80
        assert suback.reasons == (failure, 1, failure)


@pytest.mark.parametrize("level", [code.V311, code.V5])
def test_shared_subscriptions_not_available(
    broker_with: BrokerWith, topic: str, level: int
) -> None:
    broker = broker_with({"mqtt.shared_subscription": "false"})
    with Clients(broker.address) as clients:
        client = clients.socket(level)
        connack = client.connect()
        if level == code.V5:
            assert connack.properties.number(prop.SHARED_SUBSCRIPTION_AVAILABLE) == 0
        client.send(encode.subscribe(level, 1, [(f"$share/group/{topic}", 1)]))
        assert client.expect(Suback).reasons == (0x9E if level == code.V5 else 0x80,)


@pytest.mark.normative("3.1.1:MQTT-3.1.3-9", "5.0:MQTT-3.1.3-8")
@pytest.mark.parametrize("level", [code.V31, code.V311, code.V5])
def test_client_id_too_long(broker_with: BrokerWith, level: int) -> None:
    broker = broker_with({"mqtt.max_client_id_length": "30"})
    with Clients(broker.address) as clients:
        clients(level, "x" * 30).quiet()
        client = clients.socket(level)
        client.send_connect("x" * 31)
        refused = client.expect(Connack).reason
        if level == code.V5:
            assert refused == code.CLIENT_IDENTIFIER_NOT_VALID
        else:
            assert refused == code.IDENTIFIER_REJECTED
        client.expect_closed()


def test_response_information(broker_with: BrokerWith) -> None:
    broker = broker_with({"mqtt.response_information": "answers/"})
    with Clients(broker.address) as clients:
        asked = [(prop.REQUEST_RESPONSE_INFORMATION, 1)]
        connack = clients.socket(code.V5).connect(properties=asked)
        assert connack.properties.get(prop.RESPONSE_INFORMATION) == "answers/"
        for given in ([], [(prop.REQUEST_RESPONSE_INFORMATION, 0)]):
            connack = clients.socket(code.V5).connect(properties=given)
            assert prop.RESPONSE_INFORMATION not in connack.properties


def test_longest_session_expiry_is_told(broker_with: BrokerWith) -> None:
    broker = broker_with({"mqtt.max_session_expiry_interval": "10"})
    with Clients(broker.address) as clients:
        given = [(prop.SESSION_EXPIRY_INTERVAL, 1000)]
        connack = clients.socket(code.V5).connect(properties=given)
        assert connack.properties.number(prop.SESSION_EXPIRY_INTERVAL) == 10
        given = [(prop.SESSION_EXPIRY_INTERVAL, 5)]
        connack = clients.socket(code.V5).connect(properties=given)
        assert connack.properties.number(prop.SESSION_EXPIRY_INTERVAL, 5) == 5
