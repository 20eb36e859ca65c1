"""[H] A message of another protocol, as MQTT sees it."""

from typing import TYPE_CHECKING

from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.publish import Publish, new_publish

if TYPE_CHECKING:
    from robustmq_common.message import Message


def as_publish(message: "Message") -> Publish:
    """The PUBLISH that carries a message of the shared model: headers become user properties."""
    packet = new_publish(message.topic, message.payload, message.qos, message.retain)
    properties = Properties()
    properties.payload_format_indicator = message.payload_format
    properties.content_type = message.content_type
    properties.response_topic = message.response_topic
    properties.correlation_data = message.correlation_data
    properties.user_properties = message.headers or None
    if properties.fields():
        packet.properties = properties
    packet.publisher = message.publisher
    packet.tenant = message.tenant
    packet.timestamp = message.timestamp
    packet.expires_at = message.expires_at
    return packet
