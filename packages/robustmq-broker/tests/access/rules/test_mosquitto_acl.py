"""mosquitto's acl_file, read as rules."""

import pytest

from robustmq_broker.access.rules.mosquitto_acl import looks_like_mosquitto, parse_mosquitto
from robustmq_broker.access.rules.rule import RuleList
from robustmq_broker.access.rules.rule_text import RuleError
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, ClientInfo

FILE = """\
# a comment
topic read news/#

user alice smith
topic sensors/#
topic  write out/with space
topic deny sensors/secret
topic readwrite readwrite

pattern read clients/%c/#
pattern users/%u
"""


def client(username: str | None, client_id: str = "c1") -> ClientInfo:
    return ClientInfo(client_id, username, "127.0.0.1:1", "tcp", "MQTT 5.0")


@pytest.mark.parametrize(
    ("username", "action", "topic", "expected"),
    [
        (None, "subscribe", "news/today", ALLOW),
        (None, "publish", "news/today", IGNORE),
        ("bob", "subscribe", "news/today", IGNORE),
        ("alice smith", "publish", "sensors/1", ALLOW),
        ("alice smith", "subscribe", "sensors/1", ALLOW),
        ("alice smith", "publish", "sensors/secret", DENY),
        ("alice smith", "subscribe", "sensors/#", DENY),
        ("alice smith", "publish", "out/with space", ALLOW),
        ("alice smith", "subscribe", "out/with space", IGNORE),
        ("alice smith", "publish", "readwrite", ALLOW),
        ("bob", "subscribe", "clients/c1/#", ALLOW),
        ("bob", "publish", "clients/c1/x", IGNORE),
        ("bob", "publish", "users/bob", ALLOW),
        ("bob", "publish", "users/alice smith", IGNORE),
        ("+", "subscribe", "users/bob", IGNORE),
        ("+", "subscribe", "users/+", IGNORE),
    ],
)
def test_what_it_says(username: str | None, action: str, topic: str, expected: int) -> None:
    rules = RuleList(parse_mosquitto(FILE, "acl"))
    assert rules.decide(client(username), action, topic, 0, False) == expected


def test_rules_know_where_they_are_written() -> None:
    rules = parse_mosquitto(FILE, "acl")
    assert (rules[0].source, rules[0].text) == ("acl:7", "topic deny sensors/secret")
    assert rules[1].source == "acl:2"


@pytest.mark.parametrize(
    ("line", "column", "problem"),
    [
        ("allow all all #", 1, "expected user, topic or pattern, not 'allow'"),
        (" user", 6, "expected more after user"),
        ("topic", 6, "expected more after topic"),
        ("topic write a/#/b", 13, "is not the last character"),
        ("topic ${clientid}", 7, "placeholders are %u and %c"),
        ("topic *", 7, "cannot be told"),
        ("topic a\0b", 8, "not allowed"),
        ("topic " + "x" * 9000, 8192, "longer than"),
    ],
)
def test_line_and_column(line: str, column: int, problem: str) -> None:
    with pytest.raises(RuleError, match=problem) as raised:
        parse_mosquitto(f"\n{line}\n")
    assert (raised.value.line, raised.value.column) == (2, column)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# c\n\nuser a", True),
        ("topic a", True),
        ("pattern a", True),
        ("allow all all #", False),
        ("", False),
        ("users", False),
    ],
)
def test_it_is_recognized(text: str, expected: bool) -> None:
    assert looks_like_mosquitto(text) is expected
