"""Tests for robustmq_common.topic_filters; those of robustmq_mqtt.topics go through it, too."""

import pytest

from robustmq_common.topic_filters import filter_problem


@pytest.mark.parametrize(
    "topic_filter", ["a", "/", "#", "+", "a/#", "+/+/#", "/+/", "a b/é", "a//b", "$SYS/#"]
)
def test_valid_filters(topic_filter: str) -> None:
    assert filter_problem(topic_filter) == ""


@pytest.mark.parametrize(
    ("topic_filter", "problem"),
    [
        ("", "is empty"),
        ("a/#/b", '"#" is not the last'),
        ("##", '"#" is not the last'),
        ("a#", '"#" does not stand alone'),
        ("a+", '"+" does not stand alone'),
        ("a/+b/#", '"+" does not stand alone'),
        ("a/++", '"+" does not stand alone'),
    ],
)
def test_invalid_filters(topic_filter: str, problem: str) -> None:
    assert problem in filter_problem(topic_filter)


def test_the_number_of_levels_is_limited() -> None:
    assert filter_problem("a/b/c", 3) == ""
    assert filter_problem("a/b/c", 2) == "the topic filter has more than 2 levels"
