"""[P] An MQTT client without I/O, and the counting that a load generator needs.

This is what other packages may import of the pack. `ClientConnection` is the protocol;
`PublishBatch`, `Receiver` and `Latency` send and count messages by the hundred thousand.
"""

from robustmq_mqtt.client.batch import NUMBER, PublishBatch
from robustmq_mqtt.client.client_connection import CLOSED, CONNECTED, ClientConnection
from robustmq_mqtt.client.interfaces import ClientHandler, Clock, Transport
from robustmq_mqtt.client.latency import Latency
from robustmq_mqtt.client.receiver import ANY_RUN, Received, Receiver
from robustmq_mqtt.client.stamp import MAX_PUBLISHERS, MAX_RUN, source_of
from robustmq_mqtt.client.stamp import SIZE as STAMP_SIZE
from robustmq_mqtt.codec.packets import Connack, Connect, Suback, TopicSubscription
from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.publish import Publish
from robustmq_mqtt.codec.reason_codes import reason_name
from robustmq_mqtt.codec.wire import PACKET_NAMES, V3, V4, V5

__all__ = [
    "ANY_RUN",
    "CLOSED",
    "CONNECTED",
    "MAX_PUBLISHERS",
    "MAX_RUN",
    "NUMBER",
    "PACKET_NAMES",
    "STAMP_SIZE",
    "V3",
    "V4",
    "V5",
    "ClientConnection",
    "ClientHandler",
    "Clock",
    "Connack",
    "Connect",
    "Latency",
    "Properties",
    "Publish",
    "PublishBatch",
    "Received",
    "Receiver",
    "Suback",
    "TopicSubscription",
    "Transport",
    "reason_name",
    "source_of",
]
