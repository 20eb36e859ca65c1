"""Where packets end, and which first bytes are legal."""

import pytest
from codec_cases.steady import STEADY
from hypothesis import given
from hypothesis import strategies as st

from robustmq_mqtt.codec.errors import MalformedPacket, PacketError, ProtocolViolation
from robustmq_mqtt.codec.fixed_header import body_start, check_flags, frame_end
from robustmq_mqtt.codec.reason_codes import PACKET_TOO_LARGE
from robustmq_mqtt.codec.wire import encode_varint

UNLIMITED = 268_435_460


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (0, "3000"),
        (127, "307f"),
        (128, "308001"),
        (16_383, "30ff7f"),
        (16_384, "30808001"),
        (2_097_151, "30ffff7f"),
        (2_097_152, "3080808001"),
    ],
)
def test_sizes_around_each_length_byte(size: int, header: str) -> None:
    data = bytes.fromhex(header) + bytes(size)
    assert frame_end(data, 0, len(data), UNLIMITED, 5) == len(data)
    assert frame_end(data, 0, len(data) - 1, UNLIMITED, 5) == 0 or size == 0
    assert body_start(data, 0) == len(data) - size


def test_the_longest_packet_is_awaited() -> None:
    assert frame_end(b"\x30\xff\xff\xff\x7f", 0, 5, UNLIMITED, 5) == 0


@given(st.binary(max_size=40), st.integers(0, 300), st.binary(max_size=5))
@STEADY
def test_finds_the_end_at_any_position(before: bytes, size: int, after: bytes) -> None:
    data = before + b"\x30" + encode_varint(size) + bytes(size) + after
    end = len(data) - len(after)
    assert frame_end(data, len(before), len(data), UNLIMITED, 5) == end
    assert frame_end(data, len(before), end - 1, UNLIMITED, 5) == 0
    assert body_start(data, len(before)) == end - size


@pytest.mark.parametrize("version", [0, 3, 4, 5])
@pytest.mark.parametrize("tail", ["", "00", "7f", "80"])
def test_a_fifth_length_byte_is_malformed_as_soon_as_it_shows(version: int, tail: str) -> None:
    data = bytes.fromhex("30ffffffff" + tail)
    with pytest.raises(MalformedPacket):
        frame_end(data, 0, len(data), UNLIMITED, version)


@pytest.mark.parametrize("length", ["8000", "808000", "80808000", "ff00", "81808000"])
def test_a_padded_length_is_malformed_in_mqtt_5_only(length: str) -> None:
    data = b"\x30" + bytes.fromhex(length) + bytes(200)
    with pytest.raises(MalformedPacket):
        frame_end(data, 0, len(data), UNLIMITED, 5)
    with pytest.raises(MalformedPacket):
        frame_end(data, 0, len(data), UNLIMITED)
    value = int(length[:2], 16) & 0x7F
    for version in (0, 3, 4):
        assert frame_end(data, 0, len(data), UNLIMITED, version) == 1 + len(length) // 2 + value


def test_too_large_counts_the_whole_packet_and_needs_only_the_header() -> None:
    header = b"\x30\x62"
    assert frame_end(header, 0, 2, 100, 5) == 0
    with pytest.raises(PacketError) as caught:
        frame_end(header, 0, 2, 99, 5)
    assert caught.value.reason_code == PACKET_TOO_LARGE
    assert "PUBLISH of 100 bytes" in caught.value.reason


def test_too_large_is_judged_once_the_length_is_complete() -> None:
    assert frame_end(b"\x30\x80", 0, 2, 50, 5) == 0
    with pytest.raises(PacketError):
        frame_end(b"\x30\x80\x01", 0, 3, 50, 5)


@pytest.mark.parametrize("version", [4, 5])
def test_flags_of_mqtt_3_1_1_and_5(version: int) -> None:
    legal = {*range(0x30, 0x40), 0x10, 0x20, 0x40, 0x50, 0x62, 0x70, 0x82, 0x90, 0xA2, 0xB0}
    legal |= {0xC0, 0xD0, 0xE0}
    if version == 5:
        legal.add(0xF0)
    for first in range(256):
        if first in legal:
            check_flags(first, version)
        else:
            with pytest.raises(PacketError):
                check_flags(first, version)


def test_mqtt_3_1_defines_no_reserved_flags() -> None:
    for first in range(256):
        if first >> 4 in {0, 15}:
            with pytest.raises(PacketError):
                check_flags(first, 3)
        else:
            check_flags(first, 3)


def test_auth_is_a_protocol_error_before_mqtt_5() -> None:
    for version in (0, 3, 4):
        with pytest.raises(ProtocolViolation):
            check_flags(0xF0, version)


def test_before_connect_its_flags_wait_for_the_version() -> None:
    for flags in range(16):
        check_flags(0x10 | flags, 0)
    with pytest.raises(MalformedPacket):
        check_flags(0xC1, 0)
