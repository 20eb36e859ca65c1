"""Maximum Packet Size, the client's and the server's."""

import pytest

from wire import Clients, Closed, Connack, Will, WireClient, code, encode, levels, prop, unique_id


def narrow_client(clients: Clients, topic: str, maximum: int) -> WireClient:
    client = clients(code.V5, properties=[(prop.MAXIMUM_PACKET_SIZE, maximum)])
    client.subscribe((topic, 2))
    return client


def size(topic: str, payload: bytes, qos: int) -> int:
    """Bytes of the PUBLISH as the subscriber gets it, without properties."""
    return len(encode.publish(code.V5, topic, payload, qos=qos, packet_id=1 if qos else None))


@pytest.mark.normative("5.0:MQTT-3.1.2-24", "5.0:MQTT-3.1.2-25")
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_too_large_message_is_dropped_as_if_sent(clients: Clients, topic: str, qos: int) -> None:
    maximum = size(topic, b"x" * 60, qos)
    client = narrow_client(clients, topic, maximum)
    publisher = clients(code.V5)
    assert publisher.publish(topic, b"x" * 61, qos) == code.SUCCESS
    publisher.publish(topic, b"y" * 60, qos)
    publisher.publish(topic, b"x" * 5000, qos)
    publisher.publish(topic, b"z", qos)
    received = client.drain()
    assert [message.payload for message in received] == [b"y" * 60, b"z"]
    assert max(len(message.raw) for message in received) == maximum


@pytest.mark.normative("5.0:MQTT-3.1.2-25")
@pytest.mark.parametrize("qos", [1, 2])
def test_dropped_messages_use_no_quota(clients: Clients, topic: str, qos: int) -> None:
    maximum = size(topic, b"x", qos)
    given = [(prop.MAXIMUM_PACKET_SIZE, maximum), (prop.RECEIVE_MAXIMUM, 1)]
    client = clients(code.V5, properties=given)
    client.subscribe((topic, 2))
    publisher = clients(code.V5)
    for _ in range(3):
        publisher.publish(topic, b"too large", qos)
    publisher.publish(topic, b"1", qos)
    publisher.publish(topic, b"2", qos)
    assert [message.payload for message in client.drain()] == [b"1", b"2"]


@pytest.mark.normative("5.0:MQTT-3.1.2-24", "5.0:MQTT-3.1.2-25")
@pytest.mark.parametrize("way", ["retained", "queued", "will"])
def test_limit_holds_for_every_way(clients: Clients, topic: str, way: str) -> None:
    payload = b"x" * 200
    lasting = [(prop.SESSION_EXPIRY_INTERVAL, 60)]
    narrow = [*lasting, (prop.MAXIMUM_PACKET_SIZE, 100)]
    client = clients(code.V5, clean=False, properties=lasting if way == "queued" else narrow)
    publisher = clients(code.V5)
    if way == "retained":
        publisher.publish(topic, payload, 1, retain=True)
    client.subscribe((topic, 1))
    if way == "queued":
        client.disconnect()
        publisher.publish(topic, payload, 1)
        client = clients(code.V5, client.client_id, clean=False, properties=narrow)
    if way == "will":
        clients(code.V5, will=Will(topic, payload, 1)).drop()
    publisher.publish(topic, b"small", 1)
    client.receive(topic, b"small")
    client.quiet()


@pytest.mark.normative("5.0:MQTT-3.1.2-24")
def test_properties_count_too(clients: Clients, topic: str) -> None:
    client = narrow_client(clients, topic, 100)
    publisher = clients(code.V5)
    publisher.publish(topic, b"x", 1, properties=[(prop.USER_PROPERTY, ("k", "v" * 80))])
    publisher.publish(topic, b"small", 1)
    client.receive(topic, b"small")
    client.quiet()


def test_limit_of_one_leaves_the_others(clients: Clients, topic: str) -> None:
    narrow = narrow_client(clients, topic, 100)
    wide = clients.subscriber(code.V5, topic)
    clients(code.V5).publish(topic, b"x" * 200, 1)
    wide.receive(topic, b"x" * 200)
    narrow.quiet()


@pytest.mark.normative("5.0:MQTT-3.2.2-15")
@levels(code.V311, code.V5)
def test_packet_above_the_servers_maximum(limited: Clients, level: int, topic: str) -> None:
    watcher = limited.subscriber(level, topic)
    client = limited.socket(level)
    connack = client.connect()
    if level == code.V5:
        assert connack.properties.number(prop.MAXIMUM_PACKET_SIZE) == 1000
    fits = 1000 - len(encode.publish(level, topic, b"")) - 1
    client.publish(topic, b"x" * fits)
    watcher.receive(topic, b"x" * fits)
    client.send_publish(topic, b"x" * (fits + 1))
    client.expect_refused(code.PACKET_TOO_LARGE)
    watcher.quiet()


@pytest.mark.normative("5.0:MQTT-3.2.2-15")
def test_too_large_packet_is_refused_by_its_header(clients: Clients) -> None:
    client = clients(code.V5)
    client.send(b"\x30\xff\xff\xff\x7f")
    client.expect_disconnect(code.PACKET_TOO_LARGE)


def test_too_large_connect_is_refused(limited: Clients) -> None:
    client = limited.socket(code.V5)
    client.send(encode.connect(code.V5, unique_id(), username="x" * 2000))
    try:
        answer = client.packet()
    except Closed:
        return
    assert isinstance(answer, Connack)
    assert answer.reason == code.PACKET_TOO_LARGE
    client.expect_closed()
