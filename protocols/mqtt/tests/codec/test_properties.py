"""Properties: every one in every place, once, twice, cut, out of range."""

import pytest
from codec_cases.case import properties, wire
from codec_cases.property_rows import EVERYWHERE, KNOWN, ROWS, Row

from robustmq_mqtt.codec.errors import MalformedPacket, PacketError, ProtocolViolation
from robustmq_mqtt.codec.properties import (
    Properties,
    decode_properties,
    describe,
    encode_properties,
    read_properties,
)
from robustmq_mqtt.codec.property_table import WILL
from robustmq_mqtt.codec.reader import Reader
from robustmq_mqtt.codec.reason_codes import PROTOCOL_ERROR, TOPIC_ALIAS_INVALID
from robustmq_mqtt.codec.wire import CONNECT, PUBLISH, SUBSCRIBE, encode_varint

REPEATABLE = {
    *((0x26, place) for place in EVERYWHERE),
    (0x0B, PUBLISH),
}


def listed(*encoded: bytes) -> bytes:
    body = b"".join(encoded)
    return encode_varint(len(body)) + body


def decode(data: bytes, place: int) -> Properties:
    decoded = decode_properties(data, 0, len(data), place)
    assert decoded.end == len(data)
    return decoded


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_in_every_place(row: Row) -> None:
    data = listed(bytes([row.identifier]), row.encoded)
    for place in EVERYWHERE:
        if place in row.places:
            decoded = decode(data, place)
            assert decoded.fields() == {row.name: row.value}
            assert encode_properties(decoded) == data
        else:
            with pytest.raises(MalformedPacket, match=f"{row.name} is not allowed in"):
                decode(data, place)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_twice(row: Row) -> None:
    data = listed(bytes([row.identifier]), row.encoded, bytes([row.identifier]), row.encoded)
    for place in row.places:
        if (row.identifier, place) in REPEATABLE:
            assert isinstance(row.value, list)
            assert decode(data, place).fields() == {row.name: row.value * 2}
        else:
            with pytest.raises(ProtocolViolation, match=f"{row.name} appears twice"):
                decode(data, place)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_value_cut_at_every_byte(row: Row) -> None:
    for place in row.places:
        for size in range(len(row.encoded)):
            data = listed(bytes([row.identifier]), row.encoded[:size])
            with pytest.raises(MalformedPacket):
                decode(data, place)
            # Bytes behind the list belong to the packet, not to the value.
            with pytest.raises(MalformedPacket):
                decode_properties(data + row.encoded, 0, len(data + row.encoded), place)


@pytest.mark.parametrize("row", [row for row in ROWS if row.out_of_range], ids=str)
def test_out_of_range(row: Row) -> None:
    expected = TOPIC_ALIAS_INVALID if row.name == "topic_alias" else PROTOCOL_ERROR
    for place in row.places:
        for value in row.out_of_range:
            with pytest.raises(PacketError, match=f"{row.name} cannot be") as caught:
                decode(listed(bytes([row.identifier]), value), place)
            assert caught.value.reason_code == expected


@pytest.mark.parametrize("tail", [b"", b"\x01", b"\x01\x00\x00\x00\x00"])
def test_unknown_identifiers(tail: bytes) -> None:
    for identifier in set(range(256)) - KNOWN:
        with pytest.raises(MalformedPacket, match="unknown property identifier"):
            decode(listed(bytes([identifier]), tail), PUBLISH)


@pytest.mark.parametrize(
    "text", ["", "01", "05 01", "80", "8000", "808000", "80808080 01", "ffffffff 7f", "0227 00"]
)
def test_bad_list_length(text: str) -> None:
    data = wire(text)
    with pytest.raises(MalformedPacket):
        decode_properties(data, 0, len(data), CONNECT)


def test_list_may_not_reach_past_the_packet() -> None:
    data = wire("[26 <a> <b>]")
    for end in range(len(data)):
        with pytest.raises(MalformedPacket):
            decode_properties(data, 0, end, PUBLISH)


def test_ends_where_the_list_ends() -> None:
    data = b"\xff" + wire("[23 0001]") + b"payload"
    assert decode_properties(data, 1, len(data), PUBLISH).end == 5


def test_order_and_duplicates_of_user_properties_are_kept() -> None:
    pairs = [("b", "2"), ("a", "1"), ("b", "2"), ("", "")]
    data = encode_properties(properties(user_properties=pairs))
    assert decode(data, PUBLISH).user_properties == pairs


def test_several_subscription_identifiers_only_in_publish() -> None:
    data = encode_properties(properties(subscription_identifiers=[3, 1, 3]))
    assert decode(data, PUBLISH).subscription_identifiers == [3, 1, 3]
    with pytest.raises(ProtocolViolation):
        decode(data, SUBSCRIBE)


def test_read_properties_gives_none_for_an_empty_list() -> None:
    reader = Reader(b"\x00rest", 0, 5)
    assert read_properties(reader, PUBLISH) is None
    assert reader.pos == 1
    reader = Reader(wire("[23 0001] 'rest'"), 0, 8)
    assert read_properties(reader, PUBLISH) == properties(topic_alias=1)
    assert reader.pos == 4
    with pytest.raises(MalformedPacket):
        read_properties(Reader(b"", 0, 0), PUBLISH)


def test_long_list() -> None:
    pairs = [("k" * 100, "v" * 100)] * 100
    data = encode_properties(properties(user_properties=pairs))
    assert len(data) == 3 + 100 * 205
    assert decode(data, WILL).user_properties == pairs


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("receive_maximum", 0),
        ("receive_maximum", 65_536),
        ("topic_alias", 0),
        ("maximum_packet_size", 0),
        ("maximum_packet_size", 1 << 32),
        ("session_expiry_interval", -1),
        ("maximum_qos", 2),
        ("subscription_identifiers", [0]),
        ("subscription_identifiers", [1, 268_435_456]),
        ("reason_string", "x" * 65_536),
        ("reason_string", "a\0b"),
        ("correlation_data", bytes(65_536)),
        ("user_properties", [("a", "\ud800")]),
    ],
)
def test_values_that_cannot_be_encoded(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"cannot be|do not fit|cannot contain|surrogates"):
        encode_properties(properties(**{name: value}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reason_string", 5),
        ("reason_string", b"bytes"),
        ("correlation_data", "text"),
        ("receive_maximum", "1"),
        ("receive_maximum", [1]),
        ("subscription_identifiers", 1),
        ("user_properties", "pairs"),
    ],
)
def test_values_of_the_wrong_type(name: str, value: object) -> None:
    # The compiled class refuses the value when it is set, the encoder when it meets it.
    with pytest.raises((TypeError, ValueError), match=r"cannot be a|object expected"):
        encode_properties(properties(**{name: value}))


def test_flags_may_be_booleans() -> None:
    assert encode_properties(properties(retain_available=True)) == wire("[25 01]")


def test_empty_list_is_one_zero_byte() -> None:
    assert encode_properties(None) == b"\x00"
    assert encode_properties(Properties()) == b"\x00"


def test_equality_and_text_form() -> None:
    one = properties(reason_string="x", correlation_data=b"secret")
    other = properties(reason_string="x", correlation_data=b"secret")
    other.end = 99
    assert one == other
    assert one != properties(reason_string="x")
    assert one != object()
    assert repr(one) == "Properties(correlation_data=<6 bytes>, reason_string='x')"
    assert describe(b"abc") == "<3 bytes>"
    assert describe("abc") == "'abc'"
