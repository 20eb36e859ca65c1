"""Reason codes against table 2-6 of the specification."""

import pytest

from robustmq_mqtt.codec import reason_codes as rc

CODES = {
    name: value
    for name, value in vars(rc).items()
    if isinstance(value, int) and name.isupper() and not name.startswith("_")
}


def test_constants() -> None:
    assert len(CODES) == 45
    assert set(CODES.values()) == {
        *(0x00, 0x01, 0x02, 0x04, 0x10, 0x11, 0x18, 0x19),
        *range(0x80, 0xA3),
    }


def test_every_code_has_a_name_of_its_own() -> None:
    names = {rc.reason_name(code) for code in CODES.values()}
    assert len(names) == len(set(CODES.values()))
    assert rc.reason_name(rc.NOT_AUTHORIZED) == "Not authorized"
    assert rc.reason_name(0x00) == "Success"
    assert rc.reason_name(0xFF) == "Unknown reason 0xff"


@pytest.mark.parametrize(
    ("allowed", "counts"),
    [
        (rc.CONNACK_CODES, 22),
        (rc.PUBACK_CODES, 9),
        (rc.PUBREC_CODES, 9),
        (rc.PUBREL_CODES, 2),
        (rc.PUBCOMP_CODES, 2),
        (rc.SUBACK_CODES, 12),
        (rc.SUBACK_CODES_V4, 4),
        (rc.UNSUBACK_CODES, 7),
        (rc.DISCONNECT_CODES, 30),
        (rc.AUTH_CODES, 3),
    ],
)
def test_sets_hold_known_codes(allowed: frozenset[int], counts: int) -> None:
    assert len(allowed) == counts
    assert allowed <= set(CODES.values())
    assert rc.SUCCESS in allowed


def test_members() -> None:
    assert rc.BANNED in rc.CONNACK_CODES
    assert rc.NO_MATCHING_SUBSCRIBERS in rc.PUBACK_CODES
    assert rc.PACKET_IDENTIFIER_NOT_FOUND in rc.PUBREL_CODES
    assert rc.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED in rc.SUBACK_CODES
    assert rc.NO_SUBSCRIPTION_EXISTED in rc.UNSUBACK_CODES
    assert rc.DISCONNECT_WITH_WILL in rc.DISCONNECT_CODES
    assert rc.REAUTHENTICATE in rc.AUTH_CODES
    assert rc.CLIENT_IDENTIFIER_NOT_VALID not in rc.DISCONNECT_CODES


@pytest.mark.parametrize(
    ("code", "returned"),
    [
        (rc.SUCCESS, 0),
        (rc.UNSUPPORTED_PROTOCOL_VERSION, 1),
        (rc.CLIENT_IDENTIFIER_NOT_VALID, 2),
        (rc.SERVER_UNAVAILABLE, 3),
        (rc.SERVER_BUSY, 3),
        (rc.QUOTA_EXCEEDED, 3),
        (rc.BAD_USER_NAME_OR_PASSWORD, 4),
        (rc.NOT_AUTHORIZED, 5),
        (rc.BANNED, 5),
        (rc.BAD_AUTHENTICATION_METHOD, 5),
    ],
)
def test_return_codes_of_mqtt_3(code: int, returned: int) -> None:
    assert rc.connack_return_code_v3(code) == returned


def test_only_success_is_accepted_in_mqtt_3() -> None:
    for code in rc.CONNACK_CODES - {rc.SUCCESS}:
        assert 1 <= rc.connack_return_code_v3(code) <= 5


def test_return_codes_of_3x_have_names_of_their_own() -> None:
    names = [rc.return_code_name_v3(code) for code in range(6)]
    assert len(set(names)) == 6
    assert names[5] == "Not authorized"
    assert rc.return_code_name_v3(6) == "Unknown return code 0x06"
