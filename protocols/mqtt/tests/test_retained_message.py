"""What is kept of a PUBLISH that is retained comes out again as it was published."""

import pytest

from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.publish import Publish, new_publish
from robustmq_mqtt.retained_message import RetainedMessage


def published() -> Publish:
    properties = Properties()
    properties.payload_format_indicator = 1
    properties.content_type = "text"
    properties.response_topic = "r"
    properties.correlation_data = b"\x00\xff"
    properties.user_properties = [("k", "1"), ("k", "2")]
    properties.topic_alias = 7
    properties.message_expiry_interval = 50
    message = new_publish("é/b", b"payload", 2, True)
    message.properties = properties
    message.publisher = "p"
    message.timestamp = 100.0
    message.expires_at = 150.0
    return message


def test_it_comes_out_as_it_went_in() -> None:
    before = published()
    after = RetainedMessage(before, 1).to_publish()
    assert (after.topic, after.topic_bytes, after.payload) == ("é/b", "é/b".encode(), b"payload")
    assert (after.qos, after.retain, after.dup, after.packet_id) == (2, True, False, 0)
    assert (after.publisher, after.timestamp, after.expires_at) == ("p", 100.0, 150.0)
    assert after.property_list(110.0, [3], 0) == before.property_list(110.0, [3], 0)
    properties = after.properties
    assert properties is not None
    assert properties.user_properties == [("k", "1"), ("k", "2")]
    assert properties.correlation_data == b"\x00\xff"
    assert properties.topic_alias is None  # it meant something on one connection only


@pytest.mark.parametrize(("expires_at", "content_type"), [(0.0, None), (9.0, None), (0.0, "text")])
def test_plain(expires_at: float, content_type: str | None) -> None:
    message = new_publish("a", b"x", 0, True)
    message.expires_at = expires_at
    if content_type is not None:
        message.properties = Properties()
        message.properties.content_type = content_type
    kept = RetainedMessage(message, 1)
    assert kept.is_plain() == message.is_plain()
    assert kept.to_publish().is_plain() == message.is_plain()


def test_it_expires() -> None:
    kept = RetainedMessage(published(), 1)
    assert not kept.has_expired(149.9)
    assert kept.has_expired(150.0)
    assert not RetainedMessage(new_publish("a", b"x"), 1).has_expired(1e12)
