"""mosquitto_pub, mosquitto_sub and mosquitto_rr on a real broker."""

from real_clients.mosquitto_kit import MosquittoKit
from real_clients.scenarios import Scenarios


class TestMosquitto(Scenarios):
    kit_type = MosquittoKit
