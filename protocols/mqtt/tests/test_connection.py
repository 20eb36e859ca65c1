"""Bytes in, bytes out, time, and the end of a connection."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from memory_loop import Gate
from robustmq_common.spi.access import DENY, AuthResult, ClientInfo, ExchangeStep
from wire import (
    Connack,
    Disconnect,
    Pingresp,
    Publish,
    Suback,
    code,
    encode,
    prop,
)
from wire.primitives import string

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


class TestInput:
    @LEVELS
    @pytest.mark.parametrize("size", [1, 2, 3, 7, 100_000])
    def test_packets_come_in_pieces_of_any_size(
        self, broker: MemoryBroker, level: int, size: int
    ) -> None:
        client = MemoryClient(broker, level)
        data = (
            encode.connect(level, "c")
            + encode.subscribe(level, 1, [("a", 1)])
            + encode.publish(level, "a", bytes(200), qos=1, packet_id=2)
            + encode.PINGREQ
            + encode.publish(level, "a", bytes(20_000))
            + encode.disconnect(level)
        )
        for at in range(0, len(data), size):
            client.send(data[at : at + size])
        kinds = [type(packet) for packet in client.packets()]
        assert kinds[:2] == [Connack, Suback]
        assert sorted(kind.__name__ for kind in kinds[2:]) == [
            *("Pingresp", "Puback", "Publish", "Publish")
        ]
        assert client.closed
        assert broker.leftovers() == []

    def test_no_bytes_at_all_change_nothing(self, broker: MemoryBroker) -> None:
        client = MemoryClient(broker)
        client.send(b"")
        client.connect()
        client.send(b"", encode.PINGREQ[:1], b"", encode.PINGREQ[1:], b"")
        client.packet(Pingresp)

    def test_a_packet_split_within_its_length(self, broker: MemoryBroker) -> None:
        client = join(broker)
        client.subscribe("a")
        data = encode.publish(code.V5, "a", bytes(20_000))
        for cut in (1, 2, 3, 4, 5):
            client.send(data[:cut])
            assert client.packets() == []
            client.send(data[cut:])
            assert len(client.payloads()) == 1

    @pytest.mark.parametrize("bytewise", [False, True])
    @pytest.mark.parametrize(("size", "fits"), [(1_000, True), (1_001, False)])
    def test_max_packet_size(
        self, make_broker: MakeBroker, bytewise: bool, size: int, fits: bool
    ) -> None:
        broker = make_broker(max_packet_size=1_000)
        client = MemoryClient(broker)
        assert client.connect().properties.get(prop.MAXIMUM_PACKET_SIZE) == 1_000
        client.subscribe("a")
        head = encode.publish(code.V5, "a", bytes(size - 7))
        assert len(head) == size
        if bytewise:
            client.raw.send_bytewise(head)
        else:
            client.send(head)
        if fits:
            assert len(client.payloads()) == 1
        else:
            assert client.refused() == code.PACKET_TOO_LARGE

    def test_too_large_is_said_before_the_body_has_come(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_packet_size=1_000)
        client = join(broker)
        client.send(b"\x30\xff\xff\xff\x7f")
        assert client.refused() == code.PACKET_TOO_LARGE

    @pytest.mark.parametrize("size", [126, 127])
    def test_small_packets_are_measured_too(self, make_broker: MakeBroker, size: int) -> None:
        broker = make_broker(max_packet_size=128)
        client = join(broker, "c", code.V311)
        client.send(b"\x30" + bytes([size]) + string("a") + bytes(size - 3))
        assert client.closed is (size == 127)

    def test_other_protocols_are_told_apart_by_their_first_byte(self, broker: MemoryBroker) -> None:
        for first in range(256):
            if first >> 4 != 1:
                client = MemoryClient(broker)
                client.send(bytes([first]))
                assert client.raw.received() == b""
                assert client.closed
        assert broker.leftovers() == []

    def test_nothing_is_read_after_the_end(self, broker: MemoryBroker) -> None:
        watcher = join(broker, "watcher")
        watcher.subscribe("a")
        client = join(broker)
        connection = client.raw.transport.connection
        publish = encode.publish(code.V5, "a", b"x")
        client.send(encode.disconnect(code.V5) + publish)
        assert connection is not None
        connection.data_received(publish)
        assert watcher.packets() == []
        assert broker.metric("packets.received") == 4

    def test_counters(self, broker: MemoryBroker) -> None:
        client = join(broker)
        before = {name: broker.metric(name) for name in ("bytes.received", "bytes.sent")}
        data = encode.publish(code.V5, "a", b"x", qos=1, packet_id=1)
        client.send(data)
        answer = client.raw.received()
        assert broker.metric("bytes.received") - before["bytes.received"] == len(data)
        assert broker.metric("bytes.sent") - before["bytes.sent"] == len(answer)
        assert broker.metric("messages.received") == 1
        assert broker.metric("messages.qos1.received") == 1


class TestOutput:
    def test_one_write_per_read(self, broker: MemoryBroker) -> None:
        client = join(broker)
        client.subscribe("a")
        before = client.raw.transport.writes
        client.send(10 * (encode.PINGREQ + encode.publish(code.V5, "a", b"x")))
        assert len(client.packets()) == 20
        assert client.raw.transport.writes == before + 1

    @pytest.mark.parametrize("qos", [0, 1, 2])
    @pytest.mark.parametrize("retain", [False, True])
    @pytest.mark.parametrize("plain", [False, True])
    def test_maximum_packet_size_of_the_client(
        self, broker: MemoryBroker, qos: int, retain: bool, plain: bool
    ) -> None:
        client = join(broker, properties=[(prop.MAXIMUM_PACKET_SIZE, 200)])
        client.subscribe(("a", 2 | 0x08))
        publisher = join(broker, "publisher")
        properties: list[prop.Pair] = [] if plain else [(prop.CONTENT_TYPE, "text")]
        size = 0
        while size < 260:
            assert publisher.publish("a", bytes(size), qos, properties=properties) == 0
            size += 1
        messages = client.take()
        assert max(len(one.raw) for one in messages) == 200
        assert [len(one.payload) for one in messages] == list(range(len(messages)))
        assert broker.metric("delivery.dropped.too_large") == 260 - len(messages)
        # Each that is left out is out of the way: none is tried again, nothing waits for it.
        assert broker.context.sessions["c"].waiting() == 0

    def test_too_large_for_one_is_not_too_large_for_another(self, broker: MemoryBroker) -> None:
        small = join(broker, "small", properties=[(prop.MAXIMUM_PACKET_SIZE, 50)], expiry=100)
        large = join(broker, "large")
        for client in (small, large):
            client.subscribe(("a", 1))
        publisher = join(broker, "publisher")
        publisher.publish("a", bytes(100), 1)
        publisher.publish("a", b"x", 1)
        assert [len(one.payload) for one in small.take()] == [1]
        assert [len(one.payload) for one in large.take()] == [100, 1]
        assert "mqtt/messages" not in broker.stored()

    def test_retained_and_queued_ones_are_measured_too(self, broker: MemoryBroker) -> None:
        join(broker, expiry=100).subscribe(("a", 1))
        publisher = join(broker, "publisher")
        publisher.publish("r", bytes(100), 1, retain=True)
        broker.context.sessions["c"].connection.disconnect(0, "")  # type: ignore[union-attr]
        publisher.publish("a", bytes(100), 1)
        client = join(broker, expiry=100, properties=[(prop.MAXIMUM_PACKET_SIZE, 50)])
        client.subscribe(("r", 1))
        publisher.publish("a", b"x", 1)
        assert [len(one.payload) for one in client.take()] == [1]
        assert broker.metric("delivery.dropped.too_large") == 2

    def test_resent_ones_are_measured_too(self, broker: MemoryBroker) -> None:
        client = join(broker, expiry=100)
        client.subscribe(("a", 1))
        join(broker, "publisher").publish("a", bytes(100), 1)
        assert len(client.publishes()) == 1
        client.drop()
        client = join(broker, expiry=100, properties=[(prop.MAXIMUM_PACKET_SIZE, 50)])
        assert client.packets() == []
        assert broker.context.sessions["c"].window_used == 0
        assert "mqtt/messages" not in broker.stored()

    @pytest.mark.parametrize("maximum", range(2, 60))
    def test_no_packet_at_all_is_larger_than_the_client_takes(
        self, make_broker: MakeBroker, maximum: int
    ) -> None:
        """[MQTT-3.1.2-24]: what cannot be said shorter ends the connection."""
        broker = make_broker(response_information="somewhere/" * 3)
        client = MemoryClient(broker)
        properties: list[prop.Pair] = [
            (prop.MAXIMUM_PACKET_SIZE, maximum),
            (prop.REQUEST_RESPONSE_INFORMATION, 1),
        ]
        client.send(encode.connect(code.V5, "c", properties=properties))
        client.send(encode.PINGREQ)
        client.send(encode.subscribe(code.V5, 1, [("a/#/b", 0)] * 30))
        client.send(encode.unsubscribe(code.V5, 2, ["a/#/b"] * 30))
        client.send(encode.publish(code.V5, "$SYS/x", b"", qos=1, packet_id=3))
        client.send(encode.connect(code.V5, "c"))
        assert all(len(packet.raw) <= maximum for packet in client.packets())
        assert client.closed

    @LEVELS
    def test_frames_of_every_kind_of_message(self, broker: MemoryBroker, level: int) -> None:
        client = join(broker, "c", level)
        client.subscribe(("a", 2))
        if level == code.V5:
            client.subscribe(("a", 2 | 0x08))
        publisher = join(broker, "publisher", code.V311)
        newer = join(broker, "newer", code.V5)
        for one in (publisher, newer):
            for qos in (0, 1, 2):
                one.publish("a", b"x", qos, retain=True)
        got = client.take()
        assert [(one.topic, one.payload, one.qos) for one in got] == [
            ("a", b"x", qos) for qos in (0, 1, 2, 0, 1, 2)
        ]
        assert {one.retain for one in got} == {level == code.V5}
        reader = join(broker, "r", level)
        reader.subscribe(("a", 0))
        (retained,) = reader.publishes()
        assert (retained.retain, retained.qos) == (True, 0)

    def test_a_client_that_does_not_read_is_not_read_from(self, broker: MemoryBroker) -> None:
        client = join(broker)
        client.subscribe("a")
        client.raw.stall()
        join(broker, "publisher").publish("a", bytes(100_000))
        broker.run_until_idle()
        assert not client.raw.transport.reading
        client.send(encode.PINGREQ)
        assert [type(one) for one in client.packets()] == [Publish]
        client.raw.go_on()
        assert [type(one) for one in client.packets()] == [Pingresp]
        assert client.raw.transport.reading


class Waiting:
    """An authenticator that answers when a test opens its gate."""

    name = "waiting"

    def __init__(self) -> None:
        self.gates: list[Gate] = []

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        self.gates.append(Gate())
        result: AuthResult = await self.gates[-1]
        return result

    def answer(self, broker: MemoryBroker, result: AuthResult, number: int = 0) -> None:
        """Let an authentication end; the first unless another is meant."""
        broker.run_until_idle()
        self.gates[number].open(result)


class SlowMethod:
    """An Authentication Method whose steps are answered by a test."""

    method = "slow"

    def __init__(self) -> None:
        self.gates: list[Gate] = []

    def begin(self, client: ClientInfo, reauthenticate: bool) -> "SlowMethod":
        return self

    async def step(self, data: bytes | None) -> ExchangeStep:
        self.gates.append(Gate())
        result: ExchangeStep = await self.gates[-1]
        return result


class TestEnd:
    @LEVELS
    def test_stopping_says_goodbye(self, broker: MemoryBroker, level: int) -> None:
        client = join(broker, "c", level)
        waiting = MemoryClient(broker, level)
        broker.pack.stopping()
        assert client.refused() == (code.SERVER_SHUTTING_DOWN if level == code.V5 else 0)
        assert waiting.raw.received() == b""
        assert waiting.closed
        assert broker.leftovers() == []

    @LEVELS
    def test_a_lost_connection_leaves_nothing(self, broker: MemoryBroker, level: int) -> None:
        client = join(broker, "c", level, keep_alive=10)
        client.subscribe(("a", 2), ("$share/g/a", 1))
        client.send_publish("b", b"", 2, packet_id=3)
        client.send(b"\x30")
        client.drop()
        assert broker.leftovers() == []

    def test_losing_it_twice_is_once(self, broker: MemoryBroker) -> None:
        client = join(broker)
        connection = client.raw.transport.connection
        client.disconnect()
        assert connection is not None
        connection.connection_lost()
        connection.eof_received()
        assert broker.metric("connections.closed") == 1
        assert broker.metric("connections.connected") == 0

    def test_one_line_per_refused_packet_with_peer_and_reason(self, broker: MemoryBroker) -> None:
        client = join(broker)
        broker.log.entries.clear()
        client.send(b"\x36\x05\x00\x01a\x00\x01")
        assert client.refused() == code.MALFORMED_PACKET
        ((level, event, fields),) = broker.log.entries
        assert (level, event) == ("info", "connection closed")
        assert fields["peer"] == client.raw.transport.peer
        assert fields["client_id"] == "c"
        assert fields["reason_code"] == "0x81"
        assert fields["reason"] == "PUBLISH has QoS 3"

    @pytest.mark.parametrize("reason", ["", "why", "x" * 70_000, "nul \0 in it", "\ud800"])
    def test_reasons_of_any_kind_can_be_said(self, broker: MemoryBroker, reason: str) -> None:
        client = join(broker)
        connection = client.raw.transport.connection
        assert connection is not None
        connection.disconnect(code.NOT_AUTHORIZED, reason)
        disconnect = client.packet(Disconnect)
        assert disconnect.reason == code.NOT_AUTHORIZED
        said = disconnect.properties.get(prop.REASON_STRING)
        assert said is None or len(str(said)) <= 1_024

    @pytest.mark.parametrize("reason", ["", "why", "x" * 70_000, "nul \0 in it", "\ud800"])
    @pytest.mark.parametrize("number", [0x86, 0x8B, 0x19, 0x00, 0xFF])
    def test_plugins_may_deny_with_anything(
        self, make_broker: MakeBroker, number: int, reason: str
    ) -> None:
        authenticator = Waiting()
        broker = make_broker(authenticators=[authenticator])
        client = MemoryClient(broker)
        client.send(encode.connect(code.V5, "c"))
        authenticator.answer(broker, AuthResult(DENY, number, reason))
        assert client.refused() >= 0x80
        assert broker.leftovers() == []


def test_a_bug_costs_one_connection(make_broker: MakeBroker) -> None:
    """Whatever goes wrong within, the client is told, the log says so, the others go on."""

    class Broken:
        name = "broken"

        def authorize(self, *facts: object) -> int:
            raise KeyboardInterrupt

    class Faulty:
        method = "faulty"

        def begin(self, client: ClientInfo, reauthenticate: bool) -> SlowMethod:
            raise RuntimeError("boom")

    broker = make_broker(enhanced=[Faulty()])
    other = join(broker, "other")
    client = MemoryClient(broker)
    client.send(encode.connect(code.V5, "c", properties=[(prop.AUTHENTICATION_METHOD, "faulty")]))
    assert client.refused() in {code.IMPLEMENTATION_SPECIFIC, code.NOT_AUTHORIZED}
    assert len(broker.log.events("error")) == 1
    broker.log.entries.clear()
    other.disconnect()
    assert broker.leftovers() == []


def test_what_is_sent_after_the_end_is_not_written(broker: MemoryBroker) -> None:
    client = join(broker)
    connection = client.raw.transport.connection
    assert connection is not None
    connection.disconnect(code.NOT_AUTHORIZED, "go")
    connection.send(encode.PINGREQ)
    client.packet(Disconnect)
    assert client.raw.transport.late == b""
