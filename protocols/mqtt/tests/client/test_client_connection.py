"""Bytes in, bytes out: every packet a client gets, in pieces of any size."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustmq_mqtt.client import (
    ANY_RUN,
    CLOSED,
    CONNECTED,
    ClientConnection,
    Connack,
    Connect,
    Latency,
    Publish,
    PublishBatch,
    Received,
    Receiver,
    Suback,
    TopicSubscription,
)
from robustmq_mqtt.codec.acks import encode_ack
from robustmq_mqtt.codec.connect import encode_connack, encode_connect
from robustmq_mqtt.codec.disconnect_auth import encode_auth, encode_disconnect
from robustmq_mqtt.codec.packets import PINGREQ_FRAME, PINGRESP_FRAME, Subscribe
from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.publish import encode_publish
from robustmq_mqtt.codec.subscribe import encode_suback, encode_subscribe
from robustmq_mqtt.codec.wire import PUBACK, PUBCOMP, PUBREC, PUBREL, V3, V4, V5

VERSIONS = pytest.mark.parametrize("version", [V3, V4, V5])


class Wire:
    """Both sides of a connection: what the client wrote, and what it was told."""

    def __init__(self, version: int = V4, *, counting: bool = False) -> None:
        self.now = 1_000
        self.written: list[bytes] = []
        self.is_closed = False
        self.events: list[str] = []
        self.messages: list[Publish] = []
        self.received = Received(ANY_RUN, 0)
        self.latency = Latency()
        receiver = Receiver(self.received) if counting else None
        self.client = ClientConnection(self, lambda: self.now, self.latency, receiver)
        self.version = version

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.is_closed = True

    def connected(self, connack: Connack) -> None:
        self.events.append(f"connected {connack.session_present}")

    def subscribed(self, suback: Suback) -> None:
        self.events.append(f"subscribed {suback.reason_codes}")

    def message(self, publish: Publish) -> None:
        self.messages.append(publish)

    def acknowledged(self) -> None:
        self.events.append("acknowledged")

    def not_acknowledged(self, packet_type: int, packet_id: int, reason_code: int) -> None:
        self.events.append(f"refused {packet_type} {packet_id} {reason_code:#x}")

    def closed(self, reason: str) -> None:
        self.events.append(f"closed: {reason}")

    def connect(self) -> "Wire":
        self.client.connect(self, Connect(self.version, "me"))
        self.client.data_received(encode_connack(False, 0, None, self.version))
        assert self.client.state == CONNECTED
        self.events.clear()
        self.written.clear()
        return self


@VERSIONS
def test_a_client_connects(version: int) -> None:
    wire = Wire(version)
    packet = Connect(version, "me", keep_alive=5)
    wire.client.connect(wire, packet)
    assert wire.written == [encode_connect(packet)]
    wire.client.data_received(encode_connack(True, 0, None, version))
    assert wire.events == [f"connected {version != V3}"]


@pytest.mark.parametrize(
    ("version", "code", "reason"),
    [
        (V5, 0x87, "CONNACK 0x87 Not authorized"),
        (V4, 0x87, "CONNACK 0x05 Not authorized"),
        (V3, 0x84, "CONNACK 0x01 Unacceptable protocol version"),
    ],
)
def test_a_refusal_says_why(version: int, code: int, reason: str) -> None:
    wire = Wire(version)
    wire.client.connect(wire, Connect(version, "me"))
    wire.client.data_received(encode_connack(False, code, None, version))
    assert wire.events == [f"closed: {reason}"]
    assert wire.is_closed


@VERSIONS
def test_a_subscription_is_answered_once(version: int) -> None:
    wire = Wire(version).connect()
    subscriptions = [TopicSubscription("a/#", 1), TopicSubscription("b", 0)]
    packet_id = wire.client.subscribe(subscriptions)
    assert wire.written == [encode_subscribe(Subscribe(packet_id, subscriptions), version)]
    answer = encode_suback(packet_id, [1, 0x80], None, version)
    wire.client.data_received(answer)
    assert wire.events == ["subscribed [1, 128]"]
    wire.client.data_received(answer)
    assert wire.events[1:] == ["closed: protocol error: SUBACK for a SUBSCRIBE that was not sent"]


@VERSIONS
def test_messages_are_acknowledged_with_one_write(version: int) -> None:
    wire = Wire(version).connect()
    frames = [
        encode_publish(b"t", b"zero", version=version),
        encode_publish(b"t", b"one", 1, packet_id=7, version=version),
        encode_publish(b"t", b"two", 2, packet_id=8, version=version),
    ]
    wire.client.data_received(b"".join(frames))
    assert [message.payload for message in wire.messages] == [b"zero", b"one", b"two"]
    assert wire.written == [
        encode_ack(PUBACK, 7, 0, None, version) + encode_ack(PUBREC, 8, 0, None, version)
    ]
    wire.client.data_received(encode_ack(PUBREL, 8, 0, None, version))
    assert wire.written[1:] == [encode_ack(PUBCOMP, 8, 0, None, version)]


@pytest.mark.parametrize("counting", [False, True])
def test_a_repeated_qos_2_message_comes_once(counting: bool) -> None:
    wire = Wire(counting=counting).connect()
    frame = encode_publish(b"t", b"two", 2, packet_id=8, version=V4)
    wire.client.data_received(frame + frame)
    assert len(wire.messages) + wire.received.messages == 1
    wire.client.data_received(encode_ack(PUBREL, 8, 0, None, V4) + frame)
    assert len(wire.messages) + wire.received.messages == 2


@VERSIONS
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_receiver_counts_what_a_batch_sends(version: int, qos: int) -> None:
    wire = Wire(version, counting=True).connect()
    batch = PublishBatch("t", 64, 3, qos, version=version)
    stream = batch.frames(0, list(range(1, 6)), 5, wire.now - 10)
    wire.client.data_received(stream)
    assert (wire.received.messages, wire.received.bytes) == (5, 5 * 64)
    assert (wire.received.missing, wire.received.unstamped) == (0, 0)
    assert wire.received.latency.take().total == 50
    assert len(wire.written) == (1 if qos else 0)


def test_a_receiver_passes_over_properties() -> None:
    wire = Wire(V5, counting=True).connect()
    properties = Properties()
    properties.user_properties = [("name", "x" * 300)]
    frame = encode_publish(b"t", b"body", properties=properties)
    wire.client.data_received(frame)
    assert wire.received.bytes == 4


def test_retained_messages_are_told_apart() -> None:
    wire = Wire(counting=True).connect()
    wire.client.data_received(encode_publish(b"t", b"", retain=True, version=V4))
    assert wire.received.retained == 1


@pytest.mark.parametrize("qos", [1, 2])
def test_acknowledgements_free_the_flight(qos: int) -> None:
    wire = Wire().connect()
    first, second = wire.client.claim(2, wire.now)
    wire.now += 30
    if qos == 1:
        frames = [encode_ack(PUBACK, one, 0, None, V4) for one in (first, second)]
        wire.client.data_received(b"".join(frames))
    else:
        wire.client.data_received(encode_ack(PUBREC, first, 0, None, V4))
        assert wire.written == [encode_ack(PUBREL, first, 0, None, V4)]
        assert wire.client.in_flight == {first: 1_000, second: 1_000}
        wire.client.data_received(encode_ack(PUBREC, second, 0, None, V4))
        wire.client.data_received(
            encode_ack(PUBCOMP, first, 0, None, V4) + encode_ack(PUBCOMP, second, 0, None, V4)
        )
    assert wire.client.in_flight == {}
    assert wire.client.acknowledged == 2
    assert wire.events == ["acknowledged"]
    assert wire.latency.take().total == 60


@pytest.mark.parametrize("packet_type", [PUBACK, PUBREC])
def test_a_refused_message_is_told(packet_type: int) -> None:
    wire = Wire(V5).connect()
    (packet_id,) = wire.client.claim(1, wire.now)
    wire.client.data_received(encode_ack(packet_type, packet_id, 0x97, None, V5))
    assert wire.events == [f"refused {packet_type} {packet_id} 0x97", "acknowledged"]
    assert (wire.client.in_flight, wire.client.acknowledged) == ({}, 0)


def test_no_matching_subscribers_is_no_refusal() -> None:
    wire = Wire(V5).connect()
    (packet_id,) = wire.client.claim(1, wire.now)
    wire.client.data_received(encode_ack(PUBACK, packet_id, 0x10, None, V5))
    assert wire.client.acknowledged == 1


def test_an_acknowledgement_of_nothing_is_counted() -> None:
    wire = Wire().connect()
    wire.client.data_received(encode_ack(PUBACK, 9, 0, None, V4))
    assert (wire.client.unexpected, wire.client.acknowledged) == (1, 0)


def test_identifiers_in_flight_are_not_given_out_again() -> None:
    wire = Wire().connect()
    kept = wire.client.claim(3, 0)[1]
    for packet_id in (1, 3):
        wire.client.data_received(encode_ack(PUBACK, packet_id, 0, None, V4))
    others = wire.client.claim(65_534, 0)
    assert kept not in others
    assert 0 not in others
    assert len(set(others)) == 65_534
    with pytest.raises(ValueError, match="65,535"):
        wire.client.claim(1, 0)


def test_pings() -> None:
    wire = Wire().connect()
    wire.client.ping()
    assert wire.written == [PINGREQ_FRAME]
    assert wire.client.awaits_pingresp
    wire.client.data_received(PINGRESP_FRAME)
    assert not wire.client.awaits_pingresp


@VERSIONS
def test_a_client_that_leaves_says_so(version: int) -> None:
    wire = Wire(version).connect()
    wire.client.disconnect()
    assert wire.written == [encode_disconnect(0, None, version)]
    assert wire.is_closed
    assert wire.events == ["closed: "]
    wire.client.connection_lost()
    wire.client.data_received(b"\x00")
    wire.client.write(b"late")
    assert (wire.events, len(wire.written)) == (["closed: "], 1)


def test_what_the_server_ends() -> None:
    wire = Wire(V5).connect()
    wire.client.data_received(encode_disconnect(0x8B, None, V5))
    assert wire.events == ["closed: DISCONNECT 0x8b Server shutting down"]
    wire = Wire(V5).connect()
    wire.client.connection_lost()
    assert wire.events == ["closed: closed by the server"]


ONE = Subscribe(1, [TopicSubscription("t")])
GARBAGE: list[tuple[str, int, Callable[[], bytes]]] = [
    ("packet type 0", V4, lambda: b"\x00\x00"),
    ("QoS 3", V4, lambda: b"\x36\x05\x00\x01tid"),
    ("identifier 0", V4, lambda: encode_publish(b"t", b"", 1, version=V4)),
    ("cut short", V4, lambda: b"\x30\x03\x00\x09t"),
    ("cut short", V4, lambda: b"\x32\x04\x00\x01t\x01"),
    ("is missing", V5, lambda: b"\x30\x03\x00\x01t"),
    ("cut short", V5, lambda: b"\x30\x05\x00\x01t\x09\x01"),
    ("more than four bytes", V4, lambda: b"\x30\xff\xff\xff\xff\x01"),
    ("over the limit", V4, lambda: b"\x30\xff\xff\xff\x7f"),
    ("flag bits", V4, lambda: b"\x41\x02\x00\x01"),
    ("too short", V4, lambda: b"\x40\x01\x00"),
    ("CONNACK is not for a client", V4, lambda: encode_connack(False, 0, None, V4)),
    ("SUBSCRIBE is not for a client", V4, lambda: encode_subscribe(ONE, V4)),
    ("PING is not for a client", V4, lambda: PINGREQ_FRAME),
    ("DISCONNECT is not for a client", V4, lambda: encode_disconnect(0, None, V4)),
    ("AUTH is not for a client", V5, lambda: encode_auth(0, None)),
]


@pytest.mark.parametrize(("reason", "version", "data"), GARBAGE)
def test_garbage_ends_the_connection(reason: str, version: int, data: Callable[[], bytes]) -> None:
    wire = Wire(version, counting=True).connect()
    wire.client.data_received(data())
    assert wire.client.state == CLOSED
    assert wire.is_closed
    (event,) = wire.events
    assert event.startswith("closed: protocol error: ")
    assert reason in event


@pytest.mark.parametrize("data", [encode_publish(b"t", b"", version=V4), PINGRESP_FRAME])
def test_nothing_comes_before_connack(data: bytes) -> None:
    wire = Wire()
    wire.client.connect(wire, Connect(V4, "me"))
    wire.client.data_received(data)
    assert "came before CONNACK" in wire.events[0]


@given(st.lists(st.integers(1, 40), max_size=200), st.booleans(), st.sampled_from([V4, V5]))
def test_pieces_of_any_size(sizes: list[int], counting: bool, version: int) -> None:
    wire = Wire(version, counting=counting)
    stream = encode_connack(False, 0, None, version)
    for number in range(20):
        payload = bytes([number]) * number * 13
        qos = number % 3
        stream += encode_publish(b"topic", payload, qos, packet_id=number + 1, version=version)
    wire.client.connect(wire, Connect(version, "me"))
    pos = 0
    for size in [*sizes, len(stream)]:
        if pos < len(stream):
            wire.client.data_received(stream[pos : pos + size])
            pos += size
    assert len(wire.messages) + wire.received.messages == 20
    if counting:
        assert wire.received.bytes == sum(number * 13 for number in range(20))
