"""CONNECT and CONNACK: who is let in, what the first packets are, and client ids."""

import pytest

from wire import Clients, Connack, Pingresp, Will, code, encode, levels, prop, unique_id

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.normative(
    "3.1.1:MQTT-3.1.4-4",
    "3.1.1:MQTT-3.2.0-1",
    "5.0:MQTT-3.1.4-5",
    "5.0:MQTT-3.2.0-1",
    "5.0:MQTT-3.2.2-1",
    "5.0:MQTT-3.2.2-8",
)
def test_connack_comes_first_and_accepts(clients: Clients, level: int) -> None:
    client = clients.socket(level)
    client.send(encode.connect(level, unique_id()) + encode.PINGREQ)
    assert client.expect(Connack).reason == code.SUCCESS
    client.expect(Pingresp)


@pytest.mark.normative("5.0:MQTT-3.2.0-2")
def test_there_is_one_connack(clients: Clients, level: int, topic: str) -> None:
    client = clients.lasting(level)
    client.subscribe((topic, 1))
    client.publish(topic, b"x", 1)
    client.receive(topic)
    client.quiet()


@pytest.mark.normative("3.1.1:MQTT-7.0.0-2", "3.1.1:MQTT-7.1.1-1", "5.0:MQTT-4.2.0-1")
def test_plain_packets_over_tcp_are_enough(clients: Clients, level: int, topic: str) -> None:
    client = clients.socket(level)
    client.send_bytewise(encode.connect(level, unique_id()))
    assert client.expect(Connack).reason == code.SUCCESS
    client.subscribe((topic, 2))
    assert client.publish(topic, b"there and back", 2) == code.SUCCESS
    client.receive(topic, b"there and back")
    client.unsubscribe(topic)
    client.disconnect()


@pytest.mark.normative(
    "3.1.1:MQTT-3.1.0-2", "3.1.1:MQTT-4.8.0-1", "5.0:MQTT-3.1.0-2", "5.0:MQTT-4.13.1-1"
)
def test_second_connect_is_a_protocol_error(clients: Clients, level: int) -> None:
    client = clients(level)
    client.send(encode.connect(level, client.client_id))
    client.expect_refused(code.PROTOCOL_ERROR)


