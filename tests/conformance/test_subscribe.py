"""SUBSCRIBE, SUBACK and what a subscription delivers, alike in all versions."""

import pytest

from wire import Clients, Publish, Pubrel, Suback, code, encode, levels


@pytest.mark.normative(
    "3.1.1:MQTT-2.3.1-7",
    "3.1.1:MQTT-3.8.4-1",
    "3.1.1:MQTT-3.8.4-2",
    "5.0:MQTT-2.2.1-6",
    "5.0:MQTT-3.8.4-1",
    "5.0:MQTT-3.8.4-2",
)
@pytest.mark.parametrize("packet_id", [1, 0x1234, 0xFFFF])
def test_suback_has_the_id_of_its_subscribe(
    clients: Clients, level: int, topic: str, packet_id: int
) -> None:
    client = clients(level)
    client.send(encode.subscribe(level, packet_id, [(topic, 1)]))
    suback = client.expect(Suback)
    assert (suback.packet_id, suback.reasons) == (packet_id, (1,))


@pytest.mark.normative(
    "3.1.1:MQTT-3.8.4-4",
    "3.1.1:MQTT-3.8.4-5",
    "3.1.1:MQTT-3.9.3-1",
    "3.1.1:MQTT-3.9.3-2",
    "5.0:MQTT-3.8.4-5",
    "5.0:MQTT-3.8.4-6",
    "5.0:MQTT-3.8.4-7",
    "5.0:MQTT-3.9.3-1",
    "5.0:MQTT-3.9.3-2",
)
def test_filters_of_one_subscribe_are_answered_in_order(
    clients: Clients, level: int, topic: str
) -> None:
    client = clients(level)
    granted = client.subscribe(
        (topic + "/c", 2), (topic + "/a", 0), (topic + "/+/x", 1), (topic + "/b", 2)
    )
    assert granted.reasons == (2, 0, 1, 2)
    publisher = clients(level)
    for name, qos in (("/a", 0), ("/b", 2), ("/c", 2), ("/1/x", 1)):
        publisher.publish(topic + name, b"x", 2)
        assert client.receive(topic + name).qos == qos
    client.quiet()


def test_a_filter_repeated_in_one_subscribe_counts_last(
    clients: Clients, level: int, topic: str
) -> None:
    client = clients(level)
    assert client.subscribe((topic, 2), (topic, 0)).reasons == (2, 0)
    clients(level).publish(topic, b"x", 1)
    assert client.receive(topic).qos == 0
    client.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.8.4-6", "5.0:MQTT-3.8.4-8")
@pytest.mark.parametrize("published", [0, 1, 2])
@pytest.mark.parametrize("granted", [0, 1, 2])
def test_delivery_qos_is_the_lower_one(
    clients: Clients, level: int, topic: str, published: int, granted: int
) -> None:
    client = clients.subscriber(level, topic, qos=granted)
    clients(level).publish(topic, b"x", published)
    assert client.receive(topic).qos == min(published, granted)
    client.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.3.5-1", "5.0:MQTT-3.3.4-2")
@pytest.mark.parametrize("order", [(0, 2, 1), (2, 1, 0), (1, 0, 2)])
def test_overlapping_subscriptions_deliver_one_copy_at_the_highest_qos(
    clients: Clients, level: int, topic: str, order: tuple[int, int, int]
) -> None:
    client = clients(level)
    filters = (topic + "/#", topic + "/+", topic + "/x")
    for name, qos in zip(filters, order, strict=True):
        client.subscribe((name, qos))
    publisher = clients(level)
    publisher.publish(topic + "/x", b"one", 2)
    assert client.receive(topic + "/x", b"one").qos == 2
    publisher.publish(topic + "/x", b"two", 1)
    assert client.receive(topic + "/x", b"two").qos == 1
    client.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.8.4-3", "5.0:MQTT-3.8.4-3", "5.0:MQTT-3.8.4-4")
@pytest.mark.parametrize(("first", "second"), [(2, 0), (0, 2)])
def test_same_filter_replaces_the_subscription(
    clients: Clients, level: int, topic: str, first: int, second: int
) -> None:
    publisher = clients(level)
    publisher.publish(topic, b"kept", 2, retain=True)
    client = clients.subscriber(level, topic, qos=first)
    assert client.receive(topic, b"kept").retain
    client.subscribe((topic, second))
    repeated = client.receive(topic, b"kept")
    assert (repeated.retain, repeated.qos) == (True, second)
    publisher.publish(topic, b"live", 2)
    assert client.receive(topic, b"live").qos == second
    client.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.8.4-3", "5.0:MQTT-3.8.4-4")
def test_replacing_a_subscription_loses_nothing(clients: Clients, level: int, topic: str) -> None:
    client = clients.subscriber(level, topic, qos=1)
    publisher = clients(level)
    for number in range(50):
        publisher.send_publish(topic, b"%d" % number, 1)
        if number % 5 == 0:
            client.send(encode.subscribe(level, client.next_id(), [(topic, 1)]))
    publisher.settle()
    client.settle()
    for _ in range(10):
        client.await_packet(Suback)
    assert [message.payload for message in client.drain()] == [b"%d" % n for n in range(50)]


