"""aiomqtt on a real broker."""

from real_clients.needed import need_module

need_module("aiomqtt")

from real_clients.aiomqtt_kit import AiomqttKit  # noqa: E402
from real_clients.scenarios import Scenarios  # noqa: E402


class TestAiomqtt(Scenarios):
    kit_type = AiomqttKit
