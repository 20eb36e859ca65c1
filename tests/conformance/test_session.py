"""Sessions: created, resumed, discarded and expired as CONNECT and DISCONNECT ask."""

import pytest

from wire import Clients, Disconnect, code, encode, levels, prop


@pytest.mark.normative(
    "3.1.1:MQTT-3.2.2-1", "3.1.1:MQTT-3.2.2-3", "5.0:MQTT-3.2.2-2", "5.0:MQTT-3.2.2-3"
)
@levels(code.V311, code.V5)
@pytest.mark.parametrize("clean", [True, False])
def test_first_connection_finds_no_session(clients: Clients, level: int, clean: bool) -> None:
    assert not clients.socket(level).connect(clean=clean).session_present


@pytest.mark.normative(
    "3.1.1:MQTT-3.1.2-4",
    "3.1.1:MQTT-3.1.3-2",
    "3.1.1:MQTT-3.2.2-2",
    "5.0:MQTT-3.1.2-5",
    "5.0:MQTT-3.1.2-6",
    "5.0:MQTT-3.1.2-23",
    "5.0:MQTT-3.1.3-2",
    "5.0:MQTT-3.2.2-3",
)
def test_session_is_resumed_with_its_subscriptions(
    clients: Clients, level: int, topic: str
) -> None:
    first = clients.lasting(level)
    first.subscribe((topic, 1))
    first.disconnect()
    second = clients.socket(level)
    connack = second.connect(first.client_id, clean=False)
    assert connack.session_present == (level != code.V31)
    clients(level).publish(topic, b"again", 1)
    second.receive(topic, b"again")
    other = clients.lasting(level)
    other.quiet()


@pytest.mark.normative(
    "3.1.1:MQTT-3.1.2-5",
    "3.1.1:MQTT-4.1.0-1",
    "3.1.1:MQTT-4.5.0-1",
    "5.0:MQTT-3.1.2-23",
    "5.0:MQTT-4.5.0-1",
)
@pytest.mark.parametrize("leave", ["disconnect", "drop"])
def test_messages_wait_for_an_absent_client(
    clients: Clients, level: int, topic: str, leave: str
) -> None:
    absent = clients.lasting(level)
    absent.subscribe((topic, 2))
    if leave == "drop":
        absent.drop()
    else:
        absent.disconnect()
    publisher = clients(level)
    publisher.publish(topic, b"one", 1)
    publisher.publish(topic, b"two", 2)
    back = clients.lasting(level, absent.client_id)
    received = [back.receive(topic), back.receive(topic)]
    assert [(message.payload, message.qos, message.dup) for message in received] == [
        (b"one", 1, False),
        (b"two", 2, False),
    ]
    back.quiet()


def test_qos_0_does_not_wait(clients: Clients, level: int, topic: str) -> None:
    absent = clients.lasting(level)
    absent.subscribe((topic, 2))
    absent.disconnect()
    clients(level).publish(topic, b"gone", 0)
    clients.lasting(level, absent.client_id).quiet()


@pytest.mark.normative(
    "3.1.1:MQTT-3.1.2-6",
    "3.1.1:MQTT-3.1.4-3",
    "3.1.1:MQTT-3.2.2-1",
    "5.0:MQTT-3.1.2-4",
    "5.0:MQTT-3.1.4-4",
    "5.0:MQTT-3.2.2-2",
)
@pytest.mark.parametrize("online", [False, True], ids=["away", "online"])
def test_clean_start_discards_the_session(
    clients: Clients, level: int, topic: str, online: bool
) -> None:
    first = clients.lasting(level)
    first.subscribe((topic, 1))
    clients(level).publish(topic, b"never acknowledged", 1)
    if not online:
        first.disconnect()
    second = clients.socket(level)
    assert not second.connect(first.client_id, clean=True).session_present
    clients(level).publish(topic, b"not subscribed", 1)
    second.quiet()
    second.disconnect()
    third = clients.socket(level)
    assert not third.connect(first.client_id, clean=False).session_present
    third.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.1.2-6")
