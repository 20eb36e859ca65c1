"""What a list of rules says: the first match, placeholders, and names that try to widen a rule."""

import pytest

from robustmq_broker.access.rules.rule import RuleList, is_safe
from robustmq_broker.access.rules.rule_text import parse_rules
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, Certificate, ClientInfo


def client(
    client_id: str = "c1",
    username: str | None = "alice",
    peer: str = "10.1.2.3:5",
    cn: str | None = None,
) -> ClientInfo:
    certificate = None if cn is None else Certificate(f"CN={cn}", cn)
    return ClientInfo(client_id, username, peer, "tcp", "MQTT 5.0", certificate=certificate)


def says(
    text: str,
    action: str,
    topic: str,
    whom: ClientInfo | None = None,
    qos: int = 0,
    retain: bool = False,
) -> int:
    rules = RuleList(parse_rules(text.replace("; ", "\n")))
    return rules.decide(whom or client(), action, topic, qos, retain)


@pytest.mark.parametrize(
    ("text", "action", "topic", "expected"),
    [
        ("allow all publish a", "publish", "a", ALLOW),
        ("allow all publish a", "publish", "a/b", IGNORE),
        ("allow all publish a", "subscribe", "a", IGNORE),
        ("allow all all a", "subscribe", "a", ALLOW),
        ("allow all all a", "fly", "a", DENY),
        ("allow all publish a; deny all publish a", "publish", "a", ALLOW),
        ("deny all publish a; allow all publish #", "publish", "a", DENY),
        ("deny user bob all #; allow all all #", "publish", "a", ALLOW),
        (
            "allow user bob publish a; deny client c1 all a; allow user alice all a",
            "publish",
            "a",
            DENY,
        ),
        ("allow user alice all a; deny client c1 all a", "publish", "a", ALLOW),
        ("allow all all #", "subscribe", "$SYS/#", IGNORE),
        ("allow all all *", "subscribe", "$SYS/#", IGNORE),
        ("allow all all *", "subscribe", "$x/#", ALLOW),
        ("allow all all $SYS/#", "subscribe", "$SYS/#", ALLOW),
        ("deny all all *; allow all all $SYS/#", "subscribe", "$SYS/a", DENY),
        ("allow all subscribe eq a/+", "subscribe", "a/+", ALLOW),
        ("allow all subscribe eq a/+", "subscribe", "a/b", IGNORE),
        ("deny all subscribe eq #; allow all subscribe #", "subscribe", "#", DENY),
        ("deny all subscribe eq #; allow all subscribe #", "subscribe", "a/#", ALLOW),
        ("allow all subscribe a/b a/c", "subscribe", "a/+", IGNORE),
        ("deny all subscribe a/b; allow all subscribe a/#", "subscribe", "a/#", DENY),
    ],
)
def test_first_match(text: str, action: str, topic: str, expected: int) -> None:
    assert says(text, action, topic) == expected


@pytest.mark.parametrize(
    ("text", "qos", "retain", "expected"),
    [
        ("allow all publish qos=0,1 a", 1, False, ALLOW),
        ("allow all publish qos=0,1 a", 2, False, IGNORE),
        ("allow all publish retain=true a", 0, True, ALLOW),
        ("allow all publish retain=true a", 0, False, IGNORE),
        ("allow all publish retain=false a", 0, True, IGNORE),
        ("deny all publish qos=2 retain=true a; allow all publish a", 2, True, DENY),
        ("deny all publish qos=2 retain=true a; allow all publish a", 2, False, ALLOW),
    ],
)
def test_qos_and_retain(text: str, qos: int, retain: bool, expected: int) -> None:
    assert says(text, "publish", "a", qos=qos, retain=retain) == expected
    if "retain" not in text:
        text = text.replace("publish", "subscribe")
        assert says(text, "subscribe", "a", qos=qos) == expected


@pytest.mark.parametrize(
    ("topic", "placed"),
    [
        ("d/${clientid}/x", "d/c1/x"),
        ("d/${username}-${clientid}", "d/alice-c1"),
        ("h/${peerhost}/#", "h/10.1.2.3/z"),
        ("m/${cert_cn}", "m/meter-7"),
        ("eq d/${clientid}", "d/c1"),
    ],
)
def test_placeholders(topic: str, placed: str) -> None:
    whom = client(cn="meter-7")
    assert says(f"allow all publish {topic}", "publish", placed, whom) == ALLOW
    assert says(f"allow all publish {topic}", "publish", "d/c2/x", whom) == IGNORE


TRICKS = [
    "+",
    "#",
    "a/b",
    "/",
    "+/+",
    "a#",
    "",
    "\0",
    "$SYS",
    "$share/g/x",
    "${username}",
    "a/../b",
]


@pytest.mark.parametrize("value", TRICKS)
@pytest.mark.parametrize("placeholder", ["clientid", "username", "cert_cn"])
def test_a_name_never_widens_a_rule(value: str, placeholder: str) -> None:
    assert not is_safe(value)
    names = {"clientid": "client_id", "username": "username", "cert_cn": "cn"}
    whom = client(**{names[placeholder]: value})
    topics = ["d", "d/x", "d/x/y", "d/c1", f"d/{value}", f"d/{value}/y", value or "x", "other"]
    allow = f"allow all all d/${{{placeholder}}}/y d/${{{placeholder}}} ${{{placeholder}}}/#"
    deny = f"deny all all d/${{{placeholder}}}/y; allow all all #"
    for topic in topics:
        assert says(allow, "publish", topic, whom) == IGNORE
        assert says(allow, "subscribe", topic, whom) == IGNORE
    for topic_filter in ("d/+", "d/#", "#", "+/#", "$SYS/#"):
        assert says(allow, "subscribe", topic_filter, whom) == IGNORE
    # A denial is about whatever the name could have meant.
    for topic in ("d", "d/x", "d/x/y", "d/#", "d/+/y", "#"):
        assert says(deny, "subscribe", topic, whom) == DENY
    assert says(deny, "subscribe", "other", whom) == ALLOW
    first = f"deny all all ${{{placeholder}}}/y; allow all all #"
    assert says(first, "subscribe", "other", whom) == DENY


def test_what_is_missing_is_no_name() -> None:
    nobody = client(username=None)
    assert says("allow all publish d/${username}", "publish", "d/None", nobody) == IGNORE
    assert says("allow all publish d/${cert_cn}", "publish", "d/None", nobody) == IGNORE
    away = client(peer="?")
    assert says("allow all publish d/${peerhost}", "publish", "d/?", away) == IGNORE


def test_who_is_not_known_for_sure_is_not_allowed_and_is_denied() -> None:
    away = ClientInfo("c1", "alice", "?", "?", "MQTT")
    assert says("allow address 10.0.0.0/8 all a", "publish", "a", away) == IGNORE
    assert says("allow not listener public all a", "publish", "a", away) == IGNORE
    assert says("deny not listener public all a; allow all all #", "publish", "a", away) == DENY


def test_rules_of_others_are_not_even_looked_at() -> None:
    text = "\n".join(f"allow user u{number} publish u/{number}" for number in range(1000))
    rules = RuleList(parse_rules(text))
    assert rules.candidates(client(username="u7")) == [7]
    assert rules.decide(client(username="u7"), "publish", "u/7", 0, False) == ALLOW
    assert rules.decide(client(username="u7"), "publish", "u/8", 0, False) == IGNORE
