"""[P] Which rule of `[[topics]]` counts for a topic."""

from collections.abc import Sequence
from typing import final

from robustmq_broker.topic_trie import TopicTrie
from robustmq_broker.topics.topic_config import TopicConfig
from robustmq_common.spi.topics import TopicPolicy


@final
class _Rule:
    def __init__(self, topic_filter: str, number: int, policy: TopicPolicy | None) -> None:
        self.topic_filter = topic_filter
        self.number = number
        self.policy = policy


class TopicRules:
    """The rules in the order of the file; fixed from the start of the broker on.

    adapter, durability: what a rule means that does not say it (`storage.adapter` and
    `storage.durability`).
    """

    def __init__(self, rules: Sequence[TopicConfig], adapter: str, durability: str) -> None:
        self._trie = TopicTrie()
        # Backwards: of rules with the same filter the first is left.
        for number, rule in reversed(list(enumerate(rules))):
            policy = policy_of(rule, adapter, durability)
            self._trie.put(_Rule(rule.filter, number, policy))

    def policy(self, topic: str) -> TopicPolicy | None:
        """What the first matching rule says; None without one, or if it says nothing."""
        matching: list[_Rule] = self._trie.match(topic)
        if not matching:
            return None
        return min(matching, key=lambda rule: rule.number).policy


def policy_of(rule: TopicConfig, adapter: str, durability: str) -> TopicPolicy | None:
    """What one rule says, completed with the defaults; None if it says nothing."""
    if not rule.is_logged() and rule.durability is None:
        return None
    return TopicPolicy(
        rule.adapter or adapter,
        rule.durability or durability,
        rule.is_logged(),
        rule.retention,
        rule.retention_bytes,
        rule.retention_records,
    )
