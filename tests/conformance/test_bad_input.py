"""Every kind of bad input: its reason code, one log line, one connection lost, nothing left behind.

The files of each subject have more of each kind; here is what the operator and the other clients
notice of it. Where the standard names no code, 0x81 is for what cannot be parsed and 0x82 for what
can be parsed but is not allowed (its definitions of Malformed Packet and Protocol Error).
"""

import time
from collections.abc import Callable

import pytest

from broker_process import BrokerProcess
from wire import Clients, Connack, Disconnect, WireClient, code, encode, levels, prop, unique_id
from wire.primitives import string

BAD: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "packet type 0": (code.MALFORMED_PACKET, lambda _: b"\x00\x00"),
    "packet type 15": (code.PROTOCOL_ERROR, lambda _: b"\xf0\x00"),
    "CONNACK from a client": (code.PROTOCOL_ERROR, lambda _: b"\x20\x02\x00\x00"),
    "SUBACK from a client": (code.PROTOCOL_ERROR, lambda _: b"\x90\x03\x00\x01\x00"),
    "UNSUBACK from a client": (code.PROTOCOL_ERROR, lambda _: b"\xb0\x02\x00\x01"),
    "PINGRESP from a client": (code.PROTOCOL_ERROR, lambda _: b"\xd0\x00"),
    "second CONNECT": (code.PROTOCOL_ERROR, lambda level: encode.connect(level, unique_id())),
    "reserved bit": (code.MALFORMED_PACKET, lambda _: b"\xc1\x00"),
    "invalid UTF-8": (
        code.MALFORMED_PACKET,
        lambda level: encode.publish(level, b"\xff", b"x"),
    ),
    "wildcard in PUBLISH": (
        code.TOPIC_NAME_INVALID,
        lambda level: encode.publish(level, "a/#", b"x"),
    ),
    "over-long packet": (code.PACKET_TOO_LARGE, lambda _: b"\x30\xff\xff\xff\x7f"),
    "QoS 3": (
        code.MALFORMED_PACKET,
        lambda level: encode.publish(level, "a", qos=3, packet_id=1),
    ),
    "packet id 0": (
        code.PROTOCOL_ERROR,
        lambda level: encode.publish(level, "a", qos=1, packet_id=0),
    ),
    "remaining length of five bytes": (
        code.MALFORMED_PACKET,
        lambda _: b"\x30\xff\xff\xff\xff\x01",
    ),
    "PINGREQ with a body": (code.MALFORMED_PACKET, lambda _: b"\xc0\x01\x00"),
    "PUBACK without an id": (code.MALFORMED_PACKET, lambda _: b"\x40\x00"),
    "topic longer than the packet": (code.MALFORMED_PACKET, lambda _: b"\x30\x04\x00\x09ab"),
    "SUBSCRIBE without filters": (
        code.PROTOCOL_ERROR,
        lambda level: encode.subscribe(level, 1, []),
    ),
    "UNSUBSCRIBE without filters": (
        code.PROTOCOL_ERROR,
        lambda level: encode.unsubscribe(level, 1, []),
    ),
}

BAD_V5: dict[str, tuple[int, bytes]] = {
    "property twice": (
        code.PROTOCOL_ERROR,
        encode.publish(code.V5, "a", properties=[(prop.MESSAGE_EXPIRY_INTERVAL, 1)] * 2),
    ),
    "property not allowed": (
        code.MALFORMED_PACKET,
        encode.publish(code.V5, "a", properties=[(prop.SERVER_KEEP_ALIVE, 1)]),
    ),
    "unknown property": (
        code.MALFORMED_PACKET,
        encode.publish(code.V5, "a", properties=[(0x7F, b"\x00")]),
    ),
    "property length past the end": (code.MALFORMED_PACKET, b"\x30\x04" + string("a") + b"\x09"),
    "no property length": (code.MALFORMED_PACKET, b"\x30\x03" + string("a")),
    "PUBACK with an unknown code": (code.PROTOCOL_ERROR, b"\x40\x03\x00\x01\x55"),
    "AUTH without a method": (code.PROTOCOL_ERROR, encode.auth(code.RE_AUTHENTICATE)),
    "topic alias 0": (
        code.TOPIC_ALIAS_INVALID,
        encode.publish(code.V5, "a", properties=[(prop.TOPIC_ALIAS, 0)]),
    ),
}


@pytest.mark.normative("3.1.1:MQTT-4.8.0-1", "5.0:MQTT-4.13.1-1", "5.0:MQTT-4.13.2-1")
@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
@levels(code.V311, code.V5)
def test_bad_packet(
    clients: Clients, broker: BrokerProcess, level: int, name: str, bytewise: bool
) -> None:
    reason, build = BAD[name]
    check(clients, broker, level, build(level), reason, bytewise)


