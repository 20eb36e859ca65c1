"""Receive Maximum, in-flight windows and order."""

import pytest

from wire import (
    Clients,
    Pingresp,
    Puback,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    WireClient,
    code,
    encode,
    prop,
)


def limited(clients: Clients, topic: str, receive_maximum: int) -> WireClient:
    client = clients(code.V5, properties=[(prop.RECEIVE_MAXIMUM, receive_maximum)])
    client.subscribe((topic, 2))
    return client


def messages_before_ping(client: WireClient) -> list[Publish]:
    """The messages that come without any of them being acknowledged."""
    client.send(encode.PINGREQ)
    found: list[Publish] = []
    while not isinstance(packet := client.packet(), Pingresp):
        assert isinstance(packet, Publish)
        found.append(packet)
    return found


@pytest.mark.normative("5.0:MQTT-3.3.4-9", "5.0:MQTT-4.9.0-1", "5.0:MQTT-4.9.0-2")
@pytest.mark.parametrize("receive_maximum", [1, 2, 10])
@pytest.mark.parametrize("qos", [1, 2])
def test_no_more_than_receive_maximum_are_sent(
    clients: Clients, topic: str, receive_maximum: int, qos: int
) -> None:
    client = limited(clients, topic, receive_maximum)
    publisher = clients(code.V5)
    for number in range(receive_maximum + 5):
        publisher.publish(topic, b"%d" % number, qos)
    first = messages_before_ping(client)
    assert [message.payload for message in first] == [b"%d" % n for n in range(receive_maximum)]
    client.acknowledge(first[0])
    second = client.expect(Publish)
    assert second.payload == b"%d" % receive_maximum
    client.quiet()
    for message in [*first[1:], second]:
        client.acknowledge(message)
    assert [message.payload for message in client.drain()] == [
        b"%d" % number for number in range(receive_maximum + 1, receive_maximum + 5)
    ]


@pytest.mark.normative("5.0:MQTT-3.3.4-9", "5.0:MQTT-4.9.0-2")
def test_quota_returns_with_pubcomp_or_a_refusing_pubrec(clients: Clients, topic: str) -> None:
    client = limited(clients, topic, 1)
    publisher = clients(code.V5)
    for number in range(3):
        publisher.publish(topic, b"%d" % number, 2)
    first = client.expect(Publish)
    client.ack(code.PUBREC, first.packet_id)
    client.expect(Pubrel)
    client.quiet()
    client.ack(code.PUBCOMP, first.packet_id)
    second = client.expect(Publish)
    client.ack(code.PUBREC, second.packet_id, code.UNSPECIFIED)
    client.receive(topic, b"2")
    client.quiet()


@pytest.mark.normative("5.0:MQTT-3.3.4-10", "5.0:MQTT-4.9.0-3")
def test_other_packets_pass_a_full_window(clients: Clients, topic: str) -> None:
    client = limited(clients, topic, 1)
    publisher = clients(code.V5)
    for _ in range(3):
        publisher.publish(topic, b"x", 1)
    client.expect(Publish)
    client.send(encode.PINGREQ)
    client.expect(Pingresp)
    client.send(encode.subscribe(code.V5, 5, [(topic + "/other", 0)]))
    client.expect(Suback)
    client.send_publish(topic + "/nobody", b"x", 1)
    client.expect(Puback)
    publisher.publish(topic + "/other", b"QoS 0 needs no quota")
    assert client.expect(Publish).qos == 0
    client.send_publish(topic + "/nobody", b"x", 2)
    client.expect(Pubrec)
    client.quiet()


@pytest.mark.normative("5.0:MQTT-4.9.0-1")
def test_window_begins_anew_with_the_connection(clients: Clients, topic: str) -> None:
    lasting = [(prop.SESSION_EXPIRY_INTERVAL, 60)]
    first = clients(code.V5, clean=False, properties=lasting)
    first.subscribe((topic, 1))
    publisher = clients(code.V5)
    for number in range(4):
        publisher.publish(topic, b"%d" % number, 1)
    assert len(messages_before_ping(first)) == 4
    first.drop()
    narrow = [*lasting, (prop.RECEIVE_MAXIMUM, 2)]
    second = clients(code.V5, first.client_id, clean=False, properties=narrow)
    again = messages_before_ping(second)
    assert [(message.payload, message.dup) for message in again] == [(b"0", True), (b"1", True)]
    for message in again:
        second.acknowledge(message)
    assert [message.payload for message in second.drain()] == [b"2", b"3"]


@pytest.mark.normative("5.0:MQTT-3.3.4-7")
def test_more_than_the_servers_receive_maximum(limited: Clients, topic: str) -> None:
    client = limited.socket(code.V5)
    assert client.connect().properties.number(prop.RECEIVE_MAXIMUM) == 3
    for _ in range(3):
        client.send_publish(topic, b"x", 2)
        client.expect(Pubrec)
    client.quiet()
    client.send_publish(topic, b"one too many", 2)
    client.expect_disconnect(code.RECEIVE_MAXIMUM_EXCEEDED)


def test_acknowledged_messages_give_the_servers_quota_back(limited: Clients, topic: str) -> None:
    client = limited(code.V5)
    for number in range(12):
        client.publish(topic, b"x", 1 + number % 2)
    client.quiet()


@pytest.mark.normative(
    "3.1.1:MQTT-4.6.0-5", "3.1.1:MQTT-4.6.0-6", "5.0:MQTT-4.6.0-5", "5.0:MQTT-4.6.0-6"
)
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_order_is_kept(clients: Clients, level: int, topic: str, qos: int) -> None:
    exact, wild = clients.subscriber(level, topic), clients.subscriber(level, topic + "/#")
    one, two = clients(level), clients(level)
    for number in range(50):
        for name, publisher in ((b"one", one), (b"two", two)):
            publisher.send_publish(topic, b"%s %d" % (name, number), qos)
    if qos == 2:
        release(one)
        release(two)
    one.settle()
    two.settle()
    for watcher in (exact, wild):
        payloads = [message.payload for message in watcher.drain()]
        for name in (b"one", b"two"):
            assert [p for p in payloads if p.startswith(name)] == [
                b"%s %d" % (name, number) for number in range(50)
            ]


def release(publisher: WireClient) -> None:
    """Finish the QoS 2 exchanges of 50 messages."""
    for _ in range(50):
        publisher.ack(code.PUBREL, publisher.await_packet(Pubrec).packet_id)


@pytest.mark.normative("3.1.1:MQTT-4.6.0-6", "5.0:MQTT-4.6.0-5")
@pytest.mark.parametrize("qos", [1, 2])
def test_order_is_kept_through_a_queue(clients: Clients, level: int, topic: str, qos: int) -> None:
    absent = clients.lasting(level)
    absent.subscribe((topic, 2))
    absent.disconnect()
    publisher = clients(level)
    for number in range(100):
        publisher.publish(topic, b"%d" % number, qos)
    back = clients.lasting(level, absent.client_id)
    assert [message.payload for message in back.drain()] == [b"%d" % n for n in range(100)]
