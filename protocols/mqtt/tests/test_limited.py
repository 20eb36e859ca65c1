"""Clients with limits of their own, in a whole broker."""

import pytest

from memory_broker import LISTENER, MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from robustmq_broker.config import ListenerConfig
from robustmq_broker.protection.protection_config import (
    ClientLimits,
    LimitsConfig,
    ListenerLimits,
    UserLimits,
)
from wire import Disconnect, Pingresp, Puback, code, encode, prop

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


def limited(make: MakeBroker, limits: LimitsConfig, **options: object) -> MemoryBroker:
    return make(protection={"limits": limits, **options})


def of_listener(limits: ListenerLimits) -> dict[str, object]:
    config = ListenerConfig(protocol="mqtt", bind="127.0.0.1:0", limits=limits)
    return {"listeners": {LISTENER: config}}


def client_rate(rate: str, drops: bool = False) -> LimitsConfig:
    return LimitsConfig(qos0="drop" if drops else "pause", client=ClientLimits(messages_rate=rate))


def reads(client: MemoryClient) -> bool:
    """Whether the server reads from a client."""
    return client.raw.transport.reading


@LEVELS
def test_messages_over_the_rate_wait_and_none_is_lost(make_broker: MakeBroker, level: int) -> None:
    broker = limited(make_broker, client_rate("10/s"))
    watcher = join(broker, "watcher", level)
    watcher.subscribe("t")
    client = join(broker, "c", level)
    frames = [encode.publish(level, "t", b"%d" % n) for n in range(25)]
    client.send(b"".join(frames))
    assert len(watcher.payloads()) == 10
    assert not reads(client)
    broker.advance(0.5)
    assert 4 <= len(watcher.payloads()) <= 6
    broker.advance(2.0)
    assert watcher.payloads()[-1] == b"24"
    assert reads(client)
    assert broker.metric("messages.received") == 25


@pytest.mark.parametrize("cut", [1, 2, 3, 7, 100])
def test_pieces_of_any_size_are_counted_as_packets(make_broker: MakeBroker, cut: int) -> None:
    broker = limited(make_broker, client_rate("10/s"))
    client = join(broker, "c")
    data = b"".join(encode.publish(code.V5, "t", b"x" * 200) for _ in range(12))
    for at in range(0, len(data), cut):
        client.send(data[at : at + cut])
    assert broker.metric("messages.received") == 10
    broker.advance(0.4)
    assert broker.metric("messages.received") == 12


def test_what_comes_in_one_piece_with_connect_is_counted(make_broker: MakeBroker) -> None:
    broker = limited(make_broker, client_rate("10/s"))
    client = MemoryClient(broker)
    publish = encode.publish(code.V5, "t", b"x")
    client.send(encode.connect(code.V5, "c", keep_alive=0) + publish * 30)
    broker.run_until_idle()
    assert broker.metric("messages.received") == 10


def test_acknowledgements_come_when_it_is_their_turn(make_broker: MakeBroker) -> None:
    broker = limited(make_broker, client_rate("2/s"))
    client = join(broker, "c")
    for packet_id in (1, 2, 3):
        client.send(encode.publish(code.V5, "t", b"x", qos=1, packet_id=packet_id))
    client.send(encode.PINGREQ)
    assert [type(one) for one in client.packets()] == [Puback, Puback]
    broker.advance(0.7)
    assert [type(one) for one in client.packets()] == [Puback, Pingresp]


def test_bytes_are_counted_whole_and_owed(make_broker: MakeBroker) -> None:
    limits = LimitsConfig(client=ClientLimits(bytes_rate="1KB/s"))
    broker = limited(make_broker, limits)
    client = join(broker, "c")
    client.send(encode.publish(code.V5, "t", b"x" * 3000) * 2)
    assert broker.metric("messages.received") == 1
    broker.advance(1.5)
    assert broker.metric("messages.received") == 1
    broker.advance(2.5)
    assert broker.metric("messages.received") == 2


def test_a_client_that_waits_keeps_its_connection(make_broker: MakeBroker) -> None:
    broker = limited(make_broker, client_rate("1/1m"))
    client = MemoryClient(broker)
    client.connect("c", keep_alive=10)
    client.send(encode.publish(code.V5, "t", b"x") * 2)
    broker.advance(59.0)
    assert broker.metric("messages.received") == 1
    assert not client.closed
    broker.advance(2.0)
    assert broker.metric("messages.received") == 2
    # Read from again, it has to say something.
    broker.advance(20.0)
    assert client.closed


def test_a_client_may_leave_while_it_waits(make_broker: MakeBroker) -> None:
    broker = limited(make_broker, client_rate("1/1m"))
    client = join(broker, "c")
    client.send(encode.publish(code.V5, "t", b"x") * 3)
    client.raw.drop()
    broker.advance(300.0)
    assert broker.metric("messages.received") == 1
    again = MemoryClient(broker)
    again.connect("c")
    again.disconnect()


