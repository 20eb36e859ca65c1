"""aiomqtt on a real broker."""

import pytest

from real_clients.needed import need_module

need_module("aiomqtt")

from real_clients.aiomqtt_kit import AiomqttKit  # noqa: E402
from real_clients.scenarios import MakeKit, Scenarios  # noqa: E402


class TestAiomqtt(Scenarios):
    @pytest.fixture
    def make_kit(self) -> MakeKit:
        return AiomqttKit
