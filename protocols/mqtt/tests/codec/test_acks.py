"""Acknowledgements beyond the case table: the prefixes and short forms of the fast path."""

import pytest
from codec_cases.case import properties, wire

from robustmq_mqtt.codec import acks
from robustmq_mqtt.codec.acks import decode_ack, encode_ack
from robustmq_mqtt.codec.errors import ProtocolViolation
from robustmq_mqtt.codec.packets import Ack
from robustmq_mqtt.codec.reason_codes import (
    PUBACK_CODES,
    PUBCOMP_CODES,
    PUBREC_CODES,
    PUBREL_CODES,
)
from robustmq_mqtt.codec.wire import PACKET_ID, PUBACK, PUBCOMP, PUBREC, PUBREL

KINDS = [
    (PUBACK, acks.PUBACK_PREFIX, PUBACK_CODES),
    (PUBREC, acks.PUBREC_PREFIX, PUBREC_CODES),
    (PUBREL, acks.PUBREL_PREFIX, PUBREL_CODES),
    (PUBCOMP, acks.PUBCOMP_PREFIX, PUBCOMP_CODES),
]


@pytest.mark.parametrize(("kind", "prefix", "codes"), KINDS)
def test_success_is_prefix_and_packet_id_in_every_version(
    kind: int, prefix: bytes, codes: frozenset[int]
) -> None:
    assert prefix[0] >> 4 == kind
    for version in (3, 4, 5):
        for packet_id in (1, 255, 256, 65_535):
            frame = prefix + PACKET_ID[packet_id]
            assert encode_ack(kind, packet_id, 0, None, version) == frame
            assert decode_ack(frame, 2, 4, kind, version) == Ack(kind, packet_id)


@pytest.mark.parametrize(("kind", "prefix", "codes"), KINDS)
def test_every_allowed_code_and_no_other(kind: int, prefix: bytes, codes: frozenset[int]) -> None:
    for code in range(256):
        body = b"\x00\x01" + bytes([code])
        if code in codes:
            assert decode_ack(body, 0, 3, kind, 5) == Ack(kind, 1, code)
        else:
            with pytest.raises(ProtocolViolation):
                decode_ack(body, 0, 3, kind, 5)


def test_older_versions_carry_no_reason() -> None:
    why = properties(reason_string="why")
    assert encode_ack(PUBACK, 7, 0x87, why, 4) == wire("40 02 0007")
    assert encode_ack(PUBREC, 7, 0x87, None, 3) == wire("50 02 0007")


def test_properties_force_the_long_form() -> None:
    why = properties(reason_string="why")
    assert encode_ack(PUBACK, 7, 0, why, 5) == wire("40 ## 0007 00 [1f <why>]")


def test_long_acknowledgement_has_a_long_header() -> None:
    why = properties(reason_string="x" * 200)
    frame = encode_ack(PUBREC, 7, 0x80, why, 5)
    assert frame[:3] == wire("50 d001")
    assert decode_ack(frame, 3, len(frame), PUBREC, 5) == Ack(PUBREC, 7, 0x80, why)
