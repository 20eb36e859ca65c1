"""What every real client does with the broker: each test file derives a class from `Scenarios`.

"Nothing more came" is shown by a last message, published after everything else: what a client has
before it is all that it gets.
"""

import hashlib
import time
from collections.abc import Callable, Iterator

import pytest

from broker_process import BrokerProcess, BrokerWith
from real_clients.kit import V5, V31, V311, VERSION_NAMES, Kit, Message, Properties, Will
from wire import WireClient, unique_id, unique_topic

LAST = b"the last one"
MANY = 10_000
LARGE = 900_000
WAITING = 500
"""Messages published while a session's client is away; the broker keeps 1000 by default."""

BOUNDLESS = {"mqtt.max_queued_messages": "0"}
"""A publisher may be faster than the subscriber, and nothing may be dropped."""

MakeKit = Callable[[tuple[str, int]], Kit]

each_version = pytest.mark.parametrize(
    "version", [V31, V311, V5], ids=[VERSION_NAMES[version] for version in (V31, V311, V5)]
)
each_qos = pytest.mark.parametrize("qos", [0, 1, 2])


class Scenarios:
    """The tests; a class derived from it says which client by its fixture `make_kit`."""

    @pytest.fixture
    def make_kit(self) -> MakeKit:
        raise NotImplementedError

    @pytest.fixture
    def kit(self, make_kit: MakeKit, broker: BrokerProcess) -> Iterator[Kit]:
        """Clients of the shared broker."""
        kit = make_kit(broker.address)
        yield kit
        kit.close()

    @pytest.fixture
    def bulk_kit(self, make_kit: MakeKit, broker_with: BrokerWith) -> Iterator[Kit]:
        """Clients of a broker that queues without end."""
        kit = make_kit(broker_with(BOUNDLESS).address)
        yield kit
        kit.close()

    # -- messages ------------------------------------------------------------------------------

    @each_version
    @each_qos
    def test_a_message_arrives_as_it_was_sent(
        self, kit: Kit, topic: str, version: int, qos: int
    ) -> None:
        subscriber = kit.subscriber(version, f"{topic}/+")
        kit.publish(version, f"{topic}/a", b"hello", b"", b"world", qos=qos)
        assert subscriber.messages(3) == [
            Message(f"{topic}/a", b"hello", qos, False),
            Message(f"{topic}/a", b"", qos, False),
            Message(f"{topic}/a", b"world", qos, False),
        ]

    @each_version
    @pytest.mark.parametrize(("asked", "sent", "got"), [(0, 2, 0), (1, 2, 1), (2, 1, 1), (1, 0, 0)])
    def test_a_message_has_the_lower_qos_of_the_two(
        self, kit: Kit, topic: str, version: int, asked: int, sent: int, got: int
    ) -> None:
        subscriber = kit.subscriber(version, topic, qos=asked)
        kit.publish(version, topic, b"x", qos=sent)
        assert subscriber.messages(1) == [Message(topic, b"x", got, False)]

    @pytest.mark.parametrize(("version", "qos"), [(V31, 0), (V311, 1), (V5, 2)])
    def test_ten_thousand_messages_stay_in_order(
        self, bulk_kit: Kit, topic: str, version: int, qos: int
    ) -> None:
        subscriber = bulk_kit.subscriber(version, topic)
        sent = [b"%d" % number for number in range(MANY)]
        bulk_kit.publish(version, topic, *sent, LAST, qos=qos)
        got = subscriber.messages(MANY + 1, 50)
        assert [message.payload for message in got] == [*sent, LAST]
        assert {message.qos for message in got} == {qos}

    @each_version
    def test_a_large_payload_arrives_whole(self, kit: Kit, topic: str, version: int) -> None:
        digits = "".join(str(number) for number in range(LARGE // 5)).encode()[:LARGE]
        subscriber = kit.subscriber(version, topic)
        kit.publish(version, topic, digits, qos=2)
        (got,) = subscriber.messages(1)
        assert len(got.payload) == LARGE
        assert hashlib.sha256(got.payload).digest() == hashlib.sha256(digits).digest()

    @each_version
    def test_topics_and_payloads_are_unicode(self, kit: Kit, topic: str, version: int) -> None:
        name = f"{topic}/Straße/温度/🌡"
        subscriber = kit.subscriber(version, f"{topic}/+/温度/#")
        kit.publish(version, name, "21 °C ☀".encode(), qos=1)
        assert subscriber.messages(1) == [Message(name, "21 °C ☀".encode(), 1, False)]

    @each_version
    def test_a_client_has_many_subscriptions(
        self, kit: Kit, broker: BrokerProcess, topic: str, version: int
    ) -> None:
        names = [f"{topic}/{number}" for number in range(300)]
        subscriber = kit.subscriber(version, *names, qos=1)
        with WireClient(broker.address, V311) as publisher:
            publisher.connect()
            for name in names:
                publisher.send_publish(name, name.encode())
            got = subscriber.messages(len(names))
        assert got == [Message(name, name.encode(), 0, False) for name in names]

    # -- retained messages ---------------------------------------------------------------------

    @each_version
    def test_a_retained_message_is_set_replaced_and_cleared(
        self, kit: Kit, topic: str, version: int
    ) -> None:
        present = kit.subscriber(version, topic)

        def retain(payload: bytes) -> None:
            kit.publish(version, topic, payload, qos=1, retain=True)

        retain(b"old")
        assert kit.subscriber(version, topic).messages(1) == [Message(topic, b"old", 1, True)]
        retain(b"new")
        assert kit.subscriber(version, topic).messages(1) == [Message(topic, b"new", 1, True)]
        lower = kit.subscriber(version, topic, qos=0)
        assert lower.messages(1) == [Message(topic, b"new", 0, True)]
        retain(b"")
        late = kit.subscriber(version, topic)
        kit.publish(version, topic, LAST, qos=1)
        assert late.messages(1) == [Message(topic, LAST, 1, False)]
        # Who was subscribed all the time got them as they came, RETAIN 0 [MQTT-3.3.1-9].
        assert present.messages(4) == [
            Message(topic, payload, 1, False) for payload in (b"old", b"new", b"", LAST)
        ]

    # -- wills ---------------------------------------------------------------------------------

    @each_version
    @each_qos
    def test_the_will_of_a_killed_client_is_published(
        self, kit: Kit, topic: str, version: int, qos: int
    ) -> None:
        subscriber = kit.subscriber(version, topic)
        kit.will_holder(version, Will(topic, b"killed", qos, retain=True)).kill()
        assert subscriber.messages(1) == [Message(topic, b"killed", qos, False)]
        assert kit.subscriber(version, topic).messages(1) == [Message(topic, b"killed", qos, True)]

    @each_version
    def test_the_will_of_a_client_that_leaves_is_not_published(
        self, kit: Kit, topic: str, version: int
    ) -> None:
        subscriber = kit.subscriber(version, topic)
        kit.will_holder(version, Will(topic, qos=1)).leave()
        kit.publish(version, topic, LAST, qos=1)
        assert subscriber.messages(1) == [Message(topic, LAST, 1, False)]

    def test_a_delayed_will_is_published_later(self, kit: Kit, topic: str) -> None:
        subscriber = kit.subscriber(V5, topic)
        holder = kit.will_holder(V5, Will(topic, qos=1, delay=2))
        killed = time.monotonic()
        holder.kill()
        kit.publish(V5, topic, b"before", qos=1)
        got = subscriber.messages(2)
        # The server's timers have ticks; the will is never early by more than one.
        assert time.monotonic() - killed > 1.5
        assert got == [Message(topic, b"before", 1, False), Message(topic, b"gone", 1, False)]

    # -- sessions ------------------------------------------------------------------------------

    @each_version
    @pytest.mark.parametrize("qos", [1, 2])
    def test_a_session_keeps_messages_for_its_client(
        self, kit: Kit, topic: str, version: int, qos: int
    ) -> None:
        name = unique_id()
        subscriber = kit.subscriber(version, topic, client_id=name, session=True)
        assert not subscriber.session_present
        kit.publish(version, topic, b"first", qos=qos)
        assert subscriber.messages(1) == [Message(topic, b"first", qos, False)]
        subscriber.leave()
        waiting = [b"%d" % number for number in range(WAITING)]
        kit.publish(version, topic, *waiting, qos=qos)
        again = kit.subscriber(version, topic, client_id=name, session=True)
        # 3.1 has no flag for it in CONNACK.
        assert again.session_present in {None, version != V31}
        kit.publish(version, topic, LAST, qos=qos)
        got = again.messages(WAITING + 1)
        assert [message.payload for message in got] == [*waiting, LAST]
        assert {message.qos for message in got} == {qos}

    @pytest.mark.parametrize("version", [V311, V5], ids=["mqttv311", "mqttv5"])
    def test_a_shared_subscription_is_spread_over_its_members(
        self, kit: Kit, topic: str, version: int
    ) -> None:
        members = [kit.subscriber(version, f"$share/crew/{topic}", qos=1) for _ in range(3)]
        sent = [b"%d" % number for number in range(300)]
        kit.publish(version, topic, *sent, qos=1)
        shares = [[one.payload for one in member.messages(100)] for member in members]
        assert sorted(one for share in shares for one in share) == sorted(sent)
        for share in shares:
            assert share == sorted(share, key=int)

    def test_a_second_client_with_the_same_id_takes_over(self, kit: Kit, topic: str) -> None:
        name = unique_id()
        first = kit.subscriber(V5, topic, client_id=name)
        second = kit.subscriber(V5, topic, client_id=name)
        assert first.ended() == 0x8E
        kit.publish(V5, topic, LAST, qos=1)
        assert second.messages(1) == [Message(topic, LAST, 1, False)]
        assert not second.session_present

    # -- 5.0 -----------------------------------------------------------------------------------

    @each_qos
    def test_properties_go_through(self, kit: Kit, topic: str, qos: int) -> None:
        sent = Properties(
            user=(("zone", "north"), ("Größe", "XL"), ("empty", ""), ("a", "b")),
            content_type="text/plain",
            response_topic=f"{unique_topic()}/reply",
            correlation_data=b"order-66",
            message_expiry=1000,
        )
        subscriber = kit.subscriber(V5, topic)
        kit.publish(V5, topic, b"x", qos=qos, properties=sent)
        assert subscriber.messages(1)[0].properties == sent

    def test_a_retained_message_keeps_its_properties(self, kit: Kit, topic: str) -> None:
        sent = Properties(user=(("b", "1"), ("a", "2")), content_type="application/json")
        kit.publish(V5, topic, b"{}", qos=1, retain=True, properties=sent)
        (got,) = kit.subscriber(V5, topic).messages(1)
        assert got == Message(topic, b"{}", 1, True)
        assert got.properties == sent

    def test_what_is_left_of_the_expiry_is_forwarded(self, kit: Kit, topic: str) -> None:
        name = unique_id()
        kit.subscriber(V5, topic, client_id=name, session=True).leave()
        kit.publish(V5, topic, b"x", qos=1, properties=Properties(message_expiry=100))
        (got,) = kit.subscriber(V5, topic, client_id=name, session=True).messages(1)
        left = got.properties.message_expiry
        assert left is not None
        assert 60 < left <= 100
