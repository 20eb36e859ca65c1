"""Every case of the table, through decoder and encoder, whole, cut and byte by byte."""

import pytest
from codec_cases import CASES, INVALID, VALID
from codec_cases.case import MAX_PACKET_SIZE, Case, comparable, decode, encode

from robustmq_mqtt.codec.decoder import decode_packet
from robustmq_mqtt.codec.errors import PacketError
from robustmq_mqtt.codec.fixed_header import body_start, frame_end
from robustmq_mqtt.codec.wire import CONNECT, encode_varint


def test_names_are_unique() -> None:
    names = [str(case) for case in CASES]
    assert sorted(set(names)) == sorted(names)


def test_every_packet_type_has_a_valid_case() -> None:
    assert {case.data[0] >> 4 for case in VALID} == set(range(1, 16))


@pytest.mark.parametrize("case", VALID, ids=str)
def test_decodes(case: Case) -> None:
    assert case.packet is not None
    assert comparable(decode(case.data, case.version)) == comparable(case.packet)


@pytest.mark.parametrize("case", [case for case in VALID if case.canonical], ids=str)
def test_encodes(case: Case) -> None:
    assert case.packet is not None
    assert encode(case.packet, case.version) == case.data


@pytest.mark.parametrize("case", INVALID, ids=str)
def test_refuses(case: Case) -> None:
    with pytest.raises(PacketError) as caught:
        decode(case.data, case.version)
    assert caught.value.reason_code == case.error
    assert caught.value.reason
    assert str(caught.value) == caught.value.reason


@pytest.mark.parametrize("case", VALID, ids=str)
def test_decodes_in_the_middle_of_a_buffer(case: Case) -> None:
    """What lies before and behind a packet in the receive buffer must not matter."""
    data = b"\xff\x80" + case.data + b"\xff\xff\xff\xff"
    version = 0 if case.data[0] >> 4 == CONNECT else case.version
    end = frame_end(data, 2, len(data), MAX_PACKET_SIZE, version)
    assert end == 2 + len(case.data)


@pytest.mark.parametrize("case", VALID, ids=str)
def test_every_prefix_needs_more(case: Case) -> None:
    version = 0 if case.data[0] >> 4 == CONNECT else case.version
    for size in range(len(case.data)):
        prefix = case.data[:size]
        assert frame_end(prefix, 0, size, MAX_PACKET_SIZE, version) == 0
        # The same where the buffer goes on with bytes that have not arrived.
        assert frame_end(case.data, 0, size, MAX_PACKET_SIZE, version) == 0


@pytest.mark.parametrize("case", VALID, ids=str)
def test_a_body_cut_anywhere_is_refused_or_another_packet(case: Case) -> None:
    """Here the fixed header fits the shorter body, so only the decoder can notice."""
    assert case.packet is not None
    body = case.data[body_start(case.data, 0) :]
    for size in range(len(body)):
        cut = case.data[:1] + encode_varint(size) + body[:size]
        # Behind the cut the rest of the body lies in the buffer; it must not be read.
        buffer = cut + body[size:]
        version = 0 if cut[0] >> 4 == CONNECT else case.version
        assert frame_end(buffer, 0, len(buffer), MAX_PACKET_SIZE, version) == len(cut)
        outcome = attempt(buffer, len(cut), version)
        assert outcome == attempt(cut, len(cut), version)
        if case.canonical:
            assert outcome != comparable(case.packet)


def attempt(data: bytes, end: int, version: int) -> object:
    """What `data[:end]` decodes to, or the reason code it is refused with."""
    try:
        return comparable(decode_packet(data, 0, end, version))
    except PacketError as error:
        return error.reason_code
