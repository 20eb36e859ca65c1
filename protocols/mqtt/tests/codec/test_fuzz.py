"""No input makes a decoder raise anything but PacketError."""

import subprocess
import sys
from pathlib import Path

import pytest
from codec_cases import CASES
from codec_cases.case import MAX_PACKET_SIZE, comparable, decode, encode
from codec_cases.property_rows import EVERYWHERE
from codec_cases.steady import EXTENSIVE
from hypothesis import example, given
from hypothesis import strategies as st

from robustmq_mqtt.codec.connect import connect_version
from robustmq_mqtt.codec.decoder import decode_packet
from robustmq_mqtt.codec.errors import PacketError
from robustmq_mqtt.codec.fixed_header import frame_end
from robustmq_mqtt.codec.properties import decode_properties
from robustmq_mqtt.codec.wire import CONNECT, encode_varint

REPOSITORY = Path(__file__).resolve().parents[4]
VERSIONS = st.sampled_from([0, 3, 4, 5])
FRAMES = [case.data for case in CASES]


def answerable(error: PacketError) -> None:
    assert 0x80 <= error.reason_code <= 0xA2
    assert error.reason


def survives(data: bytes, version: int) -> None:
    """Decode the first packet of `data`; what decodes must encode and decode to itself."""
    try:
        end = frame_end(data, 0, len(data), MAX_PACKET_SIZE, version)
        if end == 0:
            return
        assert 2 <= end <= len(data)
        packet = decode_packet(data, 0, end, version)
    except PacketError as error:
        answerable(error)
        return
    if version == 0 and data[0] >> 4 != CONNECT:
        return
    version = getattr(packet, "version", version)
    again = decode(encode(packet, version), version)
    if data[0] >> 4 != 2 or version == 5:
        assert comparable(again) == comparable(packet)


@given(st.binary(max_size=60), VERSIONS)
@example(b"\x10\x00", 0)
@example(b"\x10\x80\x80\x80\x80", 0)
@EXTENSIVE
def test_random_bytes(data: bytes, version: int) -> None:
    survives(data, version)


@given(st.integers(0, 255), st.binary(max_size=60), VERSIONS)
@EXTENSIVE
def test_random_bodies(first: int, body: bytes, version: int) -> None:
    survives(bytes([first]) + encode_varint(len(body)) + body, version)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A frame of the case table with a few bytes changed, dropped or put in."""
    data = bytearray(draw(st.sampled_from(FRAMES)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.sampled_from("cdi"))
        value = draw(st.integers(0, 255))
        if kind == "i":
            data.insert(at, value)
        elif at < len(data):
            data[at : at + 1] = bytes([value]) if kind == "c" else b""
    if len(data) > 2 and draw(st.booleans()):
        data[1] = min(len(data) - 2, 0x7F)
    return bytes(data)


@given(mutated(), VERSIONS)
@EXTENSIVE
def test_mutated_frames(data: bytes, version: int) -> None:
    survives(data, version)


@given(st.binary(max_size=60), st.sampled_from(EVERYWHERE))
@EXTENSIVE
def test_random_property_lists(body: bytes, place: int) -> None:
    for data in (body, encode_varint(len(body)) + body):
        try:
            decoded = decode_properties(data, 0, len(data), place)
        except PacketError:
            continue
        assert 0 < decoded.end <= len(data)


@given(st.binary(max_size=30))
@EXTENSIVE
def test_connect_version_never_raises(body: bytes) -> None:
    assert connect_version(body, 0, len(body)) in {0, 3, 4, 5}


@pytest.mark.parametrize("seed", [1, 2])
def test_fuzz_program(seed: int) -> None:
    program = REPOSITORY / "fuzz" / "codec" / "fuzz_decoder.py"
    done = subprocess.run(
        [sys.executable, str(program), "--rounds", "2000", "--seed", str(seed)],
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"seed {seed}" in done.stdout
    assert "2000 rounds" in done.stdout
