"""Rules for topics: what may be written, and what is wrong with it."""

from typing import Literal

import pytest

from robustmq_broker.topics.topic_config import TopicConfig, adapter_durability, topic_problems
from robustmq_common.config import load_settings
from robustmq_common.errors import ConfigError


def load(rules: str) -> list[TopicConfig]:
    loaded: list[TopicConfig] = load_settings(
        {"topics": list[TopicConfig]}, None, {}, [f"topics={rules}"]
    ).section("topics")
    return loaded


def test_a_rule_with_everything() -> None:
    (rule,) = load(
        '[{filter="telemetry/#", adapter="object", durability="fsync", retention="7d", '
        'retention_bytes="1GB", retention_records=1000, settings={bucket="b"}}]'
    )
    assert (rule.filter, rule.adapter, rule.durability) == ("telemetry/#", "object", "fsync")
    limits = (rule.retention, rule.retention_bytes, rule.retention_records)
    assert limits == (604_800.0, 1_073_741_824, 1000)
    assert rule.settings == {"bucket": "b"}
    assert rule.is_logged()


@pytest.mark.parametrize(
    ("keys", "logged"),
    [
        ("", False),
        (', durability="fsync"', False),
        (', adapter="object"', True),
        (', retention="90s"', True),
        (", retention_bytes=1", True),
        (", retention_records=1", True),
    ],
)
def test_what_makes_logs(keys: str, logged: bool) -> None:
    (rule,) = load(f'[{{filter="a"{keys}}}]')
    assert rule.is_logged() is logged


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ('filter=""', 'topics[1].filter = "" (--set): the topic filter is empty'),
        ('filter="a#"', 'topics[1].filter = "a#" (--set): "#" does not stand alone'),
        ('filter="a/+b"', 'topics[1].filter = "a/+b" (--set): "+" does not stand alone'),
        ('filter="$share/g/a"', "a rule is for topics, not for a shared subscription"),
        (r'filter="a\u0000"', "the topic filter contains U+0000"),
        ("filter=1", "topics[1].filter = 1 (--set): expected a topic filter, such as"),
        ('retention="7d"', "topics[1].filter (--set): missing; expected a topic filter"),
        ('filter="a", retention="week"', 'topics[1].retention = "week" (--set): expected a dur'),
        (
            'filter="a", retention="0s"',
            'topics[1].retention = "0s" (--set): expected a duration gr',
        ),
        ('filter="a", retention_bytes=0', "topics[1].retention_bytes = 0 (--set): expected a s"),
        ('filter="a", retention_records=0.5', "topics[1].retention_records = 0.5 (--set): expec"),
        ('filter="a", durability="disk"', 'expected one of "memory", "os", "fsync"'),
        ('filter="a", adapter=""', "expected text that is not empty"),
        ('filter="a", retentoin="7d"', 'unknown key; did you mean "topics[1].retention"?'),
    ],
)
def test_what_is_wrong_names_the_rule(keys: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(f'[{{filter="fine"}}, {{{keys}}}]')
    assert problem in str(refused.value)
    assert "topics[1]." in str(refused.value)


@pytest.mark.parametrize(
    ("configured", "asked", "wanted"),
    [
        ("memory", None, "memory"),
        ("memory", "memory", "memory"),
        ("memory", "os", "os"),
        ("memory", "fsync", "os"),
        ("os", "memory", "os"),
        ("os", "fsync", "os"),
        ("fsync", "os", "fsync"),
    ],
)
def test_a_rule_may_ask_more_of_an_adapter_than_memory(
    configured: str, asked: Literal["memory", "os", "fsync"] | None, wanted: str
) -> None:
    rules = [TopicConfig(filter="a", retention=1.0), TopicConfig(filter="b", durability=asked)]
    assert adapter_durability(rules, configured) == wanted


def test_rules_that_fit_together() -> None:
    rules = load(
        '[{filter="a", adapter="object", settings={x=1}}, {filter="b", adapter="object"}, '
        '{filter="c", adapter="rocksdb"}, {filter="d", adapter="object", settings={x=1}}, '
        '{filter="e", adapter="other", settings={x=2}}]'
    )
    assert topic_problems(rules, "rocksdb") == []


def test_rules_that_do_not() -> None:
    rules = load(
        '[{filter="a", settings={x=1}}, {filter="b", adapter="rocksdb", settings={x=1}}, '
        '{filter="c", adapter="object", settings={x=1}}, {filter="a", retention=1}, '
        '{filter="d", adapter="object", settings={x=2}}]'
    )
    own = "the settings of rocksdb, the storage.adapter, are in storage.settings"
    assert topic_problems(rules, "rocksdb") == [
        f"topics[0].settings: {own}",
        f"topics[1].settings: {own}",
        'topics[3].filter = "a": topics[0] has the same filter, and the first rule counts; remove '
        "one of them",
        "topics[4].settings: topics[2] has other settings for the adapter object, which is opened "
        "once; give them in one rule",
    ]
