"""What is written to storage can be read back, whatever it holds."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from message_strategies import TEXT, TOPIC, properties
from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.publish import Publish, decode_publish, encode_publish, new_publish
from robustmq_mqtt.codec.wire import V4, V5
from robustmq_mqtt.delivery import Delivery
from robustmq_mqtt.stored_message import (
    decode_delivery,
    decode_message,
    encode_delivery,
    encode_message,
    expiry_of,
    number_of,
)


@st.composite
def messages(draw: st.DrawFn) -> Publish:
    message = new_publish(
        draw(TOPIC), draw(st.binary(max_size=200)), draw(st.integers(0, 2)), draw(st.booleans())
    )
    message.properties = draw(properties())
    message.publisher = draw(TEXT)
    message.timestamp = draw(st.floats(0, 1e11))
    message.expires_at = draw(st.floats(0, 1e11))
    return message


def facts(message: Publish) -> tuple[Any, ...]:
    held = message.properties
    fields = {} if held is None else held.fields()
    return (
        *(message.topic, message.topic_bytes, message.payload, message.qos, message.retain),
        *(message.publisher, message.timestamp, message.expires_at, fields),
    )


@given(messages())
def test_messages(message: Publish) -> None:
    encoded = encode_message(message)
    again = decode_message(encoded)
    assert facts(again) == facts(message)
    assert expiry_of(encoded) == message.expires_at
    assert again.packet_id == 0
    assert not again.dup


def test_what_belongs_to_one_connection_is_left_out() -> None:
    given_properties = Properties()
    given_properties.topic_alias = 7
    given_properties.message_expiry_interval = 60
    given_properties.content_type = "text"
    frame = encode_publish(b"a", b"x", 1, dup=True, packet_id=9, properties=given_properties)
    message = decode_publish(frame, 0, 2, len(frame), V5)
    message.topic = "a"
    again = decode_message(encode_message(message))
    assert again.properties is not None
    assert again.properties.fields() == {"content_type": "text"}


def test_messages_of_3_x() -> None:
    frame = encode_publish(b"a/b", b"payload", version=V4)
    message = decode_publish(frame, 0, 2, len(frame), V4)
    message.topic = "a/b"
    again = decode_message(encode_message(message))
    assert (again.topic, again.payload, again.is_plain()) == ("a/b", b"payload", True)
    assert again.frame_v4() == frame


@given(
    messages(),
    st.integers(0, 2),
    st.booleans(),
    st.lists(st.integers(1, 268_435_455), max_size=5),
    TEXT,
    st.integers(0, 2**63),
)
def test_deliveries(
    message: Publish, qos: int, retain: bool, identifiers: list[int], shared: str, number: int
) -> None:
    delivery = Delivery(message, qos, retain, identifiers or None, shared)
    encoded = encode_delivery(delivery, number)
    assert number_of(encoded) == number
    again = decode_delivery(encoded, message if number else None)
    if number:
        assert again.message is message
    else:
        assert facts(again.message) == facts(message)
    assert (again.qos, again.retain) == (qos, retain)
    assert (again.identifiers, again.shared) == (identifiers or None, shared)
