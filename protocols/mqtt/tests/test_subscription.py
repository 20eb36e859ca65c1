"""One subscription, and several of the same session as one."""

import itertools

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import join
from robustmq_mqtt.codec.publish import new_publish
from robustmq_mqtt.subscription import MqttSubscription
from wire import prop

pytest_plugins = ("memory_fixtures",)


def test_what_the_router_needs_to_know(broker: MemoryBroker) -> None:
    client = join(broker, expiry=100)
    client.subscribe(("a", 0), ("b", 1), ("$share/g/c", 1))
    session = broker.context.sessions["c"]
    alone, stored, shared = session.subscriptions()
    assert alone.subscriber is stored.subscriber is session
    assert (alone.is_shared, shared.is_shared) == (False, True)
    assert (alone.topic_filter, alone.group) == (alone.full_filter, "") == ("a", "")
    assert (shared.topic_filter, shared.group, shared.full_filter) == ("c", "g", "$share/g/c")
    assert alone.available()
    assert [one.stores() for one in (alone, stored)] == [False, True]
    merged = alone.merged([stored])
    assert merged.subscriber is session
    assert merged.topic_filter == "a"
    assert merged.stores()
    assert merged.merged([shared]).available()
    client.drop()
    assert not alone.available()
    assert not merged.available()


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_every_pair_of_overlapping_subscriptions(broker: MemoryBroker, qos: int) -> None:
    """One copy, with what the two together ask for."""
    publisher = join(broker, "p")
    options = list(itertools.product([0, 1, 2], [False, True], [False, True]))
    for first, second in itertools.product(options, options):
        client = join(broker)
        for name, (granted, no_local, retain) in (("a/+", first), ("a/b", second)):
            client.subscribe((name, granted | no_local << 2 | retain << 3 | 0x20))
        publisher.publish("a/b", b"x", qos, retain=True)
        (message,) = client.take()
        assert message.qos == min(qos, max(first[0], second[0]))
        assert message.retain is (first[2] or second[2])
        # Its own message comes by those without No Local only.
        client.publish("a/b", b"mine", qos)
        hearing = [one for one in (first, second) if not one[1]]
        own = client.take()
        assert [one.qos for one in own] == (
            [min(qos, max(one[0] for one in hearing))] if hearing else []
        )
        client.disconnect()
    publisher.publish("a/b", b"", retain=True)
    publisher.disconnect()
    assert broker.leftovers() == []


def test_three_and_more(broker: MemoryBroker) -> None:
    client = join(broker)
    for number, name in enumerate(["a/b", "a/+", "+/b", "+/+", "a/#", "#"], start=1):
        client.subscribe((name, 1), properties=[(prop.SUBSCRIPTION_IDENTIFIER, number)])
    join(broker, "p").publish("a/b", b"x", 1)
    (message,) = client.take()
    assert sorted(map(str, message.properties.all(prop.SUBSCRIPTION_IDENTIFIER))) == list("123456")


@pytest.mark.parametrize("upgrade", [False, True])
@pytest.mark.parametrize("granted", [0, 1, 2])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_upgrade_qos(make_broker: MakeBroker, upgrade: bool, granted: int, qos: int) -> None:
    broker = make_broker(upgrade_qos=upgrade)
    client = join(broker)
    client.subscribe(("a", granted))
    join(broker, "p").publish("a", b"x", qos)
    assert [one.qos for one in client.take()] == [granted if upgrade else min(granted, qos)]


def test_who_is_away_takes_what_lasts(broker: MemoryBroker) -> None:
    client = join(broker, expiry=100)
    client.subscribe(("a", 1))
    (subscription,) = broker.context.sessions["c"].subscriptions()
    assert isinstance(subscription, MqttSubscription)
    client.drop()
    assert subscription.deliver(new_publish("a", b"x", 1))
    assert not subscription.deliver(new_publish("a", b"x", 0))
    assert [one.payload for one in join(broker, expiry=100).take()] == [b"x"]
