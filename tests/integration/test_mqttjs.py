"""MQTT.js on a real broker."""

from collections.abc import Iterator

import pytest

from real_clients.mqttjs_kit import MqttJsKit, NodeProcess
from real_clients.scenarios import MakeKit, Scenarios


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    """A node process that the tests share: starting one takes longer than most of them."""
    with NodeProcess() as node:
        yield node


class TestMqttJs(Scenarios):
    @pytest.fixture
    def make_kit(self, node: NodeProcess) -> MakeKit:  # type: ignore[override]
        return lambda address: MqttJsKit(address, node)
