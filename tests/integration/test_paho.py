"""paho-mqtt on a real broker."""

from real_clients.needed import need_module

need_module("paho")

from real_clients.paho_kit import PahoKit  # noqa: E402
from real_clients.scenarios import Scenarios  # noqa: E402


class TestPaho(Scenarios):
    kit_type = PahoKit