FIRST_PACKETS = {
    "publish": encode.publish(code.V311, "a", b"x"),
    "subscribe": encode.subscribe(code.V311, 1, [("a", 0)]),
    "pingreq": encode.PINGREQ,
    "puback": encode.ack(code.V311, code.PUBACK, 1),
    "disconnect": encode.disconnect(code.V311),
    "auth": encode.auth(code.CONTINUE_AUTHENTICATION, [(prop.AUTHENTICATION_METHOD, "x")]),
    "connack": b"\x20\x02\x00\x00",
    "type 0": b"\x00\x00",
    "not MQTT": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.normative("3.1.1:MQTT-3.1.0-1", "5.0:MQTT-3.1.0-1", "5.0:MQTT-3.14.0-1")
@pytest.mark.parametrize("data", FIRST_PACKETS.values(), ids=FIRST_PACKETS)
def test_anything_before_connect_gets_a_close_and_no_word(clients: Clients, data: bytes) -> None:
    client = clients.socket(code.V5)
    client.send(data)
    client.expect_closed()


@pytest.mark.normative("3.1.1:MQTT-3.1.2-1", "5.0:MQTT-3.1.2-1")
@pytest.mark.parametrize("name", ["mqtt", "MQTTX", "MQ", "", "MQIsdpX", "HTTP"])
def test_another_protocol_name_is_not_served(clients: Clients, level: int, name: str) -> None:
    client = clients.socket(level)
    client.send(encode.connect(level, unique_id(), protocol_name=name))
    answer = client.bytes_to_end()
    if answer:
        assert answer[0] == code.CONNACK << 4
        assert answer[3] in {code.UNACCEPTABLE_LEVEL, code.UNSUPPORTED_PROTOCOL_VERSION}


@pytest.mark.normative("3.1.1:MQTT-3.1.2-2", "5.0:MQTT-3.1.2-2")
@pytest.mark.parametrize("number", [0, 1, 2, 6, 7, 127])
def test_unknown_protocol_level_is_told_so(clients: Clients, number: int) -> None:
    client = clients.socket(code.V311)
    client.send(encode.connect(code.V311, unique_id(), wire_level=number))
    answer = client.bytes_to_end()
    if number > code.V5 and len(answer) > 4:
        assert (answer[0], answer[2:4]) == (0x20, bytes([0, code.UNSUPPORTED_PROTOCOL_VERSION]))
    else:
        assert answer == bytes([0x20, 2, 0, code.UNACCEPTABLE_LEVEL])


@pytest.mark.normative("3.1.1:MQTT-3.1.3-5", "5.0:MQTT-3.1.3-5")
@pytest.mark.parametrize("client_id", ["x", ALPHABET[:23], ALPHABET[23:46], ALPHABET[39:]])
def test_plain_client_ids_are_accepted(clients: Clients, level: int, client_id: str) -> None:
    clients(level, client_id).quiet()


@pytest.mark.normative(
    "3.1.1:MQTT-3.1.3-1",
    "3.1.1:MQTT-3.1.2-9",
    "3.1.1:MQTT-3.1.2-19",
    "3.1.1:MQTT-3.1.2-21",
    "3.1.1:MQTT-3.1.3-3",
    "5.0:MQTT-3.1.3-1",
    "5.0:MQTT-3.1.2-9",
    "5.0:MQTT-3.1.2-17",
    "5.0:MQTT-3.1.2-19",
    "5.0:MQTT-3.1.3-3",
)
def test_connect_fields_are_read_in_order(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    properties = [(prop.CONTENT_TYPE, "text/plain")] if level == code.V5 else []
    will = Will(topic, b"last words", 1, properties=properties)
    leaver = clients(level, will=will, username="somebody", password=b"secret")
    leaver.drop()
    message = watcher.receive(topic, b"last words")
    assert message.qos == 1
    assert list(message.properties) == properties


@pytest.mark.normative("3.1.1:MQTT-3.1.3-6")
@levels(code.V311)
def test_empty_client_ids_are_told_apart(clients: Clients, level: int, topic: str) -> None:
    one = clients(level, "")
    two = clients(level, "")
    one.subscribe(topic)
    two.publish(topic, b"hello", 1)
    one.receive(topic, b"hello")
    two.quiet()


@pytest.mark.normative("5.0:MQTT-3.1.3-6", "5.0:MQTT-3.1.3-7", "5.0:MQTT-3.2.2-16")
@pytest.mark.parametrize("clean", [True, False], ids=["clean", "not clean"])
def test_assigned_client_id_is_unique_and_usable(clients: Clients, clean: bool) -> None:
    lasting = [(prop.SESSION_EXPIRY_INTERVAL, 60)]
    assigned: set[str] = set()
    for _ in range(5):
        client = clients.socket(code.V5)
        connack = client.connect("", clean=clean, properties=lasting)
        value = connack.properties.get(prop.ASSIGNED_CLIENT_IDENTIFIER)
        assert isinstance(value, str)
        assert value
        assigned.add(value)
        client.disconnect()
    assert len(assigned) == 5
    returning = clients.socket(code.V5)
    connack = returning.connect(assigned.pop(), clean=False)
    assert connack.session_present
    assert prop.ASSIGNED_CLIENT_IDENTIFIER not in connack.properties


@pytest.mark.normative(
    "3.1.1:MQTT-3.1.3-7",
    "3.1.1:MQTT-3.1.3-8",
    "3.1.1:MQTT-3.1.3-9",
    "3.1.1:MQTT-3.2.2-4",
    "3.1.1:MQTT-3.2.2-5",
)
@pytest.mark.parametrize(
    ("level", "clean"),
    [(code.V311, False), (code.V31, False), (code.V31, True)],
    ids=["v311", "v31", "v31 clean"],
)
def test_empty_client_id_is_rejected(clients: Clients, level: int, clean: bool) -> None:
    client = clients.socket(level)
    client.send_connect("", clean=clean)
    connack = client.expect(Connack)
    assert connack.reason == code.IDENTIFIER_REJECTED
    assert not connack.session_present
    client.expect_closed()


@pytest.mark.normative("3.1.1:MQTT-3.1.4-2", "5.0:MQTT-3.1.4-3")
def test_same_client_id_takes_over(clients: Clients, level: int, topic: str) -> None:
    older = clients(level)
    newer = clients(level, older.client_id)
    older.expect_refused(code.SESSION_TAKEN_OVER)
    newer.subscribe(topic)
    newer.publish(topic, b"mine now", 1)
    newer.receive(topic, b"mine now")
    newer.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.1.4-2", "5.0:MQTT-3.1.4-3")
@pytest.mark.parametrize(("first", "second"), [(code.V311, code.V5), (code.V5, code.V311)])
def test_takeover_crosses_versions(clients: Clients, first: int, second: int) -> None:
    older = clients(first)
    newer = clients(second, older.client_id)
    older.expect_refused(code.SESSION_TAKEN_OVER)
    newer.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.1.4-5")
@levels(code.V31, code.V311)
def test_nothing_after_a_rejected_connect_counts(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    client = clients.socket(level)
    rejected = encode.connect(level, "", clean=False)
    client.send(rejected + encode.publish(level, topic, b"x", retain=True))
    assert client.expect(Connack).reason == code.IDENTIFIER_REJECTED
    client.expect_closed()
    watcher.quiet()
    clients.subscriber(level, topic).quiet()


@pytest.mark.normative(
    "5.0:MQTT-3.1.4-2",
    "5.0:MQTT-3.1.4-6",
    "5.0:MQTT-3.2.2-7",
    "5.0:MQTT-4.12.0-1",
    "5.0:MQTT-4.13.2-1",
)
def test_unknown_authentication_method_is_refused(clients: Clients, topic: str) -> None:
    watcher = clients.subscriber(code.V5, topic)
    client = clients.socket(code.V5)
    method = [(prop.AUTHENTICATION_METHOD, "no such method")]
    client.send(
        encode.connect(code.V5, unique_id(), properties=method)
        + encode.publish(code.V5, topic, b"x", retain=True)
    )
    assert client.expect(Connack).reason == code.BAD_AUTHENTICATION_METHOD
    client.expect_closed()
    watcher.quiet()
    clients.subscriber(code.V5, topic).quiet()


@pytest.mark.normative("5.0:MQTT-3.2.2-6")
def test_refusal_has_no_session_present(clients: Clients) -> None:
    owner = clients.lasting(code.V5)
    owner.disconnect()
    client = clients.socket(code.V5)
    method = [(prop.AUTHENTICATION_METHOD, "no such method")]
    client.send_connect(owner.client_id, clean=False, properties=method)
    connack = client.expect(Connack)
    assert connack.reason >= 0x80
    assert not connack.session_present
    client.expect_closed()
    assert clients.socket(code.V5).connect(owner.client_id, clean=False).session_present


@pytest.mark.normative("5.0:MQTT-4.12.0-6")
def test_no_method_asked_none_given(clients: Clients) -> None:
    connack = clients.socket(code.V5).connect()
    assert prop.AUTHENTICATION_METHOD not in connack.properties
    assert prop.AUTHENTICATION_DATA not in connack.properties


def test_connack_does_not_repeat_defaults(clients: Clients) -> None:
    properties = clients.socket(code.V5).connect().properties
    for identifier in (
        prop.MAXIMUM_QOS,
        prop.RETAIN_AVAILABLE,
        prop.SERVER_KEEP_ALIVE,
        prop.ASSIGNED_CLIENT_IDENTIFIER,
    ):
        assert identifier not in properties
    assert properties.number(prop.WILDCARD_SUBSCRIPTION_AVAILABLE, 1) == 1
    assert properties.number(prop.SUBSCRIPTION_IDENTIFIER_AVAILABLE, 1) == 1
    assert properties.number(prop.SHARED_SUBSCRIPTION_AVAILABLE, 1) == 1