def test_those_of_a_user_take_turns(make_broker: MakeBroker) -> None:
    broker = limited(make_broker, LimitsConfig(user=UserLimits(messages_rate="10/s")))
    watcher = join(broker, "watcher")
    watcher.subscribe("#")
    for name in ("a", "b", "c"):
        client = MemoryClient(broker)
        client.connect(name, username="u")
        client.send(encode.publish(code.V5, name, b"") * 200)
    watcher.payloads()  # the first one had all of the first second
    broker.advance(30.0)
    topics = [one.topic for one in watcher.publishes()]
    assert 270 <= len(topics) <= 310
    assert all(80 <= topics.count(name) <= 120 for name in ("a", "b", "c"))


def test_qos_0_may_be_dropped_instead(make_broker: MakeBroker) -> None:
    broker = limited(make_broker, client_rate("2/s", drops=True))
    watcher = join(broker, "watcher")
    watcher.subscribe("t")
    client = join(broker, "c")
    client.send(encode.publish(code.V5, "t", b"0") * 5)
    assert broker.metric("messages.dropped.quota_exceeded") == 3
    assert reads(client)
    client.send(encode.publish(code.V5, "t", b"1", qos=1, packet_id=7))
    assert client.packets() == []
    broker.advance(0.6)
    assert len(client.packets()) == 1
    assert watcher.payloads() == [b"0", b"0", b"1"]


def test_a_topic_alias_of_a_dropped_message_is_known(make_broker: MakeBroker) -> None:
    broker = limited(make_broker, client_rate("1/s", drops=True))
    watcher = join(broker, "watcher")
    watcher.subscribe("#")
    client = join(broker, "c")
    client.send_publish("first", b"")
    alias = [(prop.TOPIC_ALIAS, 1)]
    client.send_publish("second", b"", properties=alias)
    broker.advance(1.1)
    client.send_publish("", b"", properties=alias)
    assert [one.topic for one in watcher.publishes()] == ["first", "second"]


def test_levels_of_topics(make_broker: MakeBroker) -> None:
    broker = limited(make_broker, LimitsConfig(), **of_listener(ListenerLimits(max_topic_levels=2)))
    client = join(broker, "c")
    assert client.subscribe("a/b", "a/b/c", "$share/g/a/b", "$share/g/a/b/c") == [
        0,
        code.TOPIC_FILTER_INVALID,
        0,
        code.TOPIC_FILTER_INVALID,
    ]
    client.publish("a/b", b"")
    client.packets()
    client.send_publish("a/b/c", b"")
    (goodbye,) = client.packets()
    assert isinstance(goodbye, Disconnect)
    assert goodbye.reason == code.TOPIC_NAME_INVALID


@pytest.mark.parametrize("data", ["3000", "3001ff", "3002ffff", "300400012f00", "30ffffffffff"])
def test_damaged_packets_are_judged_as_ever(make_broker: MakeBroker, data: str) -> None:
    limits = of_listener(ListenerLimits(max_topic_levels=1, messages_rate="10/s"))
    outcomes = []
    for broker in (limited(make_broker, LimitsConfig(), **limits), make_broker(max_topic_levels=1)):
        client = join(broker, "c")
        client.send(bytes.fromhex(data))
        outcomes.append(client.refused())
    assert outcomes[0] == outcomes[1] >= 0x80


def test_subscriptions_of_a_client_and_of_a_user(make_broker: MakeBroker) -> None:
    limits = LimitsConfig(
        client=ClientLimits(max_subscriptions=3), user=UserLimits(max_subscriptions=4)
    )
    broker = limited(make_broker, limits)
    one, other = MemoryClient(broker), MemoryClient(broker)
    one.connect("one", username="u")
    other.connect("other", username="u")
    assert one.subscribe("a", "b", "a", "c", "d") == [0, 0, 0, 0, 0x97]
    assert other.subscribe("a", "b") == [0, 0x97]
    assert one.unsubscribe("a", "b") == [0, 0]
    assert other.subscribe("b", "c") == [0, 0]
    one.disconnect()
    assert other.subscribe("d") == [0x97]  # three are its own limit


def test_a_session_brings_its_subscriptions_along(make_broker: MakeBroker) -> None:
    broker = limited(make_broker, LimitsConfig(user=UserLimits(max_subscriptions=2)))
    one, other = MemoryClient(broker, code.V311), MemoryClient(broker, code.V311)
    one.connect("one", username="u", clean=False)
    assert one.subscribe("a", "b") == [0, 0]
    one.disconnect()
    again = MemoryClient(broker, code.V311)
    again.connect("one", username="u", clean=False)
    other.connect("other", username="u")
    assert other.subscribe("a") == [0x80]
