"""SUBSCRIBE (section 3.8): each filter is granted or refused for itself."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from robustmq_common.spi.access import ALLOW, DENY, ClientInfo
from robustmq_common.spi.events import EventListener
from wire import Suback, code, encode, prop

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


class Denying:
    """Denies filters that begin with "no"."""

    name = "denying"

    def authorize(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> int:
        return DENY if action == "subscribe" and topic.startswith("no") else ALLOW


class Listener(EventListener):
    name = "listener"

    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []

    def session_subscribed(self, client: ClientInfo, topic_filter: str, qos: int) -> None:
        self.events.append(("subscribed", client.client_id, topic_filter, qos))

    def session_unsubscribed(self, client: ClientInfo, topic_filter: str) -> None:
        self.events.append(("unsubscribed", client.client_id, topic_filter))


def refused(level: int, *reasons: int) -> list[int]:
    """Before 5.0 every refusal is 0x80."""
    return [reason if level == code.V5 else min(reason, 0x80) for reason in reasons]


@LEVELS
def test_one_code_per_filter_in_their_order(make_broker: MakeBroker, level: int) -> None:
    broker = make_broker(authorizers=[Denying()])
    client = join(broker, "c", level)
    granted = client.subscribe(
        *(("a", 0), ("b/+", 1), ("a/#/b", 2), ("c/#", 2), ("no", 1), ("$share/g/d", 1)),
        *(("$share/no", 1), ("", 1), ("$share/g/no/x", 0), ("a", 2)),
    )
    invalid = code.TOPIC_FILTER_INVALID
    assert granted == refused(
        level, 0, 1, invalid, 2, code.NOT_AUTHORIZED, 1, invalid, invalid, code.NOT_AUTHORIZED, 2
    )
    assert broker.filters("c") == {"a", "b/+", "c/#", "$share/g/d"}
    client.disconnect()
    assert broker.leftovers() == []


@LEVELS
@pytest.mark.parametrize("maximum", [0, 1])
def test_max_qos(make_broker: MakeBroker, level: int, maximum: int) -> None:
    client = join(make_broker(max_qos=maximum), "c", level)
    assert client.subscribe(("a", 0), ("b", 1), ("c", 2)) == [0, maximum, maximum]


@LEVELS
def test_wildcard_subscription(make_broker: MakeBroker, level: int) -> None:
    client = join(make_broker(wildcard_subscription=False), "c", level)
    codes = client.subscribe("a", "a/+", "#", "$share/g/a", "$share/g/+")
    assert codes == refused(level, 0, 0xA2, 0xA2, 0, 0xA2)


@LEVELS
def test_shared_subscription(make_broker: MakeBroker, level: int) -> None:
    client = join(make_broker(shared_subscription=False), "c", level)
    assert client.subscribe("a", "$share/g/a") == refused(level, 0, 0x9E)


@LEVELS
def test_max_topic_levels(make_broker: MakeBroker, level: int) -> None:
    client = join(make_broker(max_topic_levels=3), "c", level)
    codes = client.subscribe("a/b/c", "a/b/c/d", "a/b/#", "$share/g/a/b/c", "$share/g/a/b/c/d")
    assert codes == refused(level, 0, 0x8F, 0, 0, 0x8F)


@LEVELS
def test_max_subscriptions(make_broker: MakeBroker, level: int) -> None:
    client = join(make_broker(max_subscriptions=2), "c", level)
    quota = code.QUOTA_EXCEEDED
    assert client.subscribe("a", "b", "c") == refused(level, 0, 0, quota)
    assert client.subscribe(("a", 1), "d") == refused(level, 1, quota)
    client.unsubscribe("a")
    assert client.subscribe("d", "a") == refused(level, 0, quota)


def test_0_is_no_bound(make_broker: MakeBroker) -> None:
    client = join(make_broker(max_subscriptions=0))
    assert client.subscribe(*(f"a/{i}" for i in range(500))) == [0] * 500


class TestReasonString:
    @pytest.mark.parametrize(("asked", "said"), [(None, True), (1, True), (0, False)])
    def test_only_if_it_may(self, broker: MemoryBroker, asked: int | None, said: bool) -> None:
        properties = [] if asked is None else [(prop.REQUEST_PROBLEM_INFORMATION, asked)]
        client = join(broker, properties=properties)
        client.send(encode.subscribe(code.V5, 1, [("a", 0), ("a/#/b", 0)]))
        assert (prop.REASON_STRING in client.packet(Suback).properties) is said

    def test_only_if_something_was_refused(self, broker: MemoryBroker) -> None:
        client = join(broker)
        client.send(encode.subscribe(code.V5, 1, [("a", 0)]))
        assert len(client.packet(Suback).properties) == 0

    def test_long_filters(self, broker: MemoryBroker) -> None:
        client = join(broker)
        for character in ("x", "é", "\x01"):
            client.send(encode.subscribe(code.V5, 1, [("#" + character * 30_000, 0)]))
            assert len(client.packet(Suback).raw) < 1_100

    def test_only_if_it_fits(self, broker: MemoryBroker) -> None:
        client = join(broker, properties=[(prop.MAXIMUM_PACKET_SIZE, 30)])
        client.send(encode.subscribe(code.V5, 1, [("a/#/b" * 10, 0)]))
        suback = client.packet(Suback)
        assert suback.reasons == (0x8F,)
        assert len(suback.properties) == 0


class TestNoLocal:
    def test_one_s_own_messages(self, broker: MemoryBroker) -> None:
        client = join(broker)
        client.subscribe(("a", 1 | 0x04))
        other = join(broker, "other")
        # There is a subscriber, though it does not want this one.
        assert client.publish("a", b"mine", 1) == 0
        other.publish("a", b"theirs", 1)
        assert [one.payload for one in client.take()] == [b"theirs"]

    def test_it_is_each_subscription_s_own(self, broker: MemoryBroker) -> None:
        client = join(broker)
        client.subscribe(("a", 1 | 0x04), properties=[(prop.SUBSCRIPTION_IDENTIFIER, 1)])
        client.subscribe(("+", 0), properties=[(prop.SUBSCRIPTION_IDENTIFIER, 2)])
        client.publish("a", b"mine", 1)
        join(broker, "other").publish("a", b"theirs", 1)
        own, other = client.take()
        assert (own.payload, own.qos) == (b"mine", 0)
        assert own.properties.all(prop.SUBSCRIPTION_IDENTIFIER) == [2]
        assert (other.payload, other.qos) == (b"theirs", 1)
        assert sorted(map(str, other.properties.all(prop.SUBSCRIPTION_IDENTIFIER))) == ["1", "2"]

    def test_retained_ones_too(self, broker: MemoryBroker) -> None:
        client = join(broker)
        client.publish("a/mine", b"x", retain=True)
        join(broker, "other").publish("a/theirs", b"x", retain=True)
        client.subscribe(("a/+", 0x04))
        assert [one.topic for one in client.publishes()] == ["a/theirs"]

    def test_not_on_a_shared_subscription(self, broker: MemoryBroker) -> None:
        client = join(broker)
        client.send(encode.subscribe(code.V5, 1, [("a", 0), ("$share/g/a", 0x04)]))
        assert client.refused() == code.PROTOCOL_ERROR
        assert broker.leftovers() == []


class TestIdentifier:
    def test_every_one_that_matches(self, broker: MemoryBroker) -> None:
        client = join(broker)
        for number, (name, qos) in enumerate([("a/b", 0), ("a/+", 2), ("#", 1), ("x", 2)], start=1):
            client.subscribe((name, qos), properties=[(prop.SUBSCRIPTION_IDENTIFIER, number * 100)])
        client.subscribe(("+/b", 0))
        join(broker, "p").publish("a/b", b"x", 2)
        (message,) = client.take()
        # One copy, at the highest QoS, with the identifiers of all [MQTT-3.3.4-2].
        assert message.qos == 2
        assert sorted(message.properties.all(prop.SUBSCRIPTION_IDENTIFIER), key=str) == [
            *(100, 200, 300)
        ]

    def test_subscribing_again_replaces_it(self, broker: MemoryBroker) -> None:
        client = join(broker)
        for identifiers in ([5], [268_435_455], []):
            client.subscribe(
                "a", properties=[(prop.SUBSCRIPTION_IDENTIFIER, one) for one in identifiers]
            )
            join(broker, "p").publish("a")
            (message,) = client.publishes()
            assert message.properties.all(prop.SUBSCRIPTION_IDENTIFIER) == identifiers

    def test_on_retained_and_shared_ones(self, broker: MemoryBroker) -> None:
        publisher = join(broker, "p")
        publisher.publish("a", b"x", retain=True)
        client = join(broker)
        client.subscribe("a", properties=[(prop.SUBSCRIPTION_IDENTIFIER, 7)])
        client.subscribe("$share/g/b", properties=[(prop.SUBSCRIPTION_IDENTIFIER, 8)])
        publisher.publish("b", b"x")
        assert [one.properties.all(prop.SUBSCRIPTION_IDENTIFIER) for one in client.publishes()] == [
            *([7], [8])
        ]


class TestRetainAsPublished:
    @pytest.mark.parametrize("retain", [False, True])
    @pytest.mark.parametrize("wanted", [False, True])
    def test_the_flag(self, broker: MemoryBroker, retain: bool, wanted: bool) -> None:
        client = join(broker)
        client.subscribe(("a", 1 | 0x08 if wanted else 1))
        join(broker, "p").publish("a", b"x", 1, retain=retain)
        (message,) = client.take()
        assert message.retain is (retain and wanted)

    def test_of_several_one_is_enough(self, broker: MemoryBroker) -> None:
        client = join(broker)
        client.subscribe(("a", 0x08), "+")
        join(broker, "p").publish("a", b"x", retain=True)
        assert [one.retain for one in client.publishes()] == [True]


class TestRetainHandling:
    @pytest.mark.parametrize(("handling", "first", "again"), [(0, 1, 1), (1, 1, 0), (2, 0, 0)])
    def test_when_retained_messages_are_sent(
        self, broker: MemoryBroker, handling: int, first: int, again: int
    ) -> None:
        join(broker, "p").publish("a", b"x", 1, retain=True)
        client = join(broker)
        for expected in (first, again, again):
            client.subscribe(("a", 1 | handling << 4))
            messages = client.take()
            assert len(messages) == expected
            assert all(one.retain for one in messages)
        client.unsubscribe("a")
        client.subscribe(("a", 1 | handling << 4))
        assert len(client.take()) == first

    @pytest.mark.parametrize("level", [code.V31, code.V311])
    def test_3_x_gets_them_each_time(self, broker: MemoryBroker, level: int) -> None:
        join(broker, "p").publish("a", b"x", 1, retain=True)
        client = join(broker, "c", level)
        for _ in range(3):
            client.subscribe(("a", 0))
            assert [(one.qos, one.retain) for one in client.publishes()] == [(0, True)]

    @LEVELS
    def test_a_shared_subscription_gets_none(self, broker: MemoryBroker, level: int) -> None:
        join(broker, "p").publish("a", b"x", 1, retain=True)
        client = join(broker, "c", level)
        client.subscribe("$share/g/a", "$share/g/#")
        assert client.packets() == []

    def test_none_where_there_are_none(self, make_broker: MakeBroker) -> None:
        client = join(make_broker(retain_available=False))
        client.subscribe("a")
        assert client.packets() == []


@pytest.mark.parametrize("level", [code.V31, code.V311])
def test_bridges_get_no_echo_and_see_retain(broker: MemoryBroker, level: int) -> None:
    client = MemoryClient(broker, level)
    client.send(encode.connect(level, "bridge", wire_level=level | 0x80))
    client.packets()
    client.subscribe("a")
    client.publish("a", b"mine")
    join(broker, "p").publish("a", b"theirs", retain=True)
    assert [(one.payload, one.retain) for one in client.publishes()] == [(b"theirs", True)]


@LEVELS
def test_events(make_broker: MakeBroker, level: int) -> None:
    listener = Listener()
    client = join(make_broker(listeners=[listener]), "c", level)
    client.subscribe(("a", 1), ("a/#/b", 1), ("$share/g/b", 2))
    client.unsubscribe("a", "x")
    assert listener.events == [
        ("subscribed", "c", "a", 1),
        ("subscribed", "c", "$share/g/b", 2),
        ("unsubscribed", "c", "a"),
    ]


def test_retained_messages_stop_with_the_subscription(make_broker: MakeBroker) -> None:
    broker = make_broker(max_inflight=1)
    publisher = join(broker, "p")
    for number in range(5):
        publisher.publish(f"r/{number}", b"x", 1, retain=True)
    client = join(broker)
    client.subscribe(("r/+", 1))
    client.unsubscribe("r/+")
    assert len(client.take()) == 1


@LEVELS
def test_messages_come_while_retained_ones_wait(make_broker: MakeBroker, level: int) -> None:
    broker = make_broker(max_inflight=2)
    publisher = join(broker, "p")
    for number in range(10):
        publisher.publish(f"r/{number}", b"old", 1, retain=True)
    client = join(broker, "c", level)
    client.subscribe(("r/+", 1))
    publisher.publish("r/9", b"new", 1, retain=True)
    got = client.take()
    # What was replaced before it could be sent is not sent any more.
    assert sorted((one.topic, one.payload, one.retain) for one in got) == [
        *((f"r/{number}", b"old", True) for number in range(9)),
        ("r/9", b"new", False),
    ]


def test_asking_again_does_not_pile_up_retained_messages(make_broker: MakeBroker) -> None:
    """A client that subscribes all day and acknowledges nothing must not fill the memory."""
    broker = make_broker(max_inflight=1)
    publisher = join(broker, "p")
    for number in range(50):
        publisher.publish(f"r/{number}", b"x", 1, retain=True)
    client = join(broker)
    session = broker.context.sessions["c"]
    for number in range(100):
        client.subscribe(("r/#", 1), ("r/+", 1), (f"gone/{number}", 1))
        client.unsubscribe(f"gone/{number}")
        assert session.retained is not None
        assert len(session.retained.wanted) <= 2
        assert len(session.retained.order) <= 3
    assert {one.topic for one in client.take()} == {f"r/{number}" for number in range(50)}


def test_what_is_retained_after_the_subscription_comes_once(broker: MemoryBroker) -> None:
    publisher = join(broker, "p")
    publisher.publish("a", b"old", retain=True)
    client = join(broker)
    client.send(encode.subscribe(code.V5, 1, [("a", 0), ("b", 0)]))
    publisher.send_publish("a", b"new", retain=True)
    publisher.send_publish("b", b"new", retain=True)
    messages = client.publishes()
    assert [(one.topic, one.payload, one.retain) for one in messages] == [
        ("a", b"new", False),
        ("b", b"new", False),
    ]
