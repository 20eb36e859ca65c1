"""Tests for robustmq_common.spi.topics."""

from robustmq_common.spi.topics import TopicPolicy, topic_shard


def test_a_log_has_the_name_of_its_topic() -> None:
    assert topic_shard("a/b") == "topic/a/b"


def test_without_limits_nothing_is_limited() -> None:
    policy = TopicPolicy("memory", "os")
    assert (policy.logged, policy.seconds, policy.bytes, policy.records) == (False,) + (None,) * 3