@pytest.mark.normative("5.0:MQTT-4.13.1-1", "5.0:MQTT-4.13.2-1")
@pytest.mark.parametrize("name", BAD_V5)
@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
def test_bad_packet_of_5(
    clients: Clients, broker: BrokerProcess, name: str, bytewise: bool
) -> None:
    reason, data = BAD_V5[name]
    check(clients, broker, code.V5, data, reason, bytewise)


def check(
    clients: Clients,
    broker: BrokerProcess,
    level: int,
    data: bytes,
    reason: int,
    bytewise: bool,
) -> None:
    """The offender gets the reason code (5.0) or a close; the log has one line on it."""
    bystander = clients(level)
    before = len(broker.records)
    offender = clients(level)
    if bytewise:
        offender.send_bytewise(data)
    else:
        offender.send(data)
    offender.expect_refused(reason)
    bystander.quiet()
    assert_logged_once(broker, offender, before)


def assert_logged_once(broker: BrokerProcess, client: WireClient, before: int) -> None:
    """The log has one record on the client's address, past those there ``before``, and says why."""
    record = broker.wait_for_log(client.peer, before)
    assert record["reason"]
    assert broker.log_of(client.peer, before) == [record]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encode.PINGREQ, id="before CONNECT"),
        pytest.param(encode.connect(code.V311, "x", wire_level=9), id="protocol level"),
        pytest.param(encode.connect(code.V311, "x", protocol_name="MQTX"), id="protocol name"),
        pytest.param(encode.connect(code.V311, "x", flags=1), id="reserved flag"),
        pytest.param(encode.connect(code.V5, b"\xff"), id="client id"),
        pytest.param(encode.connect(code.V5, "x", properties=[(0x7F, b"")]), id="property"),
    ],
)
@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
def test_bad_connect_is_logged_once(
    clients: Clients, broker: BrokerProcess, data: bytes, bytewise: bool
) -> None:
    before = len(broker.records)
    client = clients.socket(code.V5)
    if bytewise:
        client.send_bytewise(data)
    else:
        client.send(data)
    client.bytes_to_end()
    assert_logged_once(broker, client, before)


def test_packet_sent_slowly_is_fine(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    client = clients(level)
    payload = bytes(range(256))
    client.send_bytewise(encode.publish(level, topic, payload, qos=1, packet_id=1))
    client.send_bytewise(encode.PINGREQ)
    watcher.receive(topic, payload)


def test_what_came_before_bad_input_counts(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    client = clients(level)
    good = encode.publish(level, topic, b"good", qos=1, packet_id=1)
    late = encode.publish(level, topic, b"late", qos=1, packet_id=2)
    client.send(good + b"\x00\x00" + late)
    client.await_end()
    watcher.receive(topic, b"good")
    watcher.quiet()


@levels(code.V311, code.V5)
def test_truncated_packet_then_silence(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    client = clients.socket(level)
    client.connect(keep_alive=1)
    client.send(encode.publish(level, topic, b"never whole", qos=1, packet_id=1)[:-3])
    if level == code.V5:
        assert client.expect(Disconnect).reason == code.KEEP_ALIVE_TIMEOUT
    client.expect_closed()
    watcher.quiet()


def test_truncated_packet_then_the_end(
    clients: Clients, broker: BrokerProcess, level: int, topic: str
) -> None:
    watcher = clients.subscriber(level, topic)
    client = clients(level)
    client.send(encode.publish(level, topic, b"never whole", qos=1, packet_id=1)[:-3])
    client.drop()
    watcher.quiet()


@pytest.mark.parametrize("data", [b"", b"\x10", encode.connect(code.V5, "half")[:-2]])
def test_connect_that_never_comes(
    limited: Clients, limited_broker: BrokerProcess, data: bytes
) -> None:
    before = len(limited_broker.records)
    begin = time.monotonic()
    client = limited.socket(code.V5)
    client.send(data)
    client.expect_closed()
    assert 0.9 <= time.monotonic() - begin < 6
    assert_logged_once(limited_broker, client, before)


def test_connect_timeout_is_over_once_connected(limited: Clients) -> None:
    client = limited(code.V5)
    limited.elapse(3)
    client.quiet()


def test_half_open_connections_cost_others_nothing(limited: Clients, topic: str) -> None:
    silent = [limited.socket(code.V5) for _ in range(200)]
    client = limited.subscriber(code.V5, topic)
    for number in range(20):
        assert client.publish(topic, b"%d" % number, 1) == code.SUCCESS
        client.receive(topic, b"%d" % number)
    for one in silent:
        one.expect_closed()
    client.quiet()


def test_refused_connect_leaves_no_session(clients: Clients) -> None:
    client_id = unique_id()
    refused = clients.socket(code.V5)
    given = [(prop.SESSION_EXPIRY_INTERVAL, 60), (prop.RECEIVE_MAXIMUM, 0)]
    refused.send_connect(client_id, clean=False, properties=given)
    assert refused.expect(Connack).reason == code.PROTOCOL_ERROR
    assert not clients.socket(code.V5).connect(client_id, clean=False).session_present
