"""Every counter has a metric, and counts what its name says."""

from collections import Counter

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from robustmq_mqtt.stats import Stats
from wire import code, encode

pytest_plugins = ("memory_fixtures",)


def test_every_counter_has_one_name() -> None:
    stats = Stats()
    others = {"names", "authorization_answered"}  # the second is a part of "authorization.allow"
    counters = {name for name in dir(stats) if not name.startswith("_")} - others
    assert Counter(stats.names().values()) == Counter(counters)
    assert all(getattr(stats, attribute) == 0 for attribute in counters)


def test_a_day_in_the_life(make_broker: MakeBroker) -> None:
    broker = make_broker(connect_timeout=5.0)
    client = join(broker, "c")
    client.subscribe(("a", 1))
    MemoryClient(broker)
    broker.advance(6)
    bad = join(broker, "bad")
    bad.send(b"\x00\x00")
    lasting = join(broker, "l", expiry=10)
    lasting.drop()
    join(broker, "l", expiry=10)
    join(broker, "l", expiry=10).drop()
    broker.advance(11)
    client.publish("a", b"x", 1)
    client.publish("nobody", b"x")
    client.take()
    expected = {
        "connections.accepted": 5,
        "connections.closed": 4,
        "connections.connected": 1,
        "connections.connect_timeout": 1,
        "connections.protocol_error": 1,
        "connections.count": 1,
        "live_connections.count": 1,
        "sessions.count": 1,
        "session.created": 3,
        "session.resumed": 2,
        "session.takenover": 1,
        "session.expired": 1,
        "session.discarded": 0,
        "messages.received": 2,
        "messages.sent": 1,
        "messages.dropped.no_subscribers": 1,
        "subscriptions.count": 1,
    }
    assert {name: broker.metric(name) for name in expected} == expected


@pytest.mark.parametrize("level", [code.V311, code.V5])
def test_bytes_and_packets(broker: MemoryBroker, level: int) -> None:
    client = join(broker, "c", level)
    before = (broker.metric("packets.received"), broker.metric("bytes.received"))
    data = encode.PINGREQ * 3 + encode.publish(level, "a", bytes(1_000))
    client.raw.send_bytewise(data)
    assert broker.metric("packets.received") - before[0] == 4
    assert broker.metric("bytes.received") - before[1] == len(data)
