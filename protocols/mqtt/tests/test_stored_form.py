"""What is written to storage can be read back, whatever it holds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustmq_mqtt.codec.packets import Will
from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.publish import Publish, decode_publish, encode_publish, new_publish
from robustmq_mqtt.codec.wire import V4, V5
from robustmq_mqtt.delivery import RELEASED, SENT, Delivery
from robustmq_mqtt.stored_form import (
    decode_delivery,
    decode_message,
    decode_will,
    delivery_key,
    encode_delivery,
    encode_message,
    encode_session,
    encode_will,
    incoming_key,
    message_key,
    session_shard,
)

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
TOPIC = TEXT.filter(lambda text: text and not set(text) & set("+#"))


@st.composite
def properties(draw: st.DrawFn, *, will: bool = False) -> Properties | None:
    if draw(st.booleans()):
        return None
    made = Properties()
    made.payload_format_indicator = draw(st.sampled_from([None, 0, 1]))
    made.content_type = draw(st.none() | TEXT)
    made.response_topic = draw(st.none() | TOPIC)
    made.correlation_data = draw(st.none() | st.binary(max_size=10))
    pairs = draw(st.lists(st.tuples(TEXT, TEXT), max_size=3))
    made.user_properties = pairs or None
    if will:
        made.will_delay_interval = draw(st.none() | st.integers(0, 0xFFFFFFFF))
        made.message_expiry_interval = draw(st.none() | st.integers(0, 0xFFFFFFFF))
    return made


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
    again = decode_message(encode_message(message))
    assert facts(again) == facts(message)
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
    st.integers(0, 2),
    st.booleans(),
    st.integers(0, 2),
    st.integers(0, 65_535),
    st.lists(st.integers(1, 268_435_455), max_size=5),
    TEXT,
    st.integers(1, 2**63),
)
def test_deliveries(
    qos: int,
    retain: bool,
    state: int,
    packet_id: int,
    identifiers: list[int],
    shared: str,
    message_id: int,
) -> None:
    message = new_publish("a", b"x")
    message.stored_id = message_id
    delivery = Delivery(message, qos, retain, identifiers or None, shared)
    delivery.state = state
    delivery.packet_id = packet_id
    again = decode_delivery(encode_delivery(delivery), {message_id: message})
    assert again is not None
    assert again.message is message
    assert (again.qos, again.retain, again.state, again.packet_id) == (
        qos,
        retain,
        state,
        packet_id,
    )
    assert (again.identifiers, again.shared, again.stored) == (identifiers or None, shared, True)


def test_a_delivery_whose_message_is_gone() -> None:
    message = new_publish("a", b"x")
    message.stored_id = 5
    assert decode_delivery(encode_delivery(Delivery(message, 1, False, None, "")), {}) is None


@given(TOPIC, st.binary(max_size=50), st.integers(0, 2), st.booleans(), properties(will=True))
def test_wills(topic: str, payload: bytes, qos: int, retain: bool, held: Properties | None) -> None:
    will = Will(topic, payload, qos, retain, held)
    again = decode_will(encode_will(will))
    assert again is not None
    assert again.properties == held or (held is not None and held.fields() == {})
    assert (again.topic, again.payload, again.qos, again.retain) == (topic, payload, qos, retain)


def test_no_will() -> None:
    assert decode_will(None) is None
    assert b'"will": null' in encode_session(5, 1.5, None, None)


def test_keys_sort_as_their_numbers_do() -> None:
    numbers = [1, 2, 255, 256, 65_535, 2**40]
    assert sorted(map(message_key, numbers)) == list(map(message_key, numbers))
    assert sorted(map(delivery_key, numbers)) == list(map(delivery_key, numbers))
    small = numbers[:5]
    assert sorted(map(incoming_key, small)) == list(map(incoming_key, small))


@pytest.mark.parametrize("state", [SENT, RELEASED])
def test_a_session_s_shard_holds_its_identifier(state: int) -> None:
    assert session_shard("a/é") == "mqtt/session/a/é"
    assert delivery_key(state)[:1] != incoming_key(state)[:1]
