"""DISCONNECT and AUTH beyond the case table."""

import pytest
from codec_cases.case import properties, wire

from robustmq_mqtt.codec.disconnect_auth import (
    check_empty,
    decode_auth,
    decode_disconnect,
    encode_auth,
    encode_disconnect,
)
from robustmq_mqtt.codec.errors import MalformedPacket, ProtocolViolation
from robustmq_mqtt.codec.packets import Disconnect
from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.reason_codes import AUTH_CODES, DISCONNECT_CODES
from robustmq_mqtt.codec.wire import PINGREQ


def test_every_reason_code_of_disconnect() -> None:
    for code in range(256):
        body = bytes([code])
        if code in DISCONNECT_CODES:
            assert decode_disconnect(body, 0, 1, 5) == Disconnect(code)
        else:
            with pytest.raises(ProtocolViolation):
                decode_disconnect(body, 0, 1, 5)


def test_every_reason_code_of_auth() -> None:
    for code in range(256):
        body = bytes([code]) + wire("[15 <m>]")
        if code in AUTH_CODES:
            assert decode_auth(body, 0, len(body)).reason_code == code
        else:
            with pytest.raises(ProtocolViolation):
                decode_auth(body, 0, len(body))


def test_disconnect_short_forms() -> None:
    assert encode_disconnect(0, None, 5) == wire("e0 00")
    assert encode_disconnect(0x8E, None, 5) == wire("e0 01 8e")
    assert encode_disconnect(0x8E, Properties(), 5) == wire("e0 02 8e 00")
    with_reason = encode_disconnect(0x82, properties(reason_string="no"), 5)
    assert with_reason == wire("e0 ## 82 [1f <no>]")


def test_disconnect_of_older_versions_is_always_empty() -> None:
    for version in (3, 4):
        frame = encode_disconnect(0x8E, properties(reason_string="no"), version)
        assert frame == wire("e0 00")
        assert decode_disconnect(frame, 2, 2, version) == Disconnect()


def test_auth_forms() -> None:
    assert encode_auth(0, None) == wire("f0 00")
    assert encode_auth(0x18, None) == wire("f0 02 18 00")
    method = properties(authentication_method="m")
    assert encode_auth(0x18, method) == wire("f0 ## 18 [15 <m>]")


def test_long_disconnect() -> None:
    why = properties(reason_string="x" * 300)
    frame = encode_disconnect(0x97, why, 5)
    assert decode_disconnect(frame, 3, len(frame), 5) == Disconnect(0x97, why)


def test_check_empty() -> None:
    check_empty(2, 2, PINGREQ)
    with pytest.raises(MalformedPacket, match="PINGREQ has a body"):
        check_empty(2, 3, PINGREQ)
