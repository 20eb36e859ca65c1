"""MQTT.js on a real broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker_process import BrokerProcess
from real_clients.kit import V5, V311, Message
from real_clients.mqttjs_kit import MqttJsKit, NodeProcess
from real_clients.scenarios import LAST, MakeKit, Scenarios
from wire import unique_id


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    """A node process that the tests share: starting one takes longer than most of them."""
    with NodeProcess() as node:
        yield node


class TestMqttJs(Scenarios):
    @pytest.fixture
    def make_kit(self, node: NodeProcess) -> MakeKit:
        return lambda address: MqttJsKit(address, node)


@pytest.fixture
def kit(broker: BrokerProcess, node: NodeProcess) -> Iterator[MqttJsKit]:
    kit = MqttJsKit(broker.address, node)
    yield kit
    kit.close()


def test_topic_aliases_in_both_directions(kit: MqttJsKit, topic: str) -> None:
    receiving = kit.options(V5) | {"properties": {"topicAliasMaximum": 3}}
    subscriber = kit.client(receiving)
    subscriber.subscribe(f"{topic}/+")
    sending = kit.options(V5) | {"autoAssignTopicAlias": True, "autoUseTopicAlias": True}
    publisher = kit.client(sending)
    # Not at QoS 2: MQTT.js 5.16 puts a message aside until PUBREL, but not what its alias means.
    names = [f"{topic}/{number % 7}" for number in range(70)]
    for at, name in enumerate(names):
        publisher.publish(name, b"%d" % at, qos=at % 2)
    got = sorted(subscriber.messages(70), key=lambda message: int(message.payload))
    assert got == [Message(name, b"%d" % at, at % 2, False) for at, name in enumerate(names)]


def test_takeover_closes_a_3_1_1_connection(kit: MqttJsKit, topic: str) -> None:
    name = unique_id()
    first = kit.client(kit.options(V311, name))
    second = kit.subscriber(V311, topic, client_id=name)
    assert first.ended() is None
    kit.publish(V311, topic, LAST, qos=1)
    assert second.messages(1) == [Message(topic, LAST, 1, False)]


def test_a_client_reconnects_to_a_restarted_broker(
    tmp_path: Path, node: NodeProcess, topic: str
) -> None:
    with BrokerProcess(tmp_path / "first") as broker:
        host, port = broker.address
        kit = MqttJsKit(broker.address, node)
        client = kit.client(kit.options(V5) | {"reconnectPeriod": 100})
        client.subscribe(topic)
    assert client.ended() == 0x8B
    with BrokerProcess(tmp_path / "second", {"listeners.tcp.bind": f"{host}:{port}"}):
        client.collected.wait_for(lambda: client.connections == 2, "the second connection")
        # It subscribes again by itself.
        client.publish(topic, b"again", qos=1)
        assert client.messages(1)[0].payload == b"again"
        kit.close()
