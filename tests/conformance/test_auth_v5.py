"""Enhanced authentication (section 4.12), with the method of a plugin."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker_process import BrokerWith
from wire import Auth, Clients, Connack, Disconnect, WireClient, code, encode, prop

METHOD = "MARCO-POLO"


@pytest.fixture
def clients(broker_with: BrokerWith, conformance_plugins: Path) -> Iterator[Clients]:
    with Clients(broker_with({}, conformance_plugins).address) as clients:
        yield clients


def said(data: bytes | None = None, method: str = METHOD) -> list[prop.Pair]:
    pairs: list[prop.Pair] = [(prop.AUTHENTICATION_METHOD, method)]
    if data is not None:
        pairs.append((prop.AUTHENTICATION_DATA, data))
    return pairs


def expect_question(client: WireClient) -> None:
    auth = client.expect(Auth)
    assert auth.reason == code.CONTINUE_AUTHENTICATION
    assert auth.properties.get(prop.AUTHENTICATION_METHOD) == METHOD
    assert auth.properties.get(prop.AUTHENTICATION_DATA) == b"marco"


def answer(client: WireClient, data: bytes = b"polo", method: str = METHOD) -> None:
    client.send(encode.auth(code.CONTINUE_AUTHENTICATION, said(data, method)))


def authenticated(clients: Clients) -> WireClient:
    client = clients.socket(code.V5)
    client.send_connect(properties=said(b"hello"))
    for _ in range(2):
        expect_question(client)
        answer(client)
    connack = client.expect(Connack)
    assert connack.reason == code.SUCCESS
    assert connack.properties.get(prop.AUTHENTICATION_METHOD) == METHOD
    assert connack.properties.get(prop.AUTHENTICATION_DATA) == b"welcome"
    return client


@pytest.mark.normative(
    "5.0:MQTT-3.2.0-1",
    "5.0:MQTT-3.15.2-1",
    "5.0:MQTT-4.12.0-2",
    "5.0:MQTT-4.12.0-3",
    "5.0:MQTT-4.12.0-5",
)
def test_exchange_ends_in_a_connack(clients: Clients, topic: str) -> None:
    client = authenticated(clients)
    client.subscribe(topic)
    client.publish(topic, b"let in", 1)
    client.receive(topic, b"let in")


@pytest.mark.normative("5.0:MQTT-4.12.0-4", "5.0:MQTT-3.1.4-2", "5.0:MQTT-3.2.2-7")
@pytest.mark.parametrize("step", [0, 1])
def test_server_may_refuse_at_any_step(clients: Clients, step: int) -> None:
    client = clients.socket(code.V5)
    client.send_connect(properties=said(b"hello" if step else b"wrong"))
    if step:
        expect_question(client)
        answer(client, b"wrong")
    assert client.expect(Connack).reason == code.NOT_AUTHORIZED
    client.expect_closed()


@pytest.mark.normative("5.0:MQTT-3.1.2-30", "5.0:MQTT-3.1.4-6", "5.0:MQTT-3.14.0-1")
def test_only_auth_is_heard_before_connack(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V5, topic)
    client = clients.socket(code.V5)
    client.send_connect(properties=said(b"hello"))
    expect_question(client)
    client.send_publish(topic, b"too early")
    assert_refused_before_connack(client)
    watcher.quiet()


@pytest.mark.normative("5.0:MQTT-4.12.0-5")
def test_method_must_not_change(clients: Clients) -> None:
    client = clients.socket(code.V5)
    client.send_connect(properties=said(b"hello"))
    expect_question(client)
    answer(client, method="OTHER")
    assert_refused_before_connack(client)


def assert_refused_before_connack(client: WireClient) -> None:
    """A close, and before it at most a CONNACK: DISCONNECT needs one that accepts."""
    data = client.bytes_to_end()
    assert data == b"" or (data[0] == 0x20 and data[3] == code.PROTOCOL_ERROR)


@pytest.mark.normative("5.0:MQTT-3.1.2-30")
def test_client_may_give_up_during_the_exchange(clients: Clients) -> None:
    client = clients.socket(code.V5)
    client.send_connect(properties=said(b"hello"))
    expect_question(client)
    client.drop()
    authenticated(clients).quiet()


@pytest.mark.normative("5.0:MQTT-4.12.0-7")
def test_auth_without_a_method_in_connect(clients: Clients) -> None:
    client = clients(code.V5)
    client.send(encode.auth(code.RE_AUTHENTICATE, said(b"hello")))
    client.expect_disconnect(code.PROTOCOL_ERROR)


@pytest.mark.normative("5.0:MQTT-4.12.1-1", "5.0:MQTT-4.12.0-5", "5.0:MQTT-3.15.2-1")
def test_re_authentication(clients: Clients, topic: str) -> None:
    client = authenticated(clients)
    client.subscribe((topic, 1))
    for _ in range(2):
        client.send(encode.auth(code.RE_AUTHENTICATE, said(b"hello")))
        for _ in range(2):
            expect_question(client)
            answer(client)
        done = client.expect(Auth)
        assert done.reason == code.SUCCESS
        assert done.properties.get(prop.AUTHENTICATION_METHOD) == METHOD
    clients(code.V5).publish(topic, b"still here", 1)
    client.receive(topic, b"still here")


@pytest.mark.normative("5.0:MQTT-4.12.1-2")
def test_failed_re_authentication_ends_the_connection(clients: Clients) -> None:
    client = authenticated(clients)
    client.send(encode.auth(code.RE_AUTHENTICATE, said(b"hello")))
    expect_question(client)
    answer(client, b"wrong")
    assert client.expect(Disconnect).reason == code.NOT_AUTHORIZED
    client.expect_closed()


@pytest.mark.normative("5.0:MQTT-4.12.1-1")
def test_re_authentication_with_another_method(clients: Clients) -> None:
    client = authenticated(clients)
    client.send(encode.auth(code.RE_AUTHENTICATE, said(b"hello", "OTHER")))
    client.expect_disconnect(code.PROTOCOL_ERROR, code.BAD_AUTHENTICATION_METHOD)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encode.auth(code.SUCCESS, said()), id="success"),
        pytest.param(encode.auth(code.CONTINUE_AUTHENTICATION, said()), id="continue nothing"),
        pytest.param(encode.auth(code.RE_AUTHENTICATE), id="no method"),
        pytest.param(encode.auth(0x55, said()), id="unknown code"),
        pytest.param(encode.auth(code.RE_AUTHENTICATE, said() * 2), id="method twice"),
    ],
)
def test_wrong_auth_is_a_protocol_error(clients: Clients, data: bytes) -> None:
    client = authenticated(clients)
    client.send(data)
    client.expect_disconnect(code.PROTOCOL_ERROR, code.MALFORMED_PACKET)


@pytest.mark.normative("5.0:MQTT-3.15.1-1")
@pytest.mark.parametrize("flags", [1, 2, 4, 8, 15])
def test_auth_with_wrong_flags(clients: Clients, flags: int) -> None:
    client = authenticated(clients)
    client.send(encode.auth(code.RE_AUTHENTICATE, said(b"hello"), flags=flags))
    client.expect_disconnect(code.MALFORMED_PACKET)
