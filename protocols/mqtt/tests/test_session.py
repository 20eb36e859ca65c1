"""The window of unacknowledged messages, the queue behind it, and what happens when it is full."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from wire import Disconnect, Publish, Pubrel, code, prop

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V311, code.V5], ids=["v311", "v5"])


def publish(broker: MemoryBroker, *payloads: bytes, qos: int = 1, topic: str = "a") -> None:
    publisher = join(broker, "publisher")
    for payload in payloads:
        publisher.publish(topic, payload, qos)
    publisher.disconnect()


def numbers(*numbers: int) -> list[bytes]:
    return [str(number).encode() for number in numbers]


class TestWindow:
    @pytest.mark.parametrize(
        ("max_inflight", "receive_maximum", "window"), [(2, 10, 2), (10, 2, 2), (1, 1, 1)]
    )
    def test_the_smaller_maximum_counts(
        self, make_broker: MakeBroker, max_inflight: int, receive_maximum: int, window: int
    ) -> None:
        broker = make_broker(max_inflight=max_inflight)
        client = join(broker, properties=[(prop.RECEIVE_MAXIMUM, receive_maximum)])
        client.subscribe(("a", 1))
        publish(broker, *numbers(*range(6)))
        seen = client.publishes()
        assert [one.payload for one in seen] == numbers(*range(window))
        for number in range(window, 6):
            client.ack(code.PUBACK, seen.pop(0).packet_id)
            (another,) = client.publishes()
            assert another.payload == str(number).encode()
            seen.append(another)
        for one in seen:
            client.ack(code.PUBACK, one.packet_id)
        assert client.packets() == []

    def test_qos2_holds_its_place_until_pubcomp(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_inflight=1)
        client = join(broker)
        client.subscribe(("a", 2))
        publish(broker, b"1", b"2", qos=2)
        (first,) = client.publishes()
        client.ack(code.PUBREC, first.packet_id)
        client.packet(Pubrel)
        client.ack(code.PUBCOMP, first.packet_id)
        assert client.payloads() == [b"2"]

    def test_an_error_in_pubrec_frees_the_place(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_inflight=1)
        client = join(broker)
        client.subscribe(("a", 2))
        publish(broker, b"1", b"2", qos=2)
        (first,) = client.publishes()
        client.ack(code.PUBREC, first.packet_id, 0x83)
        assert client.payloads() == [b"2"]

    def test_qos0_passes_the_window(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_inflight=1)
        client = join(broker)
        client.subscribe(("a", 1))
        publish(broker, b"1", b"2")
        publish(broker, b"0", qos=0)
        assert client.payloads() == [b"1", b"0"]

    def test_the_window_is_the_new_connection_s(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_inflight=10)
        client = join(broker, expiry=100)
        client.subscribe(("a", 1))
        publish(broker, *numbers(*range(6)))
        assert len(client.publishes()) == 6
        client.drop()
        client = join(broker, expiry=100, properties=[(prop.RECEIVE_MAXIMUM, 2)])
        first, second = client.publishes()
        client.ack(code.PUBACK, first.packet_id)
        (third,) = client.publishes()
        assert [one.payload for one in (first, second, third)] == numbers(0, 1, 2)
        assert third.dup

    @LEVELS
    def test_identifiers_in_use_are_passed_over(self, broker: MemoryBroker, level: int) -> None:
        client = join(broker, "c", level)
        client.subscribe(("a", 1))
        publish(broker, b"stays")
        (stays,) = client.publishes()
        session = broker.context.sessions["c"]
        session.last_packet_id = 65_534
        publish(broker, b"1", b"2", b"3")
        identifiers = [one.packet_id for one in client.publishes()]
        assert stays.packet_id == 1
        assert identifiers == [65_535, 2, 3]

    def test_a_late_acknowledgement_is_for_the_message_only(self, make_broker: MakeBroker) -> None:
        """A client may acknowledge what it got before on its new connection."""
        broker = make_broker(max_inflight=3)
        client = join(broker, expiry=100)
        client.subscribe(("a", 1))
        publish(broker, *numbers(*range(9)))
        before = client.publishes()
        assert len(before) == 3
        client.drop()
        client = join(broker, expiry=100, properties=[(prop.RECEIVE_MAXIMUM, 1)])
        assert [one.payload for one in client.publishes()] == numbers(0)
        client.ack(code.PUBACK, before[2].packet_id)
        client.ack(code.PUBACK, before[1].packet_id)
        assert client.payloads() == []
        client.ack(code.PUBACK, before[0].packet_id)
        # Neither of the two comes again, and the place in the window is free for the others.
        for number in range(3, 9):
            (one,) = client.publishes()
            assert one.payload == str(number).encode()
            client.ack(code.PUBACK, one.packet_id)
        assert client.packets() == []
        assert broker.context.sessions["c"].window_used == 0

    def test_acknowledgements_for_nothing_are_harmless(self, broker: MemoryBroker) -> None:
        client = join(broker)
        client.ack(code.PUBACK, 5)
        client.ack(code.PUBCOMP, 5)
        client.ack(code.PUBREC, 5, 0x80)
        assert client.packets() == []
        client.ack(code.PUBREC, 5)
        assert client.packet(Pubrel).reason == 0x92


class TestQueue:
    @LEVELS
    def test_messages_wait_in_order(self, broker: MemoryBroker, level: int) -> None:
        client = join(broker, "c", level, expiry=100)
        client.subscribe(("a", 2))
        client.disconnect()
        publish(broker, b"1", b"2")
        publish(broker, b"3", qos=2)
        publish(broker, b"4")
        client = join(broker, "c", level, expiry=100)
        assert [(one.payload, one.qos) for one in client.take()] == [
            *((b"1", 1), (b"2", 1), (b"3", 2), (b"4", 1))
        ]

    def test_resent_ones_go_first(self, broker: MemoryBroker) -> None:
        client = join(broker, expiry=100)
        client.subscribe(("a", 1))
        publish(broker, b"1", b"2")
        client.publishes()
        client.drop()
        publish(broker, b"3")
        client = join(broker, expiry=100)
        publish(broker, b"4")
        assert [(one.payload, one.dup) for one in client.take()] == [
            *((b"1", True), (b"2", True), (b"3", False), (b"4", False))
        ]

    def test_drop_newest(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_queued_messages=2, queue_overflow="drop_newest")
        client = join(broker, expiry=100)
        client.subscribe(("a", 1))
        client.disconnect()
        publish(broker, *numbers(*range(5)))
        session = broker.context.sessions["c"]
        assert (session.waiting(), session.dropped) == (2, 3)
        assert broker.metric("delivery.dropped.queue_full") == 3
        assert [one.payload for one in join(broker, expiry=100).take()] == numbers(0, 1)

    def test_drop_oldest(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_queued_messages=2, queue_overflow="drop_oldest")
        client = join(broker, expiry=100)
        client.subscribe(("a", 1))
        client.disconnect()
        publish(broker, *numbers(*range(5)))
        assert broker.context.sessions["c"].dropped == 3
        assert broker.metric("delivery.dropped.queue_full") == 3
        log = broker.context.sessions["c"].log
        assert log is not None
        assert (log.start, log.end) == (3, 5)
        assert [one.payload for one in join(broker, expiry=100).take()] == numbers(3, 4)

    def test_drop_oldest_takes_qos0_first(self, make_broker: MakeBroker) -> None:
        broker = make_broker(
            max_queued_messages=3, queue_overflow="drop_oldest", queue_qos0_messages=True
        )
        client = join(broker, expiry=100)
        client.subscribe(("a", 1))
        client.disconnect()
        for payload, qos in [(b"1", 1), (b"2", 0), (b"3", 0), (b"4", 1), (b"5", 1), (b"6", 1)]:
            publish(broker, payload, qos=qos)
        assert [one.payload for one in join(broker, expiry=100).take()] == [b"4", b"5", b"6"]

    @LEVELS
    def test_disconnect(self, make_broker: MakeBroker, level: int) -> None:
        broker = make_broker(max_queued_messages=2, max_inflight=1, queue_overflow="disconnect")
        client = join(broker, "c", level, expiry=100)
        client.subscribe(("a", 1))
        publisher = join(broker, "publisher")
        for payload in numbers(*range(5)):
            assert publisher.publish("a", payload, 1) == 0
        found = client.packets()
        assert client.closed
        assert isinstance(found[0], Publish)
        if level == code.V5:
            last = found[-1]
            assert isinstance(last, Disconnect)
            assert last.reason == code.QUOTA_EXCEEDED
        assert broker.metric("delivery.dropped.queue_full") == 2
        # The session lives on, with what it had.
        assert [one.payload for one in join(broker, "c", level, expiry=100).take()] == numbers(
            0, 1, 2
        )

    def test_a_subscriber_that_is_also_the_publisher_may_overflow(
        self, make_broker: MakeBroker
    ) -> None:
        broker = make_broker(max_queued_messages=1, max_inflight=1, queue_overflow="disconnect")
        for qos in (0, 1, 2):
            client = join(broker)
            client.subscribe(("a", 1))
            for _ in range(3):
                client.send_publish("a", b"x", 1)
            client.send_publish("a", b"x", qos)
            client.packets()
            assert client.closed
            assert broker.leftovers() == []

    @LEVELS
    def test_a_group_whose_only_member_overflows(self, make_broker: MakeBroker, level: int) -> None:
        broker = make_broker(max_queued_messages=1, max_inflight=1, queue_overflow="disconnect")
        client = join(broker, "c", level)
        client.subscribe(("$share/g/a", 1))
        publish(broker, *numbers(*range(4)))
        assert client.closed
        assert broker.leftovers() == []

    def test_a_group_passes_an_overflow_on(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_queued_messages=1, max_inflight=1, queue_overflow="disconnect")
        members = [join(broker, f"m{i}") for i in range(3)]
        for member in members:
            member.subscribe(("$share/g/a", 1))
        publish(broker, *numbers(*range(7)))
        assert [member.closed for member in members] == [True] * 3
        assert broker.leftovers() == []

    @pytest.mark.parametrize("expiry", [0, 100])
    def test_a_large_group_overflows_one_after_the_other(
        self, make_broker: MakeBroker, expiry: int
    ) -> None:
        """What one leaves is too much for the next: that must not nest for each member."""
        broker = make_broker(max_queued_messages=1, max_inflight=1, queue_overflow="disconnect")
        count = 300
        members = [join(broker, f"m{i}", expiry=expiry) for i in range(count)]
        for member in members:
            member.subscribe(("$share/g/a", 1))
        publish(broker, *numbers(*range(2 * count)))
        assert not any(member.closed for member in members)
        publish(broker, b"one too many")
        assert all(member.closed for member in members)

    def test_no_bound(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_queued_messages=0)
        client = join(broker, expiry=100)
        client.subscribe(("a", 1))
        client.disconnect()
        publish(broker, *numbers(*range(1_500)))
        assert len(join(broker, expiry=100).take()) == 1_500

    def test_what_is_in_flight_does_not_count(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_queued_messages=2, max_inflight=3)
        client = join(broker)
        client.subscribe(("a", 1))
        publish(broker, *numbers(*range(6)))
        assert [one.payload for one in client.take()] == numbers(*range(5))


class TestQos0:
    def test_it_does_not_wait_for_who_is_away(self, broker: MemoryBroker) -> None:
        client = join(broker, expiry=100)
        client.subscribe("a")
        client.disconnect()
        publish(broker, b"x", qos=0)
        assert join(broker, expiry=100).take() == []
        assert "mqtt/messages" not in broker.stored()

    @pytest.mark.parametrize("crash", [None, False, True])
    def test_unless_it_is_configured_to(self, make_broker: MakeBroker, crash: bool | None) -> None:
        broker = make_broker(queue_qos0_messages=True)
        client = join(broker, expiry=100)
        client.subscribe("a")
        client.disconnect()
        publish(broker, b"1", b"2", qos=0)
        if crash is not None:
            broker.restart(crash=crash)
        assert [(one.payload, one.qos) for one in join(broker, expiry=100).take()] == [
            *((b"1", 0), (b"2", 0))
        ]
        assert "mqtt/messages" not in broker.stored()

    def test_a_clean_session_keeps_none(self, make_broker: MakeBroker) -> None:
        broker = make_broker(queue_qos0_messages=True)
        client = join(broker)
        client.subscribe("a")
        client.drop()
        publish(broker, b"x", qos=0)
        assert broker.leftovers() == []

    @pytest.mark.parametrize("expiry", [0, 100])
    def test_a_slow_client_s_wait_in_the_queue_and_go_with_it(
        self, broker: MemoryBroker, expiry: int
    ) -> None:
        client = join(broker, "c", expiry=expiry)
        client.subscribe("a")
        client.raw.stall()
        publish(broker, bytes(100_000), qos=0)
        publish(broker, b"1", b"2", qos=0)
        session = broker.context.sessions["c"]
        assert session.queue.size() == 2
        # They are not for storage: a restart would not bring them back either.
        assert "mqtt/messages" not in broker.stored()
        client.raw.go_on()
        assert client.payloads()[1:] == [b"1", b"2"]
        client.raw.stall()
        publish(broker, bytes(100_000), qos=0)
        publish(broker, b"3", qos=0)
        client.drop()
        assert broker.metric("delivery.dropped.qos0_msg") == 1
        assert session.queued_qos0 == 0
        if expiry:
            client = join(broker, "c", expiry=expiry)
            assert client.take() == []
            publish(broker, b"4", qos=0)
            assert client.payloads() == [b"4"]

    def test_a_slow_client_s_queue_is_bounded(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_queued_messages=3, queue_overflow="drop_oldest")
        client = join(broker)
        client.subscribe("a")
        client.raw.stall()
        publish(broker, bytes(100_000), *numbers(*range(6)), qos=0)
        client.raw.go_on()
        assert client.payloads()[1:] == numbers(3, 4, 5)
        publish(broker, b"on", qos=0)
        assert client.payloads() == [b"on"]


@LEVELS
def test_nothing_is_sent_to_a_client_that_does_not_read(broker: MemoryBroker, level: int) -> None:
    client = join(broker, "c", level)
    client.subscribe(("a", 1))
    client.raw.stall()
    publish(broker, bytes(100_000), b"1", b"2")
    assert len(client.packets()) == 1
    client.raw.go_on()
    assert client.payloads() == [b"1", b"2"]


def test_output_of_one_turn_is_bounded(make_broker: MakeBroker) -> None:
    broker = make_broker(outgoing_buffer=4_096)
    client = join(broker)
    client.subscribe("a")
    publisher = join(broker, "publisher")
    before = client.raw.transport.writes
    for _ in range(100):
        publisher.send_publish("a", bytes(1_000))
    assert len(client.publishes()) == 100
    # Once the limit is reached the rest is queued, and written in pieces of about its size.
    assert client.raw.transport.writes - before >= 100_000 // 4_096 / 2


@LEVELS
def test_upgrade_qos(make_broker: MakeBroker, level: int) -> None:
    broker = make_broker(upgrade_qos=True)
    client = join(broker, "c", level)
    client.subscribe(("a", 2), ("b/+", 1), ("b/#", 2))
    publish(broker, b"1", qos=0)
    publish(broker, b"2", qos=0, topic="b/c")
    assert [one.qos for one in client.take()] == [2, 2]


def test_counts(broker: MemoryBroker) -> None:
    client = join(broker, expiry=100)
    client.subscribe(("a", 1))
    publish(broker, b"1", b"2")
    session = broker.context.sessions["c"]
    assert session.waiting() == 2
    client.take()
    assert session.waiting() == 0
    assert not MemoryClient(broker).closed
