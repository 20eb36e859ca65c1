"""Messages of other protocols, as MQTT subscribers get them."""

import pytest

from memory_broker import MemoryBroker
from memory_client import MemoryClient
from robustmq_common.message import Record
from robustmq_mqtt.foreign import as_publish
from wire import code, prop

pytest_plugins = ("memory_fixtures",)


def test_every_field_is_kept() -> None:
    record = Record(
        topic="a/é",
        payload=b"x",
        qos=2,
        retain=True,
        key=b"ignored",
        headers=[("k", "v"), ("k", "w")],
        timestamp=5.0,
        expires_at=9.0,
        publisher="kafka-client",
        tenant="t",
        payload_format=1,
        content_type="text/plain",
        response_topic="answers",
        correlation_data=b"7",
    )
    packet = as_publish(record)
    assert packet.topic == "a/é"
    assert packet.topic_bytes == "a/é".encode()
    assert (packet.payload, packet.qos, packet.retain) == (b"x", 2, True)
    assert packet.headers == [("k", "v"), ("k", "w")]
    assert (packet.timestamp, packet.expires_at) == (5.0, 9.0)
    assert (packet.publisher, packet.tenant) == ("kafka-client", "t")
    assert (packet.payload_format, packet.content_type) == (1, "text/plain")
    assert (packet.response_topic, packet.correlation_data) == ("answers", b"7")


def test_without_headers_there_are_no_properties() -> None:
    packet = as_publish(Record("a", b"x"))
    assert packet.properties is None
    assert packet.is_plain()


@pytest.mark.parametrize("level", [code.V311, code.V5])
@pytest.mark.parametrize("filters", [["a"], ["a", "+"]])
def test_they_reach_mqtt_subscribers(broker: MemoryBroker, level: int, filters: list[str]) -> None:
    client = MemoryClient(broker, level)
    client.connect()
    client.subscribe(*[(name, 1) for name in filters])
    record = Record("a", b"x", 1, headers=[("k", "v")])
    assert broker.services.router.route("a").deliver(record) == 1
    (publish,) = client.take()
    assert (publish.topic, publish.payload, publish.qos) == ("a", b"x", 1)
    if level == code.V5:
        assert publish.properties.all(prop.USER_PROPERTY) == [("k", "v")]
