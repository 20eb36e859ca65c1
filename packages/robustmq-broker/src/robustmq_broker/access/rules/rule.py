"""[H] A rule, and what a list of them says: the first one that matches decides.

Facts of a client that are missing or not to be trusted in a topic make a match uncertain. A rule
that allows needs certainty; a rule that denies does not.
"""

from typing import Any, Final, Protocol, final

from robustmq_broker.access.rules.topic_patterns import (
    ALLOW,
    DENY,
    EVERY_TOPIC,
    IGNORE,
    Coverage,
    TopicPattern,
    matches_topic,
)

NO: Final = 0
YES: Final = 1
UNCERTAIN: Final = 2

UNKNOWN: Final = "?"
"""Peer and listener of a client that has been away since before the broker started."""

PUBLISH: Final = "publish"
SUBSCRIBE: Final = "subscribe"
PLACEHOLDERS: Final = ("${clientid}", "${username}", "${cert_cn}", "${peerhost}")


class Who(Protocol):
    """The clients that a rule is about."""

    def matches(self, client: Any) -> int:
        """Return YES, NO or UNCERTAIN."""


@final
class RuleTopic:
    """A topic of a rule as it is written, with placeholders."""

    def __init__(self, text: str, literal: bool) -> None:
        self.text = text
        self.literal = literal
        self.placeholders: list[str] = [one for one in PLACEHOLDERS if one in text]
        self.pattern = TopicPattern(text, literal)

    def for_client(self, client: Any, denies: bool) -> TopicPattern | None:
        """The pattern with the client's values; None if it is about no topic for this client.

        A value that is missing, or that would be more than the part of one level that it stands
        for, makes no pattern for a rule that allows. One that denies is about every topic then
        that begins as the levels before it do.
        """
        text = self.text
        for name in self.placeholders:
            value = value_of(client, name)
            if not is_safe(value):
                if not denies:
                    return None
                before = self.text[: self.text.index("${")]
                at = before.rfind("/")
                return TopicPattern(EVERY_TOPIC if at < 0 else before[: at + 1] + "#", False)
            text = text.replace(name, value)
        return TopicPattern(text, self.literal)


def value_of(client: Any, placeholder: str) -> str:
    """What stands for a placeholder, "" if there is nothing."""
    value: str | None = ""
    if placeholder == "${clientid}":
        value = client.client_id
    elif placeholder == "${username}":
        value = client.username
    elif placeholder == "${peerhost}":
        value = client.address if client.peer != UNKNOWN else ""
    elif client.certificate is not None:
        value = client.certificate.common_name
    return value or ""


def is_safe(value: str) -> bool:
    """Whether a value is part of one level wherever it stands, and nothing that matches more.

    "${" is none of it: a value must not be taken for a placeholder itself.
    """
    if not value or value[:1] == "$" or "${" in value:
        return False
    return not ("+" in value or "#" in value or "/" in value or "\0" in value)


@final
class Rule:
    """permission: ALLOW or DENY. who: None for all. action: "publish", "subscribe" or "all".

    qos: the QoS it is about, all if empty; of a subscription, the one that is asked for. retain:
    about messages to be retained (1) or not (0), or both (-1); subscriptions are neither. source
    says where it is written, for people. users, clients: whom alone it can be about, if it says.
    """

    def __init__(
        self,
        permission: int,
        who: Who | None,
        action: str,
        qos: list[int],
        retain: int,
        topics: list[RuleTopic],
        source: str,
        text: str,
    ) -> None:
        self.permission = permission
        self.who = who
        self.publishes = action != SUBSCRIBE
        self.subscribes = action != PUBLISH
        self.qos = qos
        self.retain = retain
        self.topics = topics
        self.source = source
        self.text = text

    def concerns(self, client: Any, publishes: bool, qos: int, retain: bool) -> bool:
        """Whether it has to be looked at, whatever the topic."""
        if publishes:
            if not self.publishes:
                return False
            if self.retain >= 0 and (self.retain == 1) != retain:
                return False
        elif not self.subscribes:
            return False
        if self.qos and qos not in self.qos:
            return False
        who = self.who
        if who is None:
            return True
        certainty = who.matches(client)
        return certainty == YES or (certainty == UNCERTAIN and self.permission == DENY)

    def pattern(self, topic: RuleTopic, client: Any) -> TopicPattern | None:
        if not topic.placeholders:
            return topic.pattern
        return topic.for_client(client, self.permission == DENY)


@final
class RuleList:
    """Rules in their order. `users` and `clients` have those that only they can match, by name."""

    def __init__(self, rules: list[Rule]) -> None:
        self.rules = rules
        self.general: list[int] = []
        self.users: dict[str, list[int]] = {}
        self.clients: dict[str, list[int]] = {}
        for i in range(len(rules)):
            who: Any = rules[i].who
            user: str | None = getattr(who, "only_user", None)
            client: str | None = getattr(who, "only_client", None)
            if user is not None:
                self.users.setdefault(user, []).append(i)
            elif client is not None:
                self.clients.setdefault(client, []).append(i)
            else:
                self.general.append(i)

    def candidates(self, client: Any) -> list[int]:
        """The places of the rules that may be about a client, in order."""
        found = self.general
        by_user = self.users.get(client.username) if client.username is not None else None
        if by_user is not None:
            found = found + by_user
        by_client = self.clients.get(client.client_id)
        if by_client is not None:
            found = found + by_client
        if found is not self.general:
            found.sort()
        return found

    def decide(self, client: Any, action: str, topic: str, qos: int, retain: bool) -> int:
        """ALLOW, DENY or IGNORE, for one topic or for all that a filter matches."""
        if action == PUBLISH:
            rule = self.first(client, topic, qos, retain)
            return IGNORE if rule is None else rule.permission
        if action != SUBSCRIBE:
            return DENY
        if "+" in topic or "#" in topic:
            return self.coverage(client, topic, qos)
        rule = self.first_for_subscription(client, topic, qos)
        return IGNORE if rule is None else rule.permission

    def first(self, client: Any, topic: str, qos: int, retain: bool) -> Rule | None:
        """The rule that decides about a message."""
        return self._first(client, True, topic, qos, retain)

    def first_for_subscription(self, client: Any, topic: str, qos: int) -> Rule | None:
        """The rule that decides about a subscription to one topic."""
        return self._first(client, False, topic, qos, False)

    def _first(
        self, client: Any, publishes: bool, topic: str, qos: int, retain: bool
    ) -> Rule | None:
        levels = topic.split("/")
        for i in self.candidates(client):
            rule = self.rules[i]
            if not rule.concerns(client, publishes, qos, retain):
                continue
            for one in rule.topics:
                pattern = rule.pattern(one, client)
                if pattern is not None and matches_topic(
                    pattern, topic, levels, rule.permission == ALLOW
                ):
                    return rule
        return None

    def coverage(self, client: Any, topic_filter: str, qos: int) -> int:
        """What holds for every topic that a filter matches."""
        patterns: list[TopicPattern] = []
        permissions: list[int] = []
        for i in self.candidates(client):
            rule = self.rules[i]
            if not rule.concerns(client, False, qos, False):
                continue
            for one in rule.topics:
                pattern = rule.pattern(one, client)
                if pattern is not None:
                    patterns.append(pattern)
                    permissions.append(rule.permission)
        return Coverage(topic_filter, patterns, permissions).verdict()
