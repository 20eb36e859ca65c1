"""What decides about a request, for people."""

import pytest

from robustmq_broker.access.rules.rule import RuleList
from robustmq_broker.access.rules.rule_text import parse_rules
from robustmq_broker.access.rules.verdicts import explained
from robustmq_common.spi.access import ClientInfo

CLIENT = ClientInfo("c1", None, "127.0.0.1:1", "tcp", "MQTT 5.0")
RULES = RuleList(parse_rules("deny all publish a/b\nallow all all a/#", "acl.conf"))


@pytest.mark.parametrize(
    ("action", "topic", "expected"),
    [
        ("publish", "a/b", "acl.conf:1: deny all publish a/b"),
        ("publish", "a/c", "acl.conf:2: allow all all a/#"),
        ("publish", "x", ""),
        ("subscribe", "a/b", "acl.conf:2: allow all all a/#"),
        ("subscribe", "a/+", "every topic that the filter matches is allowed"),
        ("subscribe", "#", "not every topic that the filter matches is allowed"),
    ],
)
def test_explained(action: str, topic: str, expected: str) -> None:
    assert explained(RULES, CLIENT, action, topic, 0, False) == expected
