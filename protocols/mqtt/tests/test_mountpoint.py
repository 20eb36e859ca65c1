"""Clients below a mountpoint: what they see, and what everybody else sees of them."""

from dataclasses import replace

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from robustmq_common.spi.access import ALLOW, DENY, ClientInfo
from robustmq_mqtt.mountpoint import mounted_filter, mounted_topic, unmounted_topic
from wire import Will, code, prop
from wire.packets import Packet, Publish

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V311, code.V5], ids=["v311", "v5"])
QOS = pytest.mark.parametrize("qos", [0, 1, 2])
LASTING = [(prop.SESSION_EXPIRY_INTERVAL, 300)]


def mounted(
    broker: MemoryBroker, client_id: str, level: int = code.V5, mount: str = "site/"
) -> MemoryClient:
    """A client of a listener with a mountpoint; not connected yet."""
    client = MemoryClient(broker, level)
    client.raw.transport.listener = mount
    chains = broker.access.listeners.get("test", broker.access.default)
    broker.access.listeners[mount] = replace(chains, mountpoint=mount)
    client.client_id = client_id
    return client


def joined(broker: MemoryBroker, client_id: str, level: int = code.V5) -> MemoryClient:
    client = mounted(broker, client_id, level)
    assert client.connect(client_id).reason == 0
    return client


def topics(packets: list[Publish] | list[Packet]) -> list[str]:
    return [one.topic for one in packets if isinstance(one, Publish)]


@LEVELS
@QOS
def test_it_is_put_on_and_taken_off(broker: MemoryBroker, level: int, qos: int) -> None:
    outside = join(broker, "outside", level)
    outside.subscribe(("#", qos))
    inside, other = joined(broker, "inside", level), joined(broker, "other", level)
    inside.subscribe(("a/+", qos))
    other.subscribe(("#", qos))
    inside.publish("a/1", b"from inside", qos)
    assert topics(outside.take()) == ["site/a/1"]
    assert topics(inside.take()) == ["a/1"]
    assert topics(other.take()) == ["a/1"]
    outside.publish("site/a/2", b"from outside", qos)
    outside.publish("a/2", b"elsewhere", qos)
    assert topics(inside.take()) == ["a/2"]
    assert [(one.topic, one.payload) for one in other.take()] == [("a/2", b"from outside")]


def test_frames_of_others_are_not_mixed_up(broker: MemoryBroker) -> None:
    """Two mountpoints and none, in one fan-out, with what 3.x forwards as it came."""
    far = mounted(broker, "far", code.V311, "site/far/")
    far.connect("far")
    far.subscribe("#")
    near = joined(broker, "near", code.V311)
    near.subscribe("#")
    outside = join(broker, "outside", code.V311)
    outside.subscribe("#")
    for sender, topic in ((far, "t"), (near, "far/t"), (outside, "site/far/t")):
        sender.publish(topic, b"x")
        assert topics(far.take()) == ["t"]
        assert topics(near.take()) == ["far/t"]
        assert topics(outside.take()) == ["site/far/t"]


def test_shared_subscriptions(broker: MemoryBroker) -> None:
    inside = joined(broker, "inside")
    inside.subscribe(("$share/g/a", 1))
    assert broker.filters("inside") == {"$share/g/site/a"}
    outside = join(broker, "outside")
    outside.subscribe(("$share/g/a", 1))
    outside.publish("site/a", b"x", 1)
    assert topics(inside.take()) == ["a"]
    assert outside.take() == []
    assert inside.unsubscribe("$share/g/a") == [0]
    assert broker.filters("inside") == set()


def test_unsubscribing(broker: MemoryBroker) -> None:
    inside = joined(broker, "inside")
    inside.subscribe("a")
    assert inside.unsubscribe("site/a", "a", "a", "a/#/b") == [0x11, 0, 0x11, 0x8F]
    inside.publish("a", b"x")
    assert inside.packets() == []


def test_system_topics_have_none(make_broker: MakeBroker) -> None:
    broker = make_broker(sys_interval=1)
    inside = joined(broker, "inside")
    inside.subscribe("$SYS/brokers")
    inside.packets()
    broker.advance(2)
    assert set(topics(inside.packets())) == {"$SYS/brokers"}


def test_retained_messages(broker: MemoryBroker) -> None:
    inside = joined(broker, "inside")
    inside.publish("kept", b"x", 1, retain=True)
    inside.subscribe(("#", 0))
    (message,) = inside.publishes()
    assert (message.topic, message.retain) == ("kept", True)
    inside.subscribe(("kept", 1))
    assert topics(inside.take()) == ["kept"]
    outside = join(broker, "outside", code.V311)
    outside.subscribe(("site/kept", 1))
    assert topics(outside.take()) == ["site/kept"]


def test_topic_aliases_both_ways(broker: MemoryBroker) -> None:
    inside = mounted(broker, "inside")
    inside.connect("inside", properties=[(prop.TOPIC_ALIAS_MAXIMUM, 5)])
    inside.subscribe("#")
    inside.publish("a", b"1", properties=[(prop.TOPIC_ALIAS, 1)])
    inside.publish("", b"2", properties=[(prop.TOPIC_ALIAS, 1)])
    first, second = inside.publishes()
    assert (first.topic, first.properties.get(prop.TOPIC_ALIAS)) == ("a", 1)
    assert (second.topic, second.payload, second.properties.get(prop.TOPIC_ALIAS)) == ("", b"2", 1)


