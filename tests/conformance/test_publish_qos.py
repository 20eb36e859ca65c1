"""The QoS exchanges with the broker as receiver (clients publish) and as sender (clients get)."""

import pytest

from wire import (
    Clients,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    code,
    encode,
    levels,
)


@pytest.mark.normative(
    "3.1.1:MQTT-2.3.1-5",
    "3.1.1:MQTT-3.3.1-2",
    "3.1.1:MQTT-3.3.4-1",
    "3.1.1:MQTT-4.3.1-1",
    "5.0:MQTT-2.2.1-2",
    "5.0:MQTT-3.3.1-2",
    "5.0:MQTT-3.3.4-1",
    "5.0:MQTT-4.3.1-1",
)
def test_qos_0_has_no_id_and_no_answer(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    publisher = clients(level)
    # Were an id read, the first two bytes of the payload would be lost.
    publisher.send_publish(topic, b"\x00\x07rest")
    publisher.quiet()
    message = watcher.receive(topic, b"\x00\x07rest")
    assert (message.qos, message.dup, message.packet_id) == (0, False, None)
    watcher.quiet()


@pytest.mark.normative(
    "3.1.1:MQTT-2.3.1-6",
    "3.1.1:MQTT-3.3.4-1",
    "3.1.1:MQTT-4.3.2-2",
    "5.0:MQTT-2.2.1-5",
    "5.0:MQTT-3.3.4-1",
    "5.0:MQTT-3.4.2-1",
    "5.0:MQTT-4.3.2-4",
)
@pytest.mark.parametrize("packet_id", [1, 0x1234, 0xFFFF])
def test_qos_1_is_acknowledged_under_its_id(
    clients: Clients, level: int, topic: str, packet_id: int
) -> None:
    watcher = clients.subscriber(level, topic)
    publisher = clients(level)
    publisher.send_publish(topic, b"x", 1, packet_id=packet_id)
    assert publisher.expect(Puback).packet_id == packet_id
    watcher.receive(topic, b"x")


@pytest.mark.normative("3.1.1:MQTT-4.3.2-2", "5.0:MQTT-4.3.2-5")
def test_qos_1_id_after_puback_is_a_new_message(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    publisher = clients(level)
    for payload, dup in ((b"one", False), (b"two", True), (b"three", False)):
        publisher.send_publish(topic, payload, 1, packet_id=5, dup=dup)
        assert publisher.expect(Puback).packet_id == 5
        watcher.receive(topic, payload)


@pytest.mark.normative(
    "3.1.1:MQTT-2.3.1-6",
    "3.1.1:MQTT-3.3.4-1",
    "3.1.1:MQTT-4.3.3-2",
    "5.0:MQTT-2.2.1-5",
    "5.0:MQTT-3.3.4-1",
    "5.0:MQTT-3.5.2-1",
    "5.0:MQTT-3.7.2-1",
    "5.0:MQTT-4.3.3-8",
    "5.0:MQTT-4.3.3-11",
)
@pytest.mark.parametrize("packet_id", [1, 0x1234, 0xFFFF])
def test_qos_2_exchange_keeps_its_id(
    clients: Clients, level: int, topic: str, packet_id: int
) -> None:
    watcher = clients.subscriber(level, topic)
    publisher = clients(level)
    publisher.send_publish(topic, b"x", 2, packet_id=packet_id)
    assert publisher.expect(Pubrec).packet_id == packet_id
    publisher.ack(code.PUBREL, packet_id)
    assert publisher.expect(Pubcomp).packet_id == packet_id
    watcher.receive(topic, b"x")


@pytest.mark.normative("3.1.1:MQTT-4.3.3-2", "5.0:MQTT-4.3.3-10")
def test_qos_2_repeated_before_pubrel_is_delivered_once(
    clients: Clients, level: int, topic: str
) -> None:
    watcher = clients.subscriber(level, topic)
    publisher = clients(level)
    for dup in (False, True, False):
        publisher.send_publish(topic, b"once", 2, packet_id=9, dup=dup)
        assert publisher.expect(Pubrec).packet_id == 9
    publisher.ack(code.PUBREL, 9)
    assert publisher.expect(Pubcomp).packet_id == 9
    watcher.receive(topic, b"once")
    watcher.quiet()


@pytest.mark.normative("3.1.1:MQTT-4.3.3-2", "3.1.1:MQTT-4.1.0-1", "5.0:MQTT-4.3.3-10")
def test_qos_2_repeated_on_a_new_connection_is_delivered_once(
    clients: Clients, level: int, topic: str
) -> None:
    watcher = clients.subscriber(level, topic)
    publisher = clients.lasting(level)
    publisher.send_publish(topic, b"once", 2, packet_id=9)
    publisher.expect(Pubrec)
    publisher.drop()
    publisher = clients.lasting(level, publisher.client_id)
    publisher.send_publish(topic, b"once", 2, packet_id=9, dup=True)
    assert publisher.expect(Pubrec).packet_id == 9
    publisher.ack(code.PUBREL, 9)
    publisher.expect(Pubcomp)
    watcher.receive(topic, b"once")
    watcher.quiet()


@pytest.mark.normative("3.1.1:MQTT-4.3.3-2", "5.0:MQTT-4.3.3-12")
def test_qos_2_id_after_pubcomp_is_a_new_message(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    publisher = clients(level)
    for payload in (b"one", b"two"):
        publisher.send_publish(topic, payload, 2, packet_id=3)
        publisher.expect(Pubrec)
        publisher.ack(code.PUBREL, 3)
        publisher.expect(Pubcomp)
        watcher.receive(topic, payload)


@pytest.mark.normative("3.1.1:MQTT-4.3.3-2", "5.0:MQTT-4.3.3-11")
def test_unknown_pubrel_is_answered(clients: Clients, level: int) -> None:
    client = clients(level)
    client.ack(code.PUBREL, 77)
    pubcomp = client.expect(Pubcomp)
    assert pubcomp.packet_id == 77
    if level == code.V5:
        assert pubcomp.reason == code.PACKET_IDENTIFIER_NOT_FOUND


@pytest.mark.normative(
    "3.1.1:MQTT-2.3.1-4",
    "3.1.1:MQTT-4.3.2-1",
    "5.0:MQTT-2.2.1-4",
    "5.0:MQTT-4.3.2-1",
    "5.0:MQTT-4.3.2-2",
)
def test_qos_1_is_sent_with_a_fresh_id(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    publisher = clients(level)
    ids: set[int] = set()
    for number in range(15):
        publisher.publish(topic, b"%d" % number, 1)
        message = watcher.expect(Publish)
        assert (message.qos, message.dup) == (1, False)
        assert message.packet_id is not None
        ids.add(message.packet_id)
    assert len(ids) == 15
    for packet_id in ids:
        watcher.ack(code.PUBACK, packet_id)
    watcher.quiet()


@pytest.mark.normative(
    "3.1.1:MQTT-2.3.1-6",
    "3.1.1:MQTT-4.3.3-1",
    "5.0:MQTT-2.2.1-4",
    "5.0:MQTT-2.2.1-5",
    "5.0:MQTT-3.6.2-1",
    "5.0:MQTT-4.3.3-1",
    "5.0:MQTT-4.3.3-2",
    "5.0:MQTT-4.3.3-4",
)
def test_qos_2_is_sent_as_the_sender_must(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    publisher = clients(level)
    publisher.publish(topic, b"a", 2)
    publisher.publish(topic, b"b", 2)
    first, second = watcher.expect(Publish), watcher.expect(Publish)
    assert (first.qos, first.dup, second.qos, second.dup) == (2, False, 2, False)
    assert first.packet_id != second.packet_id
    for message in (first, second):
        watcher.ack(code.PUBREC, message.packet_id)
        assert watcher.expect(Pubrel).packet_id == message.packet_id
        watcher.ack(code.PUBCOMP, message.packet_id)
    watcher.quiet()


def test_unknown_acknowledgements_do_no_harm(clients: Clients, level: int) -> None:
    client = clients(level)
    client.ack(code.PUBACK, 1234)
    client.ack(code.PUBCOMP, 1234)
    client.quiet()
    client.ack(code.PUBREC, 1234)
    pubrel = client.expect(Pubrel)
    assert pubrel.packet_id == 1234
    if level == code.V5:
        assert pubrel.reason == code.PACKET_IDENTIFIER_NOT_FOUND


@pytest.mark.normative("3.1.1:MQTT-3.3.1-3", "5.0:MQTT-3.3.1-3")
@pytest.mark.parametrize("qos", [1, 2])
def test_dup_of_the_publisher_is_not_passed_on(
    clients: Clients, level: int, topic: str, qos: int
) -> None:
    watcher = clients.subscriber(level, topic)
    publisher = clients(level)
    packet_id = publisher.send_publish(topic, b"x", qos, dup=True)
    if qos == 2:
        publisher.expect(Pubrec)
        publisher.ack(code.PUBREL, packet_id)
    assert not watcher.receive(topic, b"x").dup


@pytest.mark.normative("3.1.1:MQTT-3.3.1-4", "5.0:MQTT-3.3.1-4")
def test_qos_3_is_malformed(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    client = clients(level)
    client.send(encode.publish(level, topic, b"x", qos=3, packet_id=1))
    client.expect_refused(code.MALFORMED_PACKET)
    watcher.quiet()


@pytest.mark.normative(
    "3.1.1:MQTT-4.6.0-2", "3.1.1:MQTT-4.6.0-3", "3.1.1:MQTT-4.6.0-4", "3.1.1:MQTT-4.6.0-6"
)
def test_acknowledgements_keep_the_order(clients: Clients, level: int, topic: str) -> None:
    client = clients.subscriber(level, topic + "/in")
    publisher = clients(level)
    for packet_id in (7, 3, 11, 2):
        publisher.send_publish(topic, b"x", 1, packet_id=packet_id)
    assert [publisher.expect(Puback).packet_id for _ in range(4)] == [7, 3, 11, 2]
    for packet_id in (7, 3, 11, 2):
        publisher.send_publish(topic + "/in", b"x", 2, packet_id=packet_id)
    assert [publisher.expect(Pubrec).packet_id for _ in range(4)] == [7, 3, 11, 2]
    for packet_id in (7, 3, 11, 2):
        publisher.ack(code.PUBREL, packet_id)
    assert [publisher.expect(Pubcomp).packet_id for _ in range(4)] == [7, 3, 11, 2]
    sent = [client.expect(Publish).packet_id for _ in range(4)]
    for wanted in sent:
        client.ack(code.PUBREC, wanted)
    assert [client.expect(Pubrel).packet_id for _ in range(4)] == sent


@pytest.mark.normative("3.1.1:MQTT-2.3.1-1", "5.0:MQTT-2.2.1-3")
@pytest.mark.parametrize("kind", ["publish QoS 1", "publish QoS 2", "subscribe", "unsubscribe"])
@levels(code.V311, code.V5)
def test_packet_id_0_is_refused(clients: Clients, level: int, topic: str, kind: str) -> None:
    packets = {
        "publish QoS 1": encode.publish(level, topic, b"x", qos=1, packet_id=0),
        "publish QoS 2": encode.publish(level, topic, b"x", qos=2, packet_id=0),
        "subscribe": encode.subscribe(level, 0, [(topic, 0)]),
        "unsubscribe": encode.unsubscribe(level, 0, [topic]),
    }
    watcher = clients.subscriber(level, topic)
    client = clients(level)
    client.send(packets[kind])
    client.expect_refused(code.PROTOCOL_ERROR, code.MALFORMED_PACKET)
    watcher.quiet()
