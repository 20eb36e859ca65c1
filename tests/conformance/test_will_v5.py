"""What 5.0 adds to wills: delay, properties, and DISCONNECT that asks for the will."""

import time

import pytest

from wire import Clients, Will, code, prop


def delayed(topic: str, seconds: int, payload: bytes = b"gone") -> Will:
    return Will(topic, payload, properties=[(prop.WILL_DELAY_INTERVAL, seconds)])


def expiry(seconds: int) -> list[prop.Pair]:
    return [(prop.SESSION_EXPIRY_INTERVAL, seconds)]


@pytest.mark.normative("5.0:MQTT-3.1.2-8", "5.0:MQTT-3.1.2-10")
@pytest.mark.parametrize(
    "reason", [code.DISCONNECT_WITH_WILL, code.UNSPECIFIED, code.PROTOCOL_ERROR]
)
def test_other_disconnects_publish_the_will(clients: Clients, topic: str, reason: int) -> None:
    watcher = clients.subscriber(code.V5, topic)
    clients(code.V5, will=Will(topic, b"as asked")).disconnect(reason)
    watcher.receive(topic, b"as asked")


@pytest.mark.normative("5.0:MQTT-3.1.2-8")
def test_will_waits_for_its_delay(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V5, topic)
    leaver = clients(code.V5, will=delayed(topic, 1), properties=expiry(60))
    begin = time.monotonic()
    leaver.drop()
    watcher.quiet()
    watcher.receive(topic, b"gone")
    assert time.monotonic() - begin >= 0.9


@pytest.mark.normative("5.0:MQTT-3.1.2-8")
def test_will_is_published_when_the_session_ends_first(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V5, topic)
    clients(code.V5, will=delayed(topic, 3600, b"no session")).drop()
    watcher.receive(topic, b"no session")
    begin = time.monotonic()
    clients(code.V5, will=delayed(topic, 3600, b"short session"), properties=expiry(1)).drop()
    watcher.receive(topic, b"short session")
    assert 0.9 <= time.monotonic() - begin < 8


@pytest.mark.normative("5.0:MQTT-3.1.2-8")
def test_clean_start_ends_the_session_and_sends_its_will(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V5, topic)
    leaver = clients(code.V5, will=delayed(topic, 3600), properties=expiry(7200))
    leaver.drop()
    watcher.quiet()
    clients(code.V5, leaver.client_id, clean=True)
    watcher.receive(topic, b"gone")


@pytest.mark.normative("5.0:MQTT-3.1.3-9", "5.0:MQTT-3.1.2-8")
@pytest.mark.parametrize("way", ["after a drop", "takeover"])
def test_return_within_the_delay_stops_the_will(clients: Clients, topic: str, way: str) -> None:
    watcher = clients.subscriber(code.V5, topic)
    leaver = clients(code.V5, will=delayed(topic, 1), properties=expiry(60))
    if way == "after a drop":
        leaver.drop()
    back = clients(code.V5, leaver.client_id, clean=False, properties=expiry(60))
    clients.elapse(3)
    watcher.quiet()
    back.quiet()


@pytest.mark.normative("5.0:MQTT-3.1.2-10", "5.0:MQTT-3.14.4-3")
def test_disconnect_discards_a_delayed_will(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V5, topic)
    clients(code.V5, will=delayed(topic, 1), properties=expiry(60)).disconnect()
    clients.elapse(3)
    watcher.quiet()


@pytest.mark.normative("5.0:MQTT-3.1.3-10")
def test_will_properties_are_forwarded(clients: Clients, topic: str) -> None:
    properties: list[prop.Pair] = [
        (prop.PAYLOAD_FORMAT_INDICATOR, 1),
        (prop.CONTENT_TYPE, "text/plain"),
        (prop.RESPONSE_TOPIC, topic + "/answer"),
        (prop.CORRELATION_DATA, b"\x00\xff"),
        (prop.USER_PROPERTY, ("b", "1")),
        (prop.USER_PROPERTY, ("a", "2")),
        (prop.USER_PROPERTY, ("b", "1")),
        (prop.USER_PROPERTY, ("", "")),
    ]
    watcher = clients.subscriber(code.V5, topic)
    clients(code.V5, will=Will(topic, b"gone", properties=properties)).drop()
    received = watcher.receive(topic, b"gone").properties
    assert sorted(pair for pair in received if pair[0] != prop.USER_PROPERTY) == properties[:4]
    assert received.user == [("b", "1"), ("a", "2"), ("b", "1"), ("", "")]


def test_will_expiry_counts_from_its_publication(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V5, topic)
    properties = [(prop.WILL_DELAY_INTERVAL, 1), (prop.MESSAGE_EXPIRY_INTERVAL, 1)]
    will = Will(topic, b"gone", properties=properties)
    clients(code.V5, will=will, properties=expiry(60)).drop()
    received = watcher.receive(topic, b"gone").properties
    assert received.number(prop.MESSAGE_EXPIRY_INTERVAL) <= 1
    assert prop.WILL_DELAY_INTERVAL not in received
