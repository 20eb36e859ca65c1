"""[P] Files of mosquitto's `acl_file` option, read as rules.

    user NAME
    topic [read | write | readwrite | deny] TOPIC
    pattern [read | write | readwrite | deny] TOPIC, with %u and %c

`topic` is for the user named last, or for clients without a user name above the first `user`;
`pattern` is for all. Denials come before everything else, as mosquitto has it.
"""

import re
from typing import Final

from robustmq_broker.access.rules.rule import Rule, RuleTopic, Who
from robustmq_broker.access.rules.rule_text import (
    RULE_MAX,
    RULES_MAX,
    RuleError,
    topic_problem,
)
from robustmq_broker.access.rules.who import Anonymous, User
from robustmq_common.spi.access import ALLOW, DENY

ACTIONS: Final = {
    "read": (ALLOW, "subscribe"),
    "write": (ALLOW, "publish"),
    "readwrite": (ALLOW, "all"),
    "deny": (DENY, "all"),
}
_WORD: Final = re.compile(r"[ \t]*([^ \t]+)")


def looks_like_mosquitto(text: str) -> bool:
    """Whether the first line that is no comment has a keyword of mosquitto's."""
    for line in text.split("\n"):
        words = line.split(maxsplit=1)
        if words and not words[0].startswith("#"):
            return words[0] in ("user", "topic", "pattern")
    return False


def parse_mosquitto(text: str, source: str = "") -> list[Rule]:
    """The rules of a file, denials first. Raises RuleError."""
    user: str | None = None
    rules: list[Rule] = []
    for number, ended in enumerate(text.split("\n"), 1):
        line = ended.rstrip("\r")
        found = _WORD.match(line)
        if found is None or found[1].startswith("#"):
            continue
        if len(line) > RULE_MAX:
            raise RuleError(number, RULE_MAX, f"the line is longer than {RULE_MAX} characters")
        keyword, column = found[1], found.start(1) + 1
        rest = line[found.end() :].strip(" \t")
        if keyword not in ("user", "topic", "pattern"):
            raise RuleError(number, column, f"expected user, topic or pattern, not {keyword!r}")
        if not rest:
            raise RuleError(number, len(line.rstrip()) + 1, f"expected more after {keyword}")
        if keyword == "user":
            user = rest
            continue
        who: Who | None = None
        if keyword == "topic":
            who = Anonymous() if user is None else User(user)
        rules.append(_rule(line, number, found.end(), keyword == "pattern", who, source))
        if len(rules) > RULES_MAX:
            raise RuleError(number, 1, f"there are more than {RULES_MAX} rules")
    return sorted(rules, key=lambda rule: rule.permission == ALLOW)


def _rule(line: str, number: int, at: int, is_pattern: bool, who: Who | None, source: str) -> Rule:
    """The rule of a line of which `at` is behind the keyword."""
    found = _WORD.match(line, at)
    assert found is not None
    start = found.start(1)
    permission, action = ACTIONS["readwrite"]
    if found[1] in ACTIONS and line[found.end() :].strip(" \t"):
        permission, action = ACTIONS[found[1]]
        start = found.end() + len(line[found.end() :]) - len(line[found.end() :].lstrip(" \t"))
    topic = line[start:].rstrip(" \t")
    if "${" in topic:
        raise RuleError(number, start + 1, "mosquitto's placeholders are %u and %c")
    for index, one in enumerate(topic):
        if not one.isprintable():
            raise RuleError(number, start + index + 1, f"{one!r} is not allowed in a rule")
    if is_pattern:
        topic = topic.replace("%u", "${username}").replace("%c", "${clientid}")
    problem = topic_problem(topic, literal=False)
    if problem or topic == "*":
        raise RuleError(number, start + 1, problem or "a topic named * cannot be told from all")
    text = " ".join(line.split())
    return Rule(
        permission, who, action, [], -1, [RuleTopic(topic, False)], f"{source}:{number}", text
    )
