"""The first rule that matches counts."""

import random

import pytest
from routing_fakes import matches

from robustmq_broker.topics.rules import TopicRules
from robustmq_broker.topics.topic_config import TopicConfig
from robustmq_common.spi.topics import TopicPolicy


def rules(*given: TopicConfig) -> TopicRules:
    return TopicRules(given, "rocksdb", "os")


def test_without_a_rule_there_is_nothing_to_say() -> None:
    assert rules().policy("a") is None
    assert rules(TopicConfig(filter="b/#", retention=1.0)).policy("a") is None


def test_what_a_rule_leaves_out_is_the_default() -> None:
    found = rules(TopicConfig(filter="a", retention=60.0)).policy("a")
    assert found == TopicPolicy("rocksdb", "os", True, 60.0, None, None)
    whole = TopicConfig(
        filter="a", adapter="object", durability="fsync", retention_bytes=1, retention_records=2
    )
    assert rules(whole).policy("a") == TopicPolicy("object", "fsync", True, None, 1, 2)
    durable = TopicConfig(filter="a", durability="fsync")
    assert rules(durable).policy("a") == TopicPolicy("rocksdb", "fsync", logged=False)


def test_topics_of_one_rule_share_its_policy() -> None:
    made = rules(TopicConfig(filter="a/+", retention=1.0))
    assert made.policy("a/b") is made.policy("a/c")


def test_a_rule_that_says_nothing_exempts() -> None:
    made = rules(TopicConfig(filter="a/debug"), TopicConfig(filter="a/#", retention=1.0))
    assert made.policy("a/debug") is None
    assert made.policy("a/other") is not None


@pytest.mark.parametrize(
    ("topic", "records"),
    [("a", 1), ("a/b", 2), ("a/b/c", 3), ("x/b", 4), ("x/b/c", 5), ("$SYS/x", None), ("y", 5)],
)
def test_the_order_of_the_file_counts(topic: str, records: int | None) -> None:
    filters = ["a", "a/b", "a/#", "+/b", "#", "x/b", "a/b/c"]
    made = rules(
        *(TopicConfig(filter=name, retention_records=n) for n, name in enumerate(filters, 1))
    )
    found = made.policy(topic)
    assert (None if found is None else found.records) == records


def test_many_rules_at_once_against_one_after_the_other() -> None:
    dice = random.Random(7)
    levels = ["a", "b", "c"]

    def names(alphabet: list[str]) -> str:
        return "/".join(dice.choice(alphabet) for _ in range(dice.randint(1, 4)))

    for _ in range(200):
        filters = [names([*levels, "+"]) + dice.choice(["", "/#"]) for _ in range(8)]
        made = rules(
            *(TopicConfig(filter=name, retention_records=n) for n, name in enumerate(filters, 1))
        )
        topic = names(levels)
        first = next((n for n, name in enumerate(filters, 1) if matches(name, topic)), None)
        found = made.policy(topic)
        assert (None if found is None else found.records) == first
