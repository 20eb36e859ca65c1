"""MQTT.js on a real broker."""

from real_clients.mqttjs_kit import MqttJsKit
from real_clients.scenarios import Scenarios


class TestMqttJs(Scenarios):
    kit_type = MqttJsKit
