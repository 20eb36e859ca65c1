"""Real clients and bad peers at a real broker's WebSocket listeners."""

import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from paho.mqtt import client as mqtt

from certificates import Authority
from real_clients.kit import V5, V311, Collected, Message
from real_clients.lines import DEADLINE
from real_clients.mqttjs_kit import JsClient, NodeProcess
from websocket_broker import WebSocketBroker, websocket_broker
from wire import unique_id

LARGE = b"x" * 300_000
both_transports = pytest.mark.parametrize("transport", ["ws", "wss"])
each_version = pytest.mark.parametrize("version", [V311, V5])


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSocketBroker]:
    with websocket_broker(tmp_path_factory.mktemp("websocket")) as broker:
        yield broker


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    with NodeProcess() as node:
        yield node


class Paho:
    """A paho client over WebSocket."""

    def __init__(self, broker: WebSocketBroker, transport: str, version: int) -> None:
        self.collected = Collected()
        self.connack: Any = None
        self.granted: Any = None
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            unique_id(),
            protocol=mqtt.MQTTProtocolVersion(version),
            transport="websockets",
            reconnect_on_failure=False,
        )
        if transport == "wss":
            self.client.tls_set(str(broker.ca))
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message
        self.client.connect(*broker.address(transport))
        self.client.loop_start()
        self.collected.wait_for(lambda: self.connack, "CONNACK")

    def _on_connect(self, *given: Any) -> None:
        self.connack = given[3]
        self.collected.notify()

    def _on_subscribe(self, *given: Any) -> None:
        self.granted = given[3]
        self.collected.notify()

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self.collected.add(
            Message(message.topic, bytes(message.payload), message.qos, message.retain)
        )

    def leave(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@both_transports
@each_version
def test_paho(broker: WebSocketBroker, transport: str, version: int, topic: str) -> None:
    paho = Paho(broker, transport, version)
    try:
        paho.client.subscribe(topic, 2)
        paho.collected.wait_for(lambda: paho.granted, "SUBACK")
        payloads = [*(f"{number}".encode() for number in range(500)), LARGE]
        for payload in payloads:
            paho.client.publish(topic, payload, 1)
        got = paho.collected.wait_for_messages(len(payloads), DEADLINE)
        assert [message.payload for message in got] == payloads
    finally:
        paho.leave()


@both_transports
@each_version
def test_mqttjs(
    broker: WebSocketBroker, node: NodeProcess, transport: str, version: int, topic: str
) -> None:
    host, port = broker.address(transport)
    options: dict[str, Any] = {"protocol": transport, "host": host, "port": port, "path": "/mqtt"}
    options |= {"protocolVersion": version, "clientId": unique_id(), "reconnectPeriod": 0}
    if transport == "wss":
        options["ca"] = broker.ca.read_text()
    client = JsClient(node, options)
    try:
        client.subscribe(topic)
        payloads = [*(f"{number}".encode() for number in range(500)), LARGE]
        client.publish(topic, *payloads, qos=2)
        assert [message.payload for message in client.messages(501)] == payloads
    finally:
        client.leave()


def answer(address: tuple[str, int], data: bytes) -> bytes:
    """All that a listener says to these bytes before it closes."""
    with socket.create_connection(address, 10) as client:
        client.sendall(data)
        got = b""
        while piece := client.recv(65_536):
            got += piece
        return got


BAD = {
    "plain MQTT": (b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00", b"HTTP/1.1 400 "),
    "a browser's GET": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 404 "),
    "a GET of the path": (b"GET /mqtt HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 426 "),
    "garbage": (b"\x00" * 100, b"HTTP/1.1 400 "),
}


@pytest.mark.parametrize(("data", "response"), BAD.values(), ids=BAD)
def test_what_is_no_handshake(broker: WebSocketBroker, data: bytes, response: bytes) -> None:
    assert answer(broker.address("ws"), data).startswith(response)


def test_tls_on_the_port_without(broker: WebSocketBroker) -> None:
    context = ssl.create_default_context(cafile=str(broker.ca))
    with (
        socket.create_connection(broker.address("ws"), 10) as client,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(client, server_hostname="localhost")
    broker.broker.wait_for_log("expected HTTP, but this is a TLS ClientHello")


def test_no_tls_on_the_port_with(broker: WebSocketBroker) -> None:
    assert not answer(broker.address("wss"), b"GET /mqtt HTTP/1.1\r\n\r\n").startswith(b"HTTP/")


def test_clients_check_the_certificate(broker: WebSocketBroker, tmp_path: Any) -> None:
    context = ssl.create_default_context(cafile=str(Authority(tmp_path).file))
    with (
        socket.create_connection(broker.address("wss"), 10) as client,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(client, server_hostname="localhost")
