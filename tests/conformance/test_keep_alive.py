"""Keep alive and PINGREQ."""

import time

import pytest

from broker_process import BrokerWith
from wire import Clients, Disconnect, Pingresp, Will, code, encode, levels, prop


@pytest.mark.normative("3.1.1:MQTT-3.12.4-1", "5.0:MQTT-3.12.4-1")
def test_ping_is_answered(clients: Clients, level: int) -> None:
    client = clients(level)
    client.send(encode.PINGREQ * 3)
    for _ in range(3):
        client.expect(Pingresp)
    client.quiet()


@pytest.mark.normative("3.1.1:MQTT-3.1.2-24", "5.0:MQTT-3.1.2-22", "5.0:MQTT-3.2.2-22")
def test_silence_ends_the_connection(clients: Clients, level: int, topic: str) -> None:
    watcher = clients.subscriber(level, topic)
    client = clients.socket(level)
    connack = client.connect(keep_alive=1, will=Will(topic, b"went silent"))
    assert prop.SERVER_KEEP_ALIVE not in connack.properties
    begin = time.monotonic()
    if level == code.V5:
        assert client.expect(Disconnect).reason == code.KEEP_ALIVE_TIMEOUT
    client.expect_closed()
    # From one and a half intervals on, with what a coarse timer and a busy machine may add.
    assert 1.4 <= time.monotonic() - begin < 6
    watcher.receive(topic, b"went silent")


@pytest.mark.normative("3.1.1:MQTT-3.1.2-24", "5.0:MQTT-3.1.2-22")
@levels(code.V311, code.V5)
def test_any_packet_keeps_the_connection(clients: Clients, level: int, topic: str) -> None:
    pinging = clients(level, keep_alive=2)
    publishing = clients(level, keep_alive=2)
    without = clients(level, keep_alive=0)
    for _ in range(3):
        clients.elapse(1)
        pinging.settle()
        publishing.send_publish(topic, b"busy")
    for client in (pinging, publishing, without):
        client.quiet()


def test_sending_to_a_client_does_not_keep_it(clients: Clients, level: int, topic: str) -> None:
    silent = clients(level, keep_alive=1)
    silent.subscribe(topic)
    publisher = clients(level)
    begin = time.monotonic()
    for number in range(3):
        publisher.publish(topic, b"%d" % number)
        clients.elapse(1)
    silent.await_end()
    assert time.monotonic() - begin < 10


def test_server_keep_alive_replaces_the_clients(broker_with: BrokerWith, topic: str) -> None:
    broker = broker_with({"mqtt.server_keep_alive": "1"})
    with Clients(broker.address) as clients:
        client = clients.socket(code.V5)
        connack = client.connect(keep_alive=600)
        assert connack.properties.number(prop.SERVER_KEEP_ALIVE) == 1
        assert client.expect(Disconnect).reason == code.KEEP_ALIVE_TIMEOUT
        client.expect_closed()
