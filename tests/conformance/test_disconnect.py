"""DISCONNECT, from both sides, and the end of the broker itself."""

from pathlib import Path

import pytest

from broker_process import BrokerProcess
from wire import Clients, Disconnect, Will, WireClient, code, encode, levels, prop


@pytest.mark.normative("3.1.1:MQTT-3.14.4-1", "5.0:MQTT-3.14.4-2")
def test_broker_closes_after_disconnect(clients: Clients, level: int) -> None:
    client = clients(level)
    client.send(encode.disconnect(level))
    client.expect_closed()


@pytest.mark.normative("3.1.1:MQTT-3.14.4-2", "5.0:MQTT-3.14.4-1")
def test_nothing_counts_after_disconnect(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    client = clients(level)
    client.send(
        encode.disconnect(level)
        + encode.publish(level, topic, b"too late", qos=1, packet_id=1)
        + encode.PINGREQ
    )
    client.expect_closed()
    watcher.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.14.1-1", "5.0:MQTT-3.14.1-1")
@pytest.mark.parametrize("flags", [1, 2, 4, 8, 15])
@levels(code.V311, code.V5)
def test_disconnect_with_wrong_flags(clients: Clients, level: int, topic: str, flags: int) -> None:
    watcher = clients.subscriber(level, topic)
    client = clients(level, will=Will(topic, b"not a disconnect"))
    client.send(encode.disconnect(level, flags=flags))
    client.expect_refused(code.MALFORMED_PACKET)
    watcher.receive(topic, b"not a disconnect")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xe0\x00", id="no code"),
        pytest.param(b"\xe0\x01\x00", id="code"),
        pytest.param(b"\xe0\x02\x00\x00", id="code and no properties"),
        pytest.param(
            encode.disconnect(
                code.V5, 0, [(prop.REASON_STRING, "bye"), (prop.USER_PROPERTY, ("a", "b"))]
            ),
            id="properties",
        ),
    ],
)
def test_every_form_of_disconnect(clients: Clients, topic: str, data: bytes) -> None:
    watcher = clients.subscriber(code.V5, topic)
    client = clients(code.V5, will=Will(topic, b"not wanted"))
    client.send(data)
    client.expect_closed()
    watcher.quiet()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xe0\x01\x01", id="unknown code"),
        pytest.param(
            encode.disconnect(code.V5, 0, [(prop.REASON_STRING, "a"), (prop.REASON_STRING, "b")]),
            id="property twice",
        ),
        pytest.param(encode.disconnect(code.V5, 0, [(prop.TOPIC_ALIAS, 1)]), id="not allowed"),
        pytest.param(b"\xe0\x03\x00\x00\x00", id="bytes after the end"),
    ],
)
def test_wrong_disconnect(clients: Clients, topic: str, data: bytes) -> None:
    watcher = clients.subscriber(code.V5, topic)
    client = clients(code.V5, will=Will(topic, b"not a disconnect"))
    client.send(data)
    assert client.expect(Disconnect).reason in {code.MALFORMED_PACKET, code.PROTOCOL_ERROR}
    client.expect_closed()
    watcher.receive(topic, b"not a disconnect")


@pytest.mark.normative(
    "5.0:MQTT-3.14.2-1", "5.0:MQTT-3.14.2-2", "5.0:MQTT-3.14.4-1", "5.0:MQTT-3.14.4-2"
)
def test_disconnect_of_the_server(clients: Clients, topic: str) -> None:
    """What is read here has passed `wire.packets`: listed code, no Session Expiry, then an end."""
    client = clients.lasting(code.V5)
    client.subscribe((topic, 1))
    publisher = clients(code.V5)
    publisher.publish(topic, b"before", 1)
    newer = clients.lasting(code.V5, client.client_id)
    publisher.publish(topic, b"after", 1)
    client.receive(topic, b"before")
    client.expect_disconnect(code.SESSION_TAKEN_OVER)
    assert [message.payload for message in newer.drain()] == [b"before", b"after"]


@pytest.mark.normative("5.0:MQTT-3.14.2-3", "5.0:MQTT-3.1.2-24")
@pytest.mark.parametrize("maximum", [40, 60, 80, 1000])
def test_reason_string_of_disconnect_fits(clients: Clients, maximum: int) -> None:
    client = clients(code.V5, properties=[(prop.MAXIMUM_PACKET_SIZE, maximum)])
    client.send(encode.connect(code.V5, client.client_id))
    packet = client.expect_disconnect(code.PROTOCOL_ERROR)
    assert len(packet.raw) <= maximum


@pytest.mark.normative("5.0:MQTT-3.14.0-1", "5.0:MQTT-3.14.2-1")
def test_shutdown(tmp_path: Path) -> None:
    with BrokerProcess(tmp_path) as broker, Clients(broker.address) as clients:
        found: list[WireClient] = []
        for level in (code.V31, code.V311, code.V5):
            client = clients(level)
            client.publish("acknowledged", b"x", 1)
            found.append(client)
        silent = clients.socket(code.V5)
        broker.stop()
        for client in found:
            client.expect_refused(code.SERVER_SHUTTING_DOWN)
        silent.expect_closed()
