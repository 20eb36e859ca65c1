"""[P] The ACL claim: rules that the issuer puts into a token, in either of EMQX's forms.

    {"pub": ["a/${clientid}"], "sub": ["b/#"], "all": ["c"]}
    [{"permission": "deny", "action": "publish", "topic": "eq a/#", "qos": [0, 1], "retain": true}]

What is not understood makes the whole claim bad: a condition that is passed over would make a rule
say more than its author meant.
"""

from typing import Any, Final

from robustmq_broker.access.jwt.token import BadToken
from robustmq_broker.access.rules.rule import Rule, RuleList, RuleTopic
from robustmq_broker.access.rules.rule_text import topic_problem
from robustmq_common.spi.access import ALLOW, DENY

MAX_RULES: Final = 256
SOURCE: Final = "the token's ACL claim"
_LITERAL: Final = "eq "
_ACTIONS: Final = {"pub": "publish", "sub": "subscribe", "all": "all"}
_PERMISSIONS: Final = {"allow": ALLOW, "deny": DENY}
_RETAIN: Final[dict[Any, int]] = {"true": 1, "false": 0, "all": -1}
_KEYS: Final = frozenset({"permission", "action", "topic", "qos", "retain"})


def read_acl(claim: Any) -> RuleList:
    """Read the claim. Raises BadToken."""
    if isinstance(claim, dict):
        rules = _lists(claim)
    elif isinstance(claim, list):
        _check_count(len(claim))
        rules = [_rule(one) for one in claim]
    else:
        raise BadToken("the token's ACL claim is neither an object nor a list")
    return RuleList(rules)


def _lists(claim: dict[str, Any]) -> list[Rule]:
    """Lists of topics that are allowed."""
    for name, topics in claim.items():
        if name not in _ACTIONS or not isinstance(topics, list):
            raise BadToken("the token's ACL claim has something else than lists pub, sub and all")
    _check_count(sum(len(topics) for topics in claim.values()))
    return [
        Rule(ALLOW, None, _ACTIONS[name], [], -1, [_topic(topic)], SOURCE, f"allow {name} {topic}")
        for name, topics in claim.items()
        for topic in topics
    ]


def _rule(one: Any) -> Rule:
    if not isinstance(one, dict) or not one.keys() <= _KEYS:
        raise BadToken(
            f"a rule of the token's ACL claim has other keys than {', '.join(sorted(_KEYS))}"
        )
    permission, action = one.get("permission"), one.get("action")
    if not isinstance(permission, str) or permission not in _PERMISSIONS:
        raise BadToken("a rule of the token's ACL claim has no permission allow or deny")
    if not isinstance(action, str) or action not in _ACTIONS.values():
        raise BadToken("a rule of the token's ACL claim has no action publish, subscribe or all")
    topic = _topic(one.get("topic"))
    text = f"{permission} {action} {one['topic']}"
    return Rule(
        _PERMISSIONS[permission], None, action, _qos(one), _retain(one), [topic], SOURCE, text
    )


def _topic(text: Any) -> RuleTopic:
    if not isinstance(text, str) or "\0" in text:
        raise BadToken("a topic of the token's ACL claim is not text")
    literal = text.startswith(_LITERAL)
    topic = text.removeprefix(_LITERAL).replace("${cert_common_name}", "${cert_cn}")
    problem = topic_problem(topic, literal)
    if problem or topic == "*":
        raise BadToken(f"a topic of the token's ACL claim is wrong: {problem or '* is none'}")
    return RuleTopic(topic, literal)


def _qos(rule: dict[str, Any]) -> list[int]:
    """The QoS that a rule is about; empty for all."""
    value = rule.get("qos", [0, 1, 2])
    levels = value if isinstance(value, list) else [value]
    if not levels or not all(type(one) is int and 0 <= one <= 2 for one in levels):
        raise BadToken("a rule of the token's ACL claim has a qos that is not 0, 1 or 2")
    return sorted(set(levels)) if set(levels) != {0, 1, 2} else []


def _retain(rule: dict[str, Any]) -> int:
    value = rule.get("retain", "all")
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str) or value not in _RETAIN:
        raise BadToken("a rule of the token's ACL claim has a retain that is not true or false")
    return _RETAIN[value]


def _check_count(count: int) -> None:
    if count > MAX_RULES:
        raise BadToken(f"the token's ACL claim has {count} rules; {MAX_RULES} are allowed")
