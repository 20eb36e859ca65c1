"""Integers, strings and binary data on the wire."""

import pytest
from codec_cases.steady import STEADY
from hypothesis import given
from hypothesis import strategies as st

from robustmq_mqtt.codec import wire
from robustmq_mqtt.codec.errors import MalformedPacket

# Section 1.5.5, table 1-1: the first and last value of each size.
BORDERS = {
    0: "00",
    127: "7f",
    128: "8001",
    16_383: "ff7f",
    16_384: "808001",
    2_097_151: "ffff7f",
    2_097_152: "80808001",
    268_435_455: "ffffff7f",
}


@pytest.mark.parametrize(("value", "encoded"), BORDERS.items())
def test_varint_borders(value: int, encoded: str) -> None:
    data = bytes.fromhex(encoded)
    assert wire.encode_varint(value) == data
    assert wire.decode_varint(data, 0, len(data)) == value << 3 | len(data)


@given(st.integers(0, wire.MAX_VARINT), st.binary(max_size=3), st.binary(max_size=3))
@STEADY
def test_varint_round_trip(value: int, before: bytes, after: bytes) -> None:
    encoded = wire.encode_varint(value)
    data = before + encoded + after
    packed = wire.decode_varint(data, len(before), len(before) + len(encoded))
    assert (packed >> 3, packed & 7) == (value, len(encoded))


@pytest.mark.parametrize("value", [-1, wire.MAX_VARINT + 1])
def test_varint_out_of_range(value: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        wire.encode_varint(value)


@pytest.mark.parametrize(
    "encoded",
    [
        *("", "80", "ffff", "808080", "ffffffff"),
        *("8000", "ff00", "808000", "ffff8000", "80808000"),
        *("8080808001", "ffffffff7f"),
    ],
)
def test_varint_cut_padded_or_too_long(encoded: str) -> None:
    data = bytes.fromhex(encoded)
    with pytest.raises(MalformedPacket):
        wire.decode_varint(data, 0, len(data))


def test_varint_stops_at_the_end_of_the_packet() -> None:
    with pytest.raises(MalformedPacket):
        wire.decode_varint(b"\x80\x01", 0, 1)
    with pytest.raises(MalformedPacket):
        wire.decode_varint(b"\x01", 0, 0)


def test_tables_hold_what_the_functions_give() -> None:
    assert len(wire.VARINT) == 0x4000
    assert len(wire.PACKET_ID) == 0x1_0000
    for value in (0, 1, 0x7F, 0x80, 0x3FFF):
        assert wire.VARINT[value] == wire.encode_varint(value)
    for value in (0, 1, 0xFF, 0x100, 0xFFFF):
        assert wire.PACKET_ID[value] == value.to_bytes(2, "big")


def test_integers() -> None:
    data = b"\x01\x02\x03\x04\x05"
    assert wire.read_u16(data, 1, 3, "x") == 0x0203
    assert wire.read_u32(data, 1, 5, "x") == 0x02030405
    with pytest.raises(MalformedPacket, match="x is cut short"):
        wire.read_u16(data, 1, 2, "x")
    with pytest.raises(MalformedPacket, match="x is cut short"):
        wire.read_u32(data, 1, 4, "x")


def test_field_end() -> None:
    data = b"\x00\x02ab\x00"
    assert wire.field_end(data, 0, 4, "x") == 4
    assert wire.field_end(b"\x00\x00", 0, 2, "x") == 2
    for pos, end in ((0, 0), (0, 1), (0, 2), (0, 3), (4, 5)):
        with pytest.raises(MalformedPacket, match="x is cut short"):
            wire.field_end(data, pos, end, "x")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50))
@STEADY
def test_string_round_trip(text: str) -> None:
    encoded = wire.encode_string(text)
    assert int.from_bytes(encoded[:2], "big") == len(encoded) - 2
    assert wire.decode_utf8(encoded, 2, len(encoded), "x") == text


@pytest.mark.parametrize(
    "encoded",
    [
        *("00", "6100", "ff", "80", "c3", "e282"),
        *("c0af", "c080", "e08080", "f0819982"),
        *("eda080", "edbfbf", "f4908080", "f8888080a0"),
    ],
)
def test_ill_formed_strings(encoded: str) -> None:
    data = bytes.fromhex(encoded)
    with pytest.raises(MalformedPacket, match="topic"):
        wire.decode_utf8(data, 0, len(data), "topic")


@pytest.mark.parametrize("text", ["\x01", "\x1f\x7f\x9f", "\ufeff", "\ufffe\uffff", "\U0010ffff"])
def test_unusual_characters_are_kept(text: str) -> None:
    data = text.encode()
    assert wire.decode_utf8(data, 0, len(data), "x") == text


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "x" * 65_536, "é" * 32_768])
def test_strings_that_cannot_be_encoded(text: str) -> None:
    with pytest.raises(ValueError, match=r"null character|surrogates|do not fit"):
        wire.encode_string(text)


def test_longest_fields() -> None:
    assert wire.encode_string("x" * 65_535)[:2] == b"\xff\xff"
    assert len(wire.encode_binary(bytes(65_535))) == 65_537
    with pytest.raises(ValueError, match="65536 bytes do not fit"):
        wire.encode_binary(bytes(65_536))


def test_packet_names() -> None:
    assert wire.PACKET_NAMES[wire.CONNECT] == "CONNECT"
    assert wire.PACKET_NAMES[wire.PUBCOMP] == "PUBCOMP"
    assert wire.PACKET_NAMES[wire.AUTH] == "AUTH"
    assert len(wire.PACKET_NAMES) == 16
