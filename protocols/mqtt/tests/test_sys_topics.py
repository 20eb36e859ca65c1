"""What the broker says of itself below $SYS."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import join
from robustmq_broker import __version__

pytest_plugins = ("memory_fixtures",)

PREFIX = "$SYS/brokers/memory/"


@pytest.fixture
def talking(make_broker: MakeBroker) -> MemoryBroker:
    return make_broker(sys_interval=60.0)


def said(broker: MemoryBroker, topic_filter: str = "$SYS/#") -> dict[str, str]:
    reader = join(broker, "reader")
    reader.subscribe(topic_filter)
    found = {one.topic: one.payload.decode() for one in reader.publishes()}
    reader.disconnect()
    return found


def test_version_uptime_and_metrics(talking: MemoryBroker) -> None:
    talking.advance(61)
    topics = said(talking)
    assert topics["$SYS/brokers"] == "memory"
    assert topics[PREFIX + "version"] == __version__
    assert topics[PREFIX + "sysdescr"]
    assert topics[PREFIX + "uptime"] == "60"
    assert topics[PREFIX + "stats/connections/count"] == "0"
    assert topics[PREFIX + "metrics/messages/received"] == "0"
    assert topics[PREFIX + "metrics/bytes/sent"] == "0"


def test_new_values_at_each_interval(talking: MemoryBroker) -> None:
    client = join(talking)
    client.subscribe(PREFIX + "stats/connections/count")
    assert [(one.payload, one.retain) for one in client.publishes()] == [(b"0", True)]
    talking.advance(61)
    assert [(one.payload, one.retain) for one in client.publishes()] == [(b"1", False)]
    talking.advance(60)
    assert len(client.publishes()) == 1
    assert said(talking, PREFIX + "+/connections/count") == {
        PREFIX + "stats/connections/count": "1"
    }


@pytest.mark.parametrize("topic_filter", ["#", "+/#", "+/brokers", "+/+/#"])
def test_ordinary_wildcards_do_not_reach_them(talking: MemoryBroker, topic_filter: str) -> None:
    client = join(talking)
    client.subscribe(topic_filter)
    talking.advance(200)
    assert client.packets() == []


def test_0_is_never(broker: MemoryBroker) -> None:
    broker.advance(10_000)
    assert said(broker) == {}
    assert broker.timers.pending() == 0


@pytest.mark.parametrize("crash", [False, True])
def test_they_are_not_stored(talking: MemoryBroker, crash: bool) -> None:
    assert talking.stored() == {}
    talking.advance(600)
    talking.restart(crash=crash)
    assert said(talking)[PREFIX + "uptime"] == "0"


def test_a_stopping_broker_is_silent(talking: MemoryBroker) -> None:
    talking.context.stopping = True
    talking.advance(200)
    assert talking.timers.pending() == 0


def test_every_metric_has_a_topic_of_its_own(talking: MemoryBroker) -> None:
    talking.advance(61)
    topics = said(talking, PREFIX + "#")
    names = talking.services.metrics.snapshot()
    assert len([topic for topic in topics if "/metrics/" in topic or "/stats/" in topic]) == len(
        names
    )
