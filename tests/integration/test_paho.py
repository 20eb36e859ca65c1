"""paho-mqtt on a real broker."""

import pytest

from real_clients.needed import need_module

need_module("paho")

from real_clients.paho_kit import PahoKit  # noqa: E402
from real_clients.scenarios import MakeKit, Scenarios  # noqa: E402


class TestPaho(Scenarios):
    @pytest.fixture
    def make_kit(self) -> MakeKit:
        return PahoKit
