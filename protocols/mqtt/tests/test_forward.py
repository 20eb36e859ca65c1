"""From an accepted message to its subscribers."""

import pytest

from memory_broker import MemoryBroker
from memory_client import join
from robustmq_mqtt.codec.publish import new_publish
from robustmq_mqtt.forward import forward, limit_expiry

pytest_plugins = ("memory_fixtures",)


def test_retained_and_delivered(broker: MemoryBroker) -> None:
    client = join(broker)
    client.subscribe("a")
    message = new_publish("a", b"x", 0, True)
    forward(broker.context, message, broker.services.router.route("a"))
    assert client.payloads() == [b"x"]
    kept = broker.context.retained.get("a")
    assert kept is not None
    assert kept.payload == b"x"
    assert broker.metric("messages.dropped.no_subscribers") == 0


def test_nobody_there(broker: MemoryBroker) -> None:
    forward(broker.context, new_publish("a", b"x"), broker.services.router.route("a"))
    assert broker.metric("messages.dropped.no_subscribers") == 1
    assert broker.context.retained.get("a") is None


@pytest.mark.parametrize(
    ("given", "longest", "expected"), [(0.0, 20, 120.0), (110.0, 20, 110.0), (150.0, 20, 120.0)]
)
def test_expiry(given: float, longest: int, expected: float) -> None:
    message = new_publish("a", b"x")
    message.timestamp = 100.0
    message.expires_at = given
    limit_expiry(message, longest)
    assert message.expires_at == expected
