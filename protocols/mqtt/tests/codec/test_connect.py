"""CONNECT and CONNACK beyond the case table."""

import pytest
from codec_cases import CASES
from codec_cases.case import Case, properties, wire

from robustmq_mqtt.codec.connect import (
    connect_version,
    decode_connack,
    decode_connect,
    encode_connack,
    encode_connect,
)
from robustmq_mqtt.codec.errors import PacketError
from robustmq_mqtt.codec.fixed_header import body_start
from robustmq_mqtt.codec.packets import Connect, Will
from robustmq_mqtt.codec.reason_codes import (
    BANNED,
    CONNACK_CODES,
    NOT_AUTHORIZED,
    SERVER_BUSY,
    UNSUPPORTED_PROTOCOL_VERSION,
    connack_return_code_v3,
)

CONNECTS = [
    case for case in CASES if case.data[0] >> 4 == 1 and body_start(case.data, 0) < len(case.data)
]


@pytest.mark.parametrize("case", CONNECTS, ids=str)
def test_version_is_known_also_of_refused_packets(case: Case) -> None:
    data = case.data
    assert connect_version(data, body_start(data, 0), len(data)) == case.version


def test_version_of_a_cut_packet_is_unknown() -> None:
    body = wire("<MQTT> 05 02")
    assert connect_version(body, 0, len(body)) == 5
    assert connect_version(body, 0, 7) == 5
    for end in range(7):
        assert connect_version(body, 0, end) == 0


def test_a_body_without_its_header_is_decoded_too() -> None:
    body = wire("<MQTT> 05 02 0000 [] <p>")
    assert decode_connect(body, 0, len(body)) == Connect(5, "p")


def test_unsupported_version_says_what_came_and_what_is_known() -> None:
    body = wire("<MQTT> 06 02 0000 <p>")
    with pytest.raises(PacketError, match="protocol 'MQTT' level 6 is not supported") as caught:
        decode_connect(body, 0, len(body))
    assert caught.value.reason_code == UNSUPPORTED_PROTOCOL_VERSION


def test_a_long_protocol_name_is_not_repeated_in_full() -> None:
    body = wire(f"<{'x' * 100}> 04")
    with pytest.raises(PacketError, match=r"protocol 'x{16}' level 4"):
        decode_connect(body, 0, len(body))


@pytest.mark.parametrize(
    "packet",
    [
        Connect(4, "c", password=b"s"),
        Connect(3, "c", password=b"s"),
        Connect(5, "x" * 65_536),
        Connect(5, "c\0"),
        Connect(5, "c", username="\ud800"),
        Connect(5, "c", will=Will("t", bytes(65_536))),
        Connect(5, "c", properties=properties(receive_maximum=0)),
    ],
    ids=repr,
)
def test_connects_that_cannot_be_encoded(packet: Connect) -> None:
    with pytest.raises(ValueError, match=r"password|do not fit|null|surrogates|cannot be"):
        encode_connect(packet)


def test_properties_are_left_out_of_older_versions() -> None:
    with_properties = properties(session_expiry_interval=5)
    will = Will("t", b"", properties=properties(will_delay_interval=1))
    packet = Connect(4, "c", will=will, properties=with_properties)
    assert encode_connect(packet) == encode_connect(Connect(4, "c", will=Will("t", b"")))


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("code", sorted(CONNACK_CODES))
def test_connack_translates_for_older_versions(version: int, code: int) -> None:
    frame = encode_connack(False, code, properties(reason_string="why"), version)
    assert frame == bytes([0x20, 2, 0, connack_return_code_v3(code)])
    assert decode_connack(frame, 2, 4, version).reason_code == connack_return_code_v3(code)


def test_session_present_only_with_success_and_not_in_3_1() -> None:
    assert encode_connack(True, 0, None, 3) == wire("20 02 00 00")
    assert encode_connack(True, 0, None, 4) == wire("20 02 01 00")
    assert encode_connack(True, 0, None, 5) == wire("20 03 01 00 00")
    assert encode_connack(True, NOT_AUTHORIZED, None, 4) == wire("20 02 00 05")
    assert encode_connack(True, BANNED, None, 5) == wire("20 03 00 8a 00")


def test_connack_carries_the_reason_in_5() -> None:
    frame = encode_connack(False, SERVER_BUSY, properties(reason_string="full"), 5)
    assert frame == wire("20 ## 00 89 [1f <full>]")
