"""The ACL claim in both forms; what is not understood is refused, not passed over."""

from typing import Any

import pytest

from robustmq_broker.access.jwt.acl import read_acl
from robustmq_broker.access.jwt.token import BadToken
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, PUBLISH, SUBSCRIBE, ClientInfo

LISTS = {"pub": ["a/${clientid}", "x/+"], "sub": ["b/#", "u/${username}"], "all": ["c"]}
RULES = [
    {"permission": "deny", "action": "all", "topic": "s/secret"},
    {"permission": "allow", "action": "publish", "topic": "q", "qos": [0, 1], "retain": False},
    {"permission": "allow", "action": "publish", "topic": "one", "qos": 1, "retain": "all"},
    {"permission": "allow", "action": "subscribe", "topic": "eq w/#"},
    {"permission": "allow", "action": "all", "topic": "s/+"},
]


def decide(
    claim: Any,
    action: str,
    topic: str,
    qos: int = 0,
    retain: bool = False,
    client_id: str = "me",
    username: str | None = "ann",
) -> int:
    client = ClientInfo(client_id, username, "127.0.0.1:1", "tcp", "MQTT 5.0")
    verdict: int = read_acl(claim).decide(client, action, topic, qos, retain)
    return verdict


@pytest.mark.parametrize(
    ("action", "topic", "verdict"),
    [
        (PUBLISH, "a/me", ALLOW),
        (PUBLISH, "a/you", IGNORE),
        (PUBLISH, "b/x", IGNORE),
        (PUBLISH, "c", ALLOW),
        (SUBSCRIBE, "c", ALLOW),
        (SUBSCRIBE, "b/x/+", ALLOW),
        (SUBSCRIBE, "u/ann", ALLOW),
        (SUBSCRIBE, "u/+", IGNORE),
        (SUBSCRIBE, "#", IGNORE),
        (SUBSCRIBE, "a/me", IGNORE),
        (SUBSCRIBE, "$SYS/#", IGNORE),
    ],
)
def test_lists(action: str, topic: str, verdict: int) -> None:
    assert decide(LISTS, action, topic) == verdict


@pytest.mark.parametrize("name", ["+", "#", "a/b", "", "$SYS", "${username}"])
def test_names_do_not_widen_a_topic(name: str) -> None:
    for topic in ("a/other", f"a/{name}", "a/a/b"):
        assert decide(LISTS, PUBLISH, topic, client_id=name) != ALLOW
    assert decide(LISTS, SUBSCRIBE, "u/+", username=name) != ALLOW
    assert decide(LISTS, SUBSCRIBE, "u/#", username=name) != ALLOW


@pytest.mark.parametrize(
    ("action", "topic", "qos", "retain", "verdict"),
    [
        (PUBLISH, "s/secret", 0, False, DENY),
        (PUBLISH, "s/open", 0, False, ALLOW),
        (SUBSCRIBE, "s/+", 0, False, DENY),
        (PUBLISH, "q", 1, False, ALLOW),
        (PUBLISH, "q", 2, False, IGNORE),
        (PUBLISH, "q", 0, True, IGNORE),
        (PUBLISH, "one", 1, True, ALLOW),
        (PUBLISH, "one", 0, True, IGNORE),
        (SUBSCRIBE, "w/#", 0, False, ALLOW),
        (SUBSCRIBE, "w/a", 0, False, IGNORE),
        (SUBSCRIBE, "q", 0, False, IGNORE),
    ],
)
def test_rules(action: str, topic: str, qos: int, retain: bool, verdict: int) -> None:
    assert decide(RULES, action, topic, qos, retain) == verdict


def test_nothing_is_allowed_by_nothing() -> None:
    claims: list[Any] = [{}, [], {"pub": []}]
    for claim in claims:
        assert decide(claim, PUBLISH, "a") == IGNORE


GOOD = {"permission": "allow", "action": "all", "topic": "a"}


@pytest.mark.parametrize(
    "claim",
    [
        None,
        True,
        "a/#",
        7,
        {"publish": ["a"]},
        {"pub": "a"},
        {"pub": {"a": 1}},
        {"pub": [1]},
        {"pub": [None]},
        {"pub": [""]},
        {"pub": ["a/#/b"]},
        {"pub": ["a+"]},
        {"pub": ["a\0"]},
        {"pub": ["*"]},
        {"pub": ["${topic}"]},
        {"pub": ["a"] * 257},
        [GOOD] * 257,
        [[]],
        ["allow"],
        [{}],
        [{**GOOD, "who": "all"}],
        [{**GOOD, "permission": "Allow"}],
        [{**GOOD, "permission": ["allow"]}],
        [{**GOOD, "action": "pub"}],
        [{**GOOD, "action": {}}],
        [{**GOOD, "topic": ["a"]}],
        [{"permission": "allow", "action": "all"}],
        [{**GOOD, "qos": 3}],
        [{**GOOD, "qos": True}],
        [{**GOOD, "qos": "1"}],
        [{**GOOD, "qos": []}],
        [{**GOOD, "qos": [0, None]}],
        [{**GOOD, "retain": 1}],
        [{**GOOD, "retain": "yes"}],
        [{**GOOD, "retain": None}],
    ],
)
def test_bad_claims(claim: Any) -> None:
    with pytest.raises(BadToken, match="ACL claim"):
        read_acl(claim)
