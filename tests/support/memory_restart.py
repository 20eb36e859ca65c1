"""What the tests share that restart a broker in memory: sessions that last, and their return."""

import pytest

from memory_broker import MemoryBroker
from memory_client import MemoryClient, join
from wire import code, prop

DAY = 86_400
CRASH = pytest.mark.parametrize("crash", [False, True], ids=["stopped", "crashed"])
LEVELS = pytest.mark.parametrize("level", [code.V311, code.V5], ids=["v311", "v5"])


def again(broker: MemoryBroker, level: int = code.V5, client_id: str = "s") -> MemoryClient:
    """The client back after a restart; its session must be there."""
    client = MemoryClient(broker, level)
    properties = [(prop.SESSION_EXPIRY_INTERVAL, DAY)] if level == code.V5 else []
    connack = client.connect(client_id, clean=False, properties=properties)
    assert connack.session_present
    return client


def publish(broker: MemoryBroker, topic: str, *payloads: bytes, qos: int = 1) -> None:
    publisher = join(broker, "publisher")
    for payload in payloads:
        publisher.publish(topic, payload, qos)
    publisher.disconnect()
