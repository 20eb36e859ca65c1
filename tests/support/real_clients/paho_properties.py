"""Properties as paho-mqtt (and aiomqtt, which stands on it) has them."""

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties as PahoProperties

from real_clients.kit import SESSION_SECONDS, V5, Properties


def publish_properties(version: int, properties: Properties | None) -> PahoProperties | None:
    """For a PUBLISH; None before 5.0."""
    if version != V5 or properties is None:
        return None
    made = PahoProperties(PacketTypes.PUBLISH)
    if properties.user:
        made.UserProperty = list(properties.user)
    if properties.content_type is not None:
        made.ContentType = properties.content_type
    if properties.response_topic is not None:
        made.ResponseTopic = properties.response_topic
    if properties.correlation_data is not None:
        made.CorrelationData = properties.correlation_data
    if properties.message_expiry is not None:
        made.MessageExpiryInterval = properties.message_expiry
    return made


def session_properties(version: int, session: bool) -> PahoProperties | None:
    """For a CONNECT whose session may outlive the connection; None before 5.0."""
    if version != V5 or not session:
        return None
    made = PahoProperties(PacketTypes.CONNECT)
    made.SessionExpiryInterval = SESSION_SECONDS
    return made


def received_properties(properties: PahoProperties | None) -> Properties:
    """Of a message that came."""
    return Properties(
        user=tuple(getattr(properties, "UserProperty", ())),
        content_type=getattr(properties, "ContentType", None),
        response_topic=getattr(properties, "ResponseTopic", None),
        correlation_data=getattr(properties, "CorrelationData", None),
        message_expiry=getattr(properties, "MessageExpiryInterval", None),
    )
