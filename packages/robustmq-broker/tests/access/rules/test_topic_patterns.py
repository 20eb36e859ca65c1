"""Which topics a pattern is about, and what ordered patterns say of all that a filter matches."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustmq_broker.access.rules import topic_patterns
from robustmq_broker.access.rules.topic_patterns import (
    ALLOW,
    DENY,
    IGNORE,
    Coverage,
    TopicPattern,
    matches_topic,
)
from robustmq_common.topic_filters import filter_problem

LEVELS = ["", "a", "b", "$x", "$SYS"]
FRESH = ["z", *LEVELS]
TOPICS = [
    "/".join(levels) for count in (1, 2, 3, 4) for levels in itertools.product(FRESH, repeat=count)
]
"""More levels than any filter below has, and one that none of them names."""


def matches(filter_: str, topic: str) -> bool:
    """Section 4.7 of MQTT, word for word."""
    wanted, have = filter_.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in {"+", "#"}:
        return False
    if wanted[-1] == "#":
        wanted = wanted[:-1]
        if len(have) < len(wanted):
            return False
        have = have[: len(wanted)]
    return len(wanted) == len(have) and all(
        w in {"+", h} for w, h in zip(wanted, have, strict=True)
    )


def speaks_of(pattern: TopicPattern, permission: int, filter_: str, topic: str) -> bool:
    if pattern.every:
        return permission == DENY or topic.split("/", maxsplit=1)[0] != "$SYS"
    if pattern.literal and ("+" in pattern.text or "#" in pattern.text):
        return pattern.text == filter_
    return matches(pattern.text, topic)


def brute_force(filter_: str, rules: list[tuple[int, TopicPattern]]) -> int:
    found = set()
    for topic in TOPICS:
        if matches(filter_, topic):
            about = (
                permission
                for permission, pattern in rules
                if speaks_of(pattern, permission, filter_, topic)
            )
            found.add(next(about, IGNORE))
    if DENY in found:
        return DENY
    return IGNORE if IGNORE in found else ALLOW


filters = st.lists(st.sampled_from([*LEVELS, "+", "#"]), min_size=1, max_size=3).map("/".join)
valid = filters.filter(lambda one: bool(one) and not filter_problem(one))
patterns = st.one_of(
    valid.map(lambda text: TopicPattern(text, False)),
    valid.map(lambda text: TopicPattern(text, True)),
    st.just(TopicPattern("*", False)),
)
rules = st.lists(st.tuples(st.sampled_from([ALLOW, DENY]), patterns), max_size=5)


@settings(max_examples=800, deadline=None)
@given(valid, rules)
def test_every_topic_of_a_filter_is_decided_as_if_it_stood_alone(
    filter_: str, given_rules: list[tuple[int, TopicPattern]]
) -> None:
    coverage = Coverage(filter_, [one for _, one in given_rules], [one for one, _ in given_rules])
    assert coverage.verdict() == brute_force(filter_, given_rules)


@settings(max_examples=500, deadline=None)
@given(valid, st.sampled_from(TOPICS))
def test_a_pattern_matches_as_a_subscription_would(text: str, topic: str) -> None:
    pattern = TopicPattern(text, False)
    assert matches_topic(pattern, topic, topic.split("/"), True) == matches(text, topic)


@pytest.mark.parametrize(
    ("text", "literal", "topic", "allows", "expected"),
    [
        ("*", False, "a/b", True, True),
        ("*", False, "$x/y", True, True),
        ("*", False, "$SYS/y", True, False),
        ("*", False, "$SYS/y", False, True),
        ("*", True, "a", True, False),
        ("*", True, "*", True, True),
        ("a/+", True, "a/b", True, False),
        ("a/b", True, "a/b", True, True),
    ],
)
def test_every_topic_and_literals(
    text: str, literal: bool, topic: str, allows: bool, expected: bool
) -> None:
    assert matches_topic(TopicPattern(text, literal), topic, topic.split("/"), allows) is expected


@pytest.mark.parametrize(
    ("filter_", "given_rules", "expected"),
    [
        ("a/#", [(ALLOW, "a/+"), (ALLOW, "a/+/#"), (ALLOW, "a")], ALLOW),
        ("a/#", [(ALLOW, "a/+"), (ALLOW, "a/+/#")], IGNORE),
        ("a/+", [(ALLOW, "a/b"), (DENY, "a/b"), (ALLOW, "a/+")], ALLOW),
        ("a/+", [(ALLOW, "a/c"), (DENY, "a/b"), (ALLOW, "a/+")], DENY),
        ("#", [(ALLOW, "#"), (DENY, "a/secret")], ALLOW),
        ("#", [(DENY, "a/secret"), (ALLOW, "#")], DENY),
        ("+/+", [(DENY, "a/+/#"), (ALLOW, "+/b")], DENY),
        ("#", [(DENY, "$SYS/#"), (ALLOW, "#")], ALLOW),
        ("#", [], IGNORE),
    ],
)
def test_coverage(filter_: str, given_rules: list[tuple[int, str]], expected: int) -> None:
    made = [TopicPattern(text, False) for _, text in given_rules]
    assert Coverage(filter_, made, [one for one, _ in given_rules]).verdict() == expected


def test_a_literal_filter_is_no_pattern() -> None:
    literal = TopicPattern("#", True)
    everything = TopicPattern("#", False)
    assert Coverage("#", [literal, everything], [DENY, ALLOW]).verdict() == DENY
    assert Coverage("a/#", [literal, everything], [DENY, ALLOW]).verdict() == ALLOW


def test_what_takes_too_long_is_refused() -> None:
    """Patterns whose combinations are as many as two to the power of their levels."""
    depth = 24
    made = []
    for level in range(depth):
        for name in "ab":
            made.append(TopicPattern("/".join(["+"] * level + [name, "#"]), False))
    made = [TopicPattern("x/" * 3 + "y", False), *made[::-1], TopicPattern("#", False)]
    for number in range(depth):
        levels = ["+"] * depth
        levels[number] = "c"
        made.insert(0, TopicPattern("/".join(levels), False))
    coverage = Coverage("#", made, [ALLOW] * len(made))
    assert coverage.verdict() == DENY
    assert topic_patterns.WORK_MAX < coverage.work < 2 * topic_patterns.WORK_MAX