@levels(code.V31, code.V311)
def test_clean_session_ends_with_its_connection(clients: Clients, level: int, topic: str) -> None:
    first = clients(level)
    first.subscribe((topic, 1))
    first.drop()
    clients(level).publish(topic, b"too late", 1)
    second = clients.socket(level)
    assert not second.connect(first.client_id, clean=False).session_present
    second.quiet()


@pytest.mark.normative("5.0:MQTT-4.1.0-2")
def test_session_without_expiry_ends_with_its_connection(clients: Clients, topic: str) -> None:
    first = clients.socket(code.V5)
    first.connect(clean=False)
    first.subscribe((topic, 1))
    first.disconnect()
    assert not clients.socket(code.V5).connect(first.client_id, clean=False).session_present


@pytest.mark.normative("5.0:MQTT-4.1.0-2", "5.0:MQTT-3.1.2-23")
def test_session_expires_after_its_interval(clients: Clients) -> None:
    brief = clients(code.V5, properties=[(prop.SESSION_EXPIRY_INTERVAL, 1)])
    longer = clients(code.V5, properties=[(prop.SESSION_EXPIRY_INTERVAL, 60)])
    brief.drop()
    longer.drop()
    clients.elapse(3)
    assert not clients.socket(code.V5).connect(brief.client_id, clean=False).session_present
    assert clients.socket(code.V5).connect(longer.client_id, clean=False).session_present


@pytest.mark.normative("3.1.1:MQTT-4.1.0-2", "5.0:MQTT-4.1.0-1")
@levels(code.V311, code.V5)
def test_session_lasts_while_connected(clients: Clients, level: int, topic: str) -> None:
    properties = [(prop.SESSION_EXPIRY_INTERVAL, 1)] if level == code.V5 else []
    client = clients(level, properties=properties)
    client.subscribe((topic, 1))
    clients.elapse(3)
    clients(level).publish(topic, b"still here", 1)
    client.receive(topic, b"still here")


def test_disconnect_may_change_the_expiry(clients: Clients) -> None:
    to_zero = clients.lasting(code.V5)
    to_zero.disconnect(properties=[(prop.SESSION_EXPIRY_INTERVAL, 0)])
    assert not clients.socket(code.V5).connect(to_zero.client_id, clean=False).session_present
    longer = clients(code.V5, properties=[(prop.SESSION_EXPIRY_INTERVAL, 1)])
    longer.disconnect(properties=[(prop.SESSION_EXPIRY_INTERVAL, 60)])
    clients.elapse(3)
    assert clients.socket(code.V5).connect(longer.client_id, clean=False).session_present


@pytest.mark.normative("5.0:MQTT-3.14.4-2")
def test_disconnect_must_not_raise_expiry_from_zero(clients: Clients) -> None:
    client = clients(code.V5)
    client.send(encode.disconnect(code.V5, 0, [(prop.SESSION_EXPIRY_INTERVAL, 5)]))
    assert client.expect(Disconnect).reason == code.PROTOCOL_ERROR
    client.expect_closed()


def test_new_connection_sets_a_new_expiry(clients: Clients) -> None:
    first = clients.lasting(code.V5)
    first.disconnect()
    second = clients.socket(code.V5)
    assert second.connect(first.client_id, clean=False).session_present
    second.disconnect()
    assert not clients.socket(code.V5).connect(first.client_id, clean=False).session_present


def test_takeover_keeps_the_session(clients: Clients, level: int, topic: str) -> None:
    first = clients.lasting(level)
    first.subscribe((topic, 1))
    second = clients.lasting(level, first.client_id)
    clients(level).publish(topic, b"to the newer", 1)
    second.receive(topic, b"to the newer")


@pytest.mark.normative("3.1.1:MQTT-3.1.2-7")
def test_retained_messages_outlive_sessions(clients: Clients, level: int, topic: str) -> None:
    publisher = clients(level)
    publisher.publish(topic, b"stays", 1, retain=True)
    publisher.disconnect()
    clients.subscriber(level, topic).receive(topic, b"stays")
