"""Claims: times with leeway, issuer, audience, and those that have to match the client."""

from typing import Any

import pytest

from jwt_kit import NOW
from robustmq_broker.access.jwt.claims import ClaimRules, check_claims, user_name
from robustmq_broker.access.jwt.token import BadToken
from robustmq_common.spi.access import ClientInfo

CLIENT = ClientInfo("meter-7", "ann", "127.0.0.1:1", "tcp", "MQTT 5.0")
NAMELESS = ClientInfo("meter-7", None, "127.0.0.1:1", "tcp", "MQTT 5.0")
GOOD = {"exp": NOW + 60}


def rules(**given: Any) -> ClaimRules:
    return ClaimRules(**{"leeway": 5.0, **given})


@pytest.mark.parametrize(
    ("claims", "given"),
    [
        ({}, {}),
        ({"exp": NOW - 4.9}, {}),
        ({"exp": int(NOW) + 1}, {}),
        ({"nbf": NOW + 4.9, "iat": NOW + 4.9}, {}),
        ({"iss": "us"}, {"issuers": ("them", "us")}),
        ({"iss": "whoever"}, {}),
        ({"aud": "mqtt"}, {"audiences": ("mqtt",)}),
        ({"aud": ["web", "mqtt"]}, {"audiences": ("mqtt", "x")}),
        (
            {"sub": "meter-7", "name": "ann"},
            {"expected": {"sub": "${clientid}", "name": "${username}"}},
        ),
        ({"env": "prod", "n": 7, "b": True}, {"expected": {"env": "prod", "n": "7", "b": "true"}}),
    ],
)
def test_accepted(claims: dict[str, Any], given: dict[str, Any]) -> None:
    full = {**GOOD, **claims}
    assert check_claims(full, rules(**given), CLIENT, NOW) == full["exp"] + 5


def test_without_an_end() -> None:
    assert check_claims({}, rules(require_exp=False), CLIENT, NOW) is None
    with pytest.raises(BadToken, match="when it expires"):
        check_claims({}, rules(), CLIENT, NOW)


@pytest.mark.parametrize(
    ("claims", "given", "reason"),
    [
        ({"exp": NOW - 5}, {}, "expired"),
        ({"exp": 0}, {}, "expired"),
        ({"exp": -1e300}, {}, "expired"),
        ({"exp": None}, {}, "claim exp is not a time"),
        ({"exp": "9999999999"}, {}, "claim exp is not a time"),
        ({"exp": True}, {}, "claim exp is not a time"),
        ({"exp": [NOW + 60]}, {}, "claim exp is not a time"),
        ({"exp": float("inf")}, {}, "claim exp is not a time"),
        ({"exp": 10**400}, {}, "claim exp is not a time"),
        ({"nbf": NOW + 5.1}, {}, "not valid yet"),
        ({"nbf": "soon"}, {}, "claim nbf is not a time"),
        ({"iat": NOW + 3600}, {}, "issued in the future"),
        ({"iat": {}}, {}, "claim iat is not a time"),
        ({}, {"issuers": ("us",)}, "issuer"),
        ({"iss": "evil"}, {"issuers": ("us",)}, "issuer"),
        ({"iss": ["us"]}, {"issuers": ("us",)}, "issuer"),
        ({}, {"audiences": ("mqtt",)}, "not meant for"),
        ({"aud": "web"}, {"audiences": ("mqtt",)}, "not meant for"),
        ({"aud": []}, {"audiences": ("mqtt",)}, "not meant for"),
        ({"aud": [["mqtt"], None]}, {"audiences": ("mqtt",)}, "not meant for"),
        ({"aud": "web"}, {}, "not meant for"),
        ({}, {"expected": {"sub": "${clientid}"}}, "no claim 'sub'"),
        ({"sub": "meter-8"}, {"expected": {"sub": "${clientid}"}}, "'sub' does not match"),
        ({"sub": "${clientid}"}, {"expected": {"sub": "${clientid}"}}, "'sub' does not match"),
        ({"sub": ["meter-7"]}, {"expected": {"sub": "${clientid}"}}, "'sub' does not match"),
        ({"sub": None}, {"expected": {"sub": "${username}"}}, "'sub' does not match"),
        ({"sub": "bob"}, {"expected": {"sub": "${username}"}}, "'sub' does not match"),
    ],
)
def test_refused(claims: dict[str, Any], given: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadToken, match=reason):
        check_claims({**GOOD, **claims}, rules(**given), CLIENT, NOW)


def test_a_client_without_a_name_matches_nothing() -> None:
    for claim in (None, "", "None"):
        with pytest.raises(BadToken, match="does not match"):
            check_claims(
                {**GOOD, "sub": claim}, rules(expected={"sub": "${username}"}), NAMELESS, NOW
            )


def test_the_user_name() -> None:
    assert user_name({"sub": "ann müller"}, "sub") == "ann müller"


@pytest.mark.parametrize("value", [None, "", 7, ["ann"], "a\0b", "a\nb", "a" * 1025, "\ud800"])
def test_what_is_no_user_name(value: Any) -> None:
    with pytest.raises(BadToken, match="user name"):
        user_name({"sub": value}, "sub")
    with pytest.raises(BadToken, match="user name"):
        user_name({}, "sub")
