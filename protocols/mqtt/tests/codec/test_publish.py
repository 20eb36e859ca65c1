"""PUBLISH beyond the case table: the frames a fan-out is made of."""

import pytest
from codec_cases.case import decode, properties, wire
from codec_cases.steady import STEADY
from codec_cases.strategies import BYTES, STRINGS, property_lists
from hypothesis import given
from hypothesis import strategies as st

from robustmq_mqtt.codec.properties import Properties, decode_properties
from robustmq_mqtt.codec.publish import Publish, encode_publish, new_publish
from robustmq_mqtt.codec.wire import PACKET_ID, PUBLISH


def received(text: str, version: int) -> Publish:
    packet = decode(wire(text), version)
    assert isinstance(packet, Publish)
    return packet


@given(STRINGS, st.binary(max_size=300))
@STEADY
def test_frames_are_what_a_client_would_send(topic: str, payload: bytes) -> None:
    packet = new_publish(topic, payload)
    name = topic.encode()
    assert packet.frame_v4() == encode_publish(name, payload, version=4)
    assert packet.frame_v5() == encode_publish(name, payload, version=5)
    for qos in (1, 2):
        id_ = PACKET_ID[0x1234]
        v4 = encode_publish(name, payload, qos, packet_id=0x1234, version=4)
        v5 = encode_publish(name, payload, qos, packet_id=0x1234, version=5)
        assert packet.head_v4(qos) + id_ + payload == v4
        assert packet.head_v5(qos) + id_ + b"\x00" + payload == v5
    # Asked again, they are the same.
    assert packet.frame_v4() == encode_publish(name, payload, version=4)
    assert packet.payload == payload
    assert packet.payload_size() == len(payload)


@pytest.mark.parametrize("version", [3, 4])
def test_a_received_frame_is_passed_on_as_it_came(version: int) -> None:
    packet = received("30 ## <a/b> 'payload'", version)
    assert packet.payload_size() == 7
    assert packet.frame_v4() == wire("30 ## <a/b> 'payload'")
    assert packet.frame_v5() == wire("30 ## <a/b> [] 'payload'")
    assert packet.payload == b"payload"


def test_flags_of_the_publisher_do_not_reach_subscribers() -> None:
    packet = received("3d ## <a> 0007 'x'", 4)
    assert (packet.qos, packet.retain, packet.dup, packet.packet_id) == (2, True, True, 7)
    assert packet.frame_v4() == wire("30 ## <a> 'x'")
    assert packet.head_v4(1) == wire("32 06 <a>")


@given(property_lists(PUBLISH))
@STEADY
def test_property_list_keeps_what_the_publisher_sent(sent: Properties | None) -> None:
    packet = new_publish("a", b"")
    packet.properties = sent
    data = packet.property_list(0.0, None, 0)
    got = decode_properties(data, 0, len(data), PUBLISH)
    assert got.end == len(data)
    expected = {} if sent is None else sent.fields()
    for own in ("message_expiry_interval", "subscription_identifiers", "topic_alias"):
        expected.pop(own, None)
    assert got.fields() == expected


def test_property_list_of_one_subscriber() -> None:
    packet = new_publish("a", b"")
    packet.properties = properties(content_type="t", topic_alias=9, subscription_identifiers=[5])
    packet.expires_at = 1_000.0
    data = packet.property_list(990.0, [3, 200], 7)
    got = decode_properties(data, 0, len(data), PUBLISH)
    assert got == properties(
        content_type="t",
        message_expiry_interval=10,
        subscription_identifiers=[3, 200],
        topic_alias=7,
    )


@pytest.mark.parametrize(("now", "remaining"), [(990.0, 10), (990.5, 10), (999.9, 1), (2e3, 1)])
def test_expiry_counts_down_in_whole_seconds(now: float, remaining: int) -> None:
    packet = new_publish("a", b"")
    packet.expires_at = 1_000.0
    data = packet.property_list(now, None, 0)
    assert data == b"\x05\x02" + remaining.to_bytes(4, "big")


def test_expired_at_its_time_and_never_without_one() -> None:
    packet = new_publish("a", b"")
    assert not packet.has_expired(1e12)
    packet.expires_at = 1_000.0
    assert not packet.has_expired(999.9)
    assert packet.has_expired(1_000.0)


def test_plain_without_properties_and_expiry() -> None:
    assert received("30 ## <a> [] 'x'", 5).is_plain()
    assert not received("30 ## <a> [03 <t>] 'x'", 5).is_plain()
    packet = new_publish("a", b"")
    packet.expires_at = 1.0
    assert not packet.is_plain()


def test_headers_are_the_user_properties() -> None:
    assert new_publish("a", b"").headers is None
    packet = received("30 ## <a> [26 <k> <v>] 'x'", 5)
    assert packet.headers == [("k", "v")]
    assert packet.key is None


def test_the_shared_model_has_what_goes_with_a_payload() -> None:
    bare = new_publish("a", b"")
    assert (bare.payload_format, bare.content_type) == (None, None)
    assert (bare.response_topic, bare.correlation_data) == (None, None)
    packet = received("30 ## <a> [01 01 03 <t> 08 <r> 09 <c>] 'x'", 5)
    assert (packet.payload_format, packet.content_type) == (1, "t")
    assert (packet.response_topic, packet.correlation_data) == ("r", b"c")


@given(STRINGS, BYTES)
@STEADY
def test_an_empty_property_list_is_no_properties(topic: str, payload: bytes) -> None:
    frame = encode_publish(topic.encode(), payload, version=5)
    packet = decode(frame, 5)
    assert isinstance(packet, Publish)
    assert packet.properties is None
    assert packet.payload == payload


def test_a_topic_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="65536 bytes do not fit"):
        encode_publish(b"x" * 65_536, b"")
