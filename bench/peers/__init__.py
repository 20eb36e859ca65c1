"""The brokers that are measured, each on a port of its own and with queues of any length."""

from typing import Final

from bench.peers.base import Peer
from bench.peers.debian import Mosquitto
from bench.peers.registries import Aedes, Amqtt, HiveMQ, Mochi, Rumqttd
from bench.peers.robustmq import RobustMQ

OURS: Final = "robustmq"
"""The peer that every other is paired with."""

DEFAULT: Final = (OURS, "mosquitto", "mochi", "rumqttd", "hivemq", "aedes", "amqtt")


def known_peers() -> dict[str, Peer]:
    """All peers by name."""
    peers: list[Peer] = [
        RobustMQ(),
        RobustMQ(plain=True),
        Mosquitto(),
        Mochi(),
        Rumqttd(),
        HiveMQ(),
        Aedes(),
        Amqtt(),
    ]
    return {peer.name: peer for peer in peers}
