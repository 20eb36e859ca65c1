"""The pack's sizes and counters are there to be scraped."""

from memory_broker import MemoryBroker
from memory_client import MemoryClient, join
from robustmq_mqtt.gauges import register_gauges
from robustmq_mqtt.stats import Stats

pytest_plugins = ("memory_fixtures",)

SIZES = {"connections.count", "live_connections.count", "sessions.count", "retained.count"}


def test_all_are_registered(broker: MemoryBroker) -> None:
    assert set(Stats().names()) | SIZES <= set(broker.services.metrics.snapshot())


def test_they_are_read_when_someone_looks(broker: MemoryBroker) -> None:
    MemoryClient(broker)
    join(broker, "1", expiry=10).drop()
    join(broker, "2").publish("a", b"x", retain=True)
    assert {name: broker.metric(name) for name in SIZES} == {
        "connections.count": 2,
        "live_connections.count": 1,
        "sessions.count": 2,
        "retained.count": 1,
    }
    register_gauges(broker.context)
    assert broker.metric("messages.received") == 1
