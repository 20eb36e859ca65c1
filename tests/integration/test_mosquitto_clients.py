"""mosquitto_pub, mosquitto_sub and mosquitto_rr on a real broker."""

import pytest

from real_clients.mosquitto_kit import MosquittoKit
from real_clients.scenarios import MakeKit, Scenarios


class TestMosquitto(Scenarios):
    @pytest.fixture
    def make_kit(self) -> MakeKit:
        return MosquittoKit