@pytest.mark.normative(
    "3.1.1:MQTT-3.10.4-2",
    "3.1.1:MQTT-3.10.4-4",
    "5.0:MQTT-2.2.1-6",
    "5.0:MQTT-3.10.4-2",
    "5.0:MQTT-3.10.4-4",
    "5.0:MQTT-3.10.4-5",
)
def test_unsubscribe_stops_delivery(clients: Clients, level: int, topic: str) -> None:
    client = clients.subscriber(level, topic, topic + "/other")
    assert client.unsubscribe(topic).reasons == ((0,) if level == code.V5 else ())
    publisher = clients(level)
    publisher.publish(topic, b"no more", 2)
    publisher.publish(topic + "/other", b"still", 2)
    client.receive(topic + "/other", b"still")
    client.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.10.4-5", "5.0:MQTT-3.10.4-5", "5.0:MQTT-3.11.3-2")
def test_unsubscribe_of_nothing_is_answered(clients: Clients, level: int, topic: str) -> None:
    reasons = clients(level).unsubscribe(topic).reasons
    assert reasons == ((code.NO_SUBSCRIPTION_EXISTED,) if level == code.V5 else ())


@pytest.mark.normative(
    "3.1.1:MQTT-2.3.1-7",
    "3.1.1:MQTT-3.10.4-6",
    "5.0:MQTT-3.10.4-6",
    "5.0:MQTT-3.11.3-1",
    "5.0:MQTT-3.11.3-2",
)
def test_several_filters_of_one_unsubscribe(clients: Clients, level: int, topic: str) -> None:
    client = clients.subscriber(level, topic + "/a", topic + "/b", topic + "/c")
    reasons = client.unsubscribe(topic + "/a", topic + "/none", topic + "/c").reasons
    assert reasons == ((0, code.NO_SUBSCRIPTION_EXISTED, 0) if level == code.V5 else ())
    publisher = clients(level)
    for name in ("/a", "/b", "/c"):
        publisher.publish(topic + name, b"x", 1)
    client.receive(topic + "/b")
    client.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.10.4-1", "5.0:MQTT-3.10.4-1")
def test_unsubscribe_compares_characters(clients: Clients, level: int, topic: str) -> None:
    client = clients.subscriber(level, topic + "/a/+", topic + "/a/b")
    for name in ("/a/#", "/a/c", "/A/b", "/a/b/", "/a"):
        client.unsubscribe(topic + name)
    publisher = clients(level)
    publisher.publish(topic + "/a/b", b"both", 1)
    client.receive(topic + "/a/b", b"both")
    client.unsubscribe(topic + "/a/+")
    publisher.publish(topic + "/a/c", b"wildcard gone", 1)
    publisher.publish(topic + "/a/b", b"exact stays", 1)
    client.receive(topic + "/a/b", b"exact stays")
    client.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.10.4-3", "5.0:MQTT-3.10.4-3")
def test_unsubscribe_completes_what_was_begun(clients: Clients, level: int, topic: str) -> None:
    client = clients.lasting(level)
    client.subscribe((topic, 2))
    publisher = clients(level)
    publisher.publish(topic, b"one", 1)
    publisher.publish(topic, b"two", 2)
    publisher.publish(topic, b"three", 2)
    begun = [client.expect(Publish) for _ in range(3)]
    client.unsubscribe(topic)
    client.ack(code.PUBREC, begun[1].packet_id)
    assert client.expect(Pubrel).packet_id == begun[1].packet_id
    client.ack(code.PUBCOMP, begun[1].packet_id)
    client.drop()
    back = clients.lasting(level, client.client_id)
    for message in (begun[0], begun[2]):
        repeated = back.receive(topic, message.payload)
        assert (repeated.packet_id, repeated.dup) == (message.packet_id, True)
    back.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.8.3-3", "5.0:MQTT-3.8.3-2")
@levels(code.V311, code.V5)
def test_subscribe_without_filters(clients: Clients, level: int) -> None:
    client = clients(level)
    client.send(encode.subscribe(level, 1, []))
    client.expect_refused(code.PROTOCOL_ERROR)


@pytest.mark.normative("3.1.1:MQTT-3.10.3-2", "5.0:MQTT-3.10.3-2")
@levels(code.V311, code.V5)
def test_unsubscribe_without_filters(clients: Clients, level: int) -> None:
    client = clients(level)
    client.send(encode.unsubscribe(level, 1, []))
    client.expect_refused(code.PROTOCOL_ERROR)


@pytest.mark.normative("3.1.1:MQTT-3.8.3-4")
@levels(code.V311)
@pytest.mark.parametrize("options", [0x03, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF])
def test_wrong_options_of_3_1_1(clients: Clients, level: int, topic: str, options: int) -> None:
    client = clients(level)
    client.send(encode.subscribe(level, 1, [(topic, options)]))
    client.expect_closed()


@pytest.mark.normative("5.0:MQTT-3.8.3-5")
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (0x40, code.MALFORMED_PACKET),
        (0x80, code.MALFORMED_PACKET),
        (0xC1, code.MALFORMED_PACKET),
        (0x03, code.PROTOCOL_ERROR),
        (0x30, code.PROTOCOL_ERROR),
    ],
    ids=["bit 6", "bit 7", "both", "QoS 3", "retain handling 3"],
)
def test_wrong_options_of_5(clients: Clients, topic: str, options: int, reason: int) -> None:
    client = clients(code.V5)
    client.send(encode.subscribe(code.V5, 1, [(topic, options)]))
    client.expect_disconnect(reason)


def test_refused_subscribe_changes_nothing(clients: Clients, level: int, topic: str) -> None:
    client = clients.lasting(level)
    client.send(encode.subscribe(level, 1, [(topic, 1)])[:-1] + b"\xff")
    client.await_end()
    back = clients.lasting(level, client.client_id)
    clients(level).publish(topic, b"x", 1)
    back.quiet()