def test_properties_and_no_local(broker: MemoryBroker) -> None:
    inside, other = joined(broker, "inside"), joined(broker, "other")
    inside.subscribe(("a", 1 | 0x04))
    other.subscribe(("a", 1), properties=[(prop.SUBSCRIPTION_IDENTIFIER, 7)])
    properties: list[prop.Pair] = [
        (prop.RESPONSE_TOPIC, "answers"),
        (prop.USER_PROPERTY, ("k", "v")),
        (prop.MESSAGE_EXPIRY_INTERVAL, 60),
    ]
    inside.publish("a", b"x", 1, properties=properties)
    assert inside.take() == []
    (message,) = other.take()
    assert message.topic == "a"
    assert message.properties.get(prop.RESPONSE_TOPIC) == "answers"
    assert message.properties.get(prop.SUBSCRIPTION_IDENTIFIER) == 7
    assert message.properties.get(prop.MESSAGE_EXPIRY_INTERVAL) == 60


@pytest.mark.parametrize("crash", [False, True])
def test_a_durable_session_over_a_restart(broker: MemoryBroker, crash: bool) -> None:
    inside = mounted(broker, "inside")
    inside.connect("inside", clean=False, properties=LASTING)
    inside.subscribe(("#", 1))
    inside.drop()
    outside = join(broker, "outside")
    outside.publish("site/a", b"1", 1)
    broker.restart(crash=crash)
    join(broker, "outside").publish("site/b", b"2", 1)
    inside = mounted(broker, "inside")
    assert inside.connect("inside", clean=False, properties=LASTING).session_present
    assert topics(inside.take()) == ["a", "b"]
    assert inside.unsubscribe("#") == [0]


class Fence:
    """Knows topics as clients do."""

    name = "fence"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def authorize(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> int:
        self.asked.append((action, topic))
        return DENY if topic == "closed" else ALLOW


def test_authorizers_see_what_the_client_sees(make_broker: MakeBroker) -> None:
    fence = Fence()
    broker = make_broker(authorizers=[fence])
    inside = mounted(broker, "inside")
    inside.connect("inside", will=Will("will", b"w"))
    assert inside.subscribe(("closed", 1), ("a", 1)) == [0x87, 1]
    assert inside.publish("closed", b"x", 1) == 0x87
    assert inside.publish("a", b"x", 1) == 0
    inside.drop()
    assert set(fence.asked) == {
        ("subscribe", "closed"),
        ("subscribe", "a"),
        ("publish", "closed"),
        ("publish", "a"),
        ("publish", "will"),
    }


@pytest.mark.parametrize("restart", [False, True])
def test_wills(make_broker: MakeBroker, restart: bool) -> None:
    fence = Fence()
    broker = make_broker(authorizers=[fence])
    inside = mounted(broker, "inside")
    will = Will("closed/not", b"gone", properties=[(prop.WILL_DELAY_INTERVAL, 30)])
    inside.connect("inside", clean=False, will=will, properties=LASTING)
    inside.drop()
    if restart:
        broker.restart()
    watcher = join(broker, "watcher")
    watcher.subscribe("#")
    broker.advance(60)
    assert topics(watcher.publishes()) == ["site/closed/not"]
    assert fence.asked[-1] == ("publish", "closed/not")


@pytest.mark.parametrize("name", ["+", "#", "a/b"])
def test_names_that_would_widen_it_are_refused(broker: MemoryBroker, name: str) -> None:
    client = mounted(broker, "c", mount="${username}/")
    assert client.connect("c", username=name).reason == code.NOT_AUTHORIZED
    assert client.closed
    assert "c" not in broker.context.sessions


def test_a_session_stays_below_its_mountpoint(broker: MemoryBroker) -> None:
    inside = mounted(broker, "c")
    inside.connect("c", clean=False, properties=LASTING)
    inside.subscribe(("#", 1))
    inside.disconnect()
    join(broker, "outside").publish("site/a", b"x", 1)
    outside = MemoryClient(broker)
    assert not outside.connect("c", clean=False, properties=LASTING).session_present
    assert outside.take() == []
    assert broker.filters("c") == set()


def test_topics_that_get_too_long(broker: MemoryBroker) -> None:
    inside = joined(broker, "inside")
    assert inside.subscribe(("x" * 65_531, 1), ("x" * 65_530, 1)) == [0x8F, 1]
    inside.send_publish("x" * 65_531, b"", 1)
    assert inside.refused() == code.TOPIC_NAME_INVALID
    inside = mounted(broker, "inside")
    will = Will("x" * 65_531, b"")
    assert inside.connect("inside", will=will).reason == code.TOPIC_NAME_INVALID


def test_names_and_filters() -> None:
    assert mounted_topic("m/", "a") == "m/a"
    assert mounted_topic("m/", "$SYS/a") == "$SYS/a"
    assert unmounted_topic("m/", "m/a") == "a"
    assert unmounted_topic("m/", "$SYS/a") == "$SYS/a"
    assert unmounted_topic("", "a") == "a"
    assert mounted_filter("", "$share/g/a") == "$share/g/a"
    assert mounted_filter("m/", "#") == "m/#"
    assert mounted_filter("m/", "$share/g/+/a") == "$share/g/m/+/a"
    assert mounted_filter("m/", "$share/g/$SYS/a") == "$share/g/$SYS/a"
    assert mounted_filter("m/", "$share") == "$share"
