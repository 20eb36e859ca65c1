"""MQTT over QUIC at a real broker: every version and QoS, beside TCP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker_process import BrokerProcess
from certificates import Authority
from quic_client import bridge
from wire import WireClient, code, unique_id
from wire.packets import Disconnect

LEVELS = pytest.mark.parametrize("level", [code.V311, code.V5], ids=["v311", "v5"])


def settings(authority: Authority) -> dict[str, str]:
    server = authority.server()
    return {
        "listeners.quic.protocol": "mqtt",
        "listeners.quic.transport": "quic",
        "listeners.quic.bind": "127.0.0.1:0",
        "listeners.quic.tls.certfile": str(server.certificate),
        "listeners.quic.tls.keyfile": str(server.key),
        "mqtt.max_packet_size": "4MB",
    }


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def broker(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrokerProcess]:
    with BrokerProcess(tmp_path_factory.mktemp("broker"), settings(authority)) as broker:
        quic_address(broker)
        yield broker


def quic_address(broker: BrokerProcess) -> tuple[str, int]:
    broker.wait_for(lambda: "quic" in broker.addresses, 10.0, "the QUIC listener")
    return broker.addresses["quic"]


@LEVELS
@pytest.mark.parametrize("size", [10, 2_000_000])
def test_between_quic_and_tcp(
    broker: BrokerProcess, authority: Authority, level: int, size: int
) -> None:
    topic = unique_id()
    body = bytes(range(250)) * (size // 250) if size > 250 else b"0123456789"
    with (
        bridge(broker.addresses["quic"], authority.file) as sock,
        WireClient(sock, level) as quic,
        WireClient(broker.address, level) as tcp,
    ):
        quic.connect()
        tcp.connect()
        for qos in (0, 1, 2):
            quic.subscribe((topic, qos))
            tcp.subscribe((topic, qos))
            for publisher in (quic, tcp):
                publisher.publish(topic, body, qos)
                for subscriber in (quic, tcp):
                    message = subscriber.receive()
                    assert (message.topic, message.qos) == (topic, qos)
                    assert message.payload == body


def test_a_shutdown_says_goodbye(authority: Authority, tmp_path: Path) -> None:
    with BrokerProcess(tmp_path, settings(authority)) as broker:
        address = quic_address(broker)
        with bridge(address, authority.file) as sock, WireClient(sock, code.V5) as client:
            client.connect()
            broker.terminate()
            assert client.expect(Disconnect).reason == 0x8B
            client.expect_closed()
            broker.wait_stopped()
            broker.start()
