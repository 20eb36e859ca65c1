"""The subscription tree against a matcher too simple to be wrong, and what removing leaves."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from routing_fakes import LEVELS, filters, matches, topics

from robustmq_broker.topic_trie import FilterNode, TopicTrie


class Kept:
    """Something that belongs to a filter."""

    def __init__(self, topic_filter: str) -> None:
        self.topic_filter = topic_filter


def trie_of(names: set[str]) -> TopicTrie:
    trie = TopicTrie()
    for name in names:
        trie.put(Kept(name))
    return trie


def found(trie: TopicTrie, topic: str) -> list[str]:
    """The filters that a match finds; several times if it finds one several times."""
    return sorted(kept.topic_filter for kept in trie.match(topic))


def nodes(trie: TopicTrie) -> list[FilterNode]:
    """Every node but the root."""
    seen: list[Any] = [trie.root]
    for node in seen:
        seen += [below for below in node.all_below() if isinstance(below, FilterNode)]
    return seen[1:]


@given(st.sets(filters(), max_size=40), st.lists(topics(), min_size=1, max_size=10))
def test_a_match_finds_what_a_simple_matcher_finds(
    names: set[str], given_topics: list[str]
) -> None:
    trie = trie_of(names)
    for topic in given_topics:
        assert found(trie, topic) == sorted(name for name in names if matches(name, topic))


def test_thousands_of_filters() -> None:
    chance = random.Random(11)
    names: set[str] = set()
    while len(names) < 2_000:
        levels = [chance.choice([*LEVELS, "+", "c", "d"]) for _ in range(chance.randrange(1, 6))]
        if chance.random() < 0.3:
            levels.append("#")
        names.add("/".join(levels))
    names.discard("")
    trie = trie_of(names)
    for _ in range(200):
        topic = "/".join(chance.choice([*LEVELS, "c", "d"]) for _ in range(chance.randrange(1, 7)))
        if topic:
            assert found(trie, topic) == sorted(name for name in names if matches(name, topic))


@pytest.mark.parametrize("company", [[], ["sport/+/x/y", "+/+/+", "a/b/+", "$SYS/+/c", "a/+/#"]])
@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("sport/#", "sport", True),
        ("sport/#", "sport/", True),
        ("sport/#", "sports", False),
        ("sport/+/#", "sport/x", True),
        ("sport/+/#", "sport", False),
        ("#", "/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("#", "$SYS", False),
        ("+/a", "$SYS/a", False),
        ("$SYS/#", "$SYS", True),
        ("$SYS/+", "$SYS/$a", True),
        ("a/+", "a/$b", True),
        ("a/#", "a/$b", True),
        ("a", "A", False),
    ],
)
def test_examples_of_the_specification(
    company: list[str], topic_filter: str, topic: str, expected: bool
) -> None:
    trie = trie_of({topic_filter, *company})
    assert (topic_filter in found(trie, topic)) is expected


class Changes(RuleBasedStateMachine):
    """Filters come and go; a dict of them says what is right."""

    def __init__(self) -> None:
        super().__init__()
        self.trie = TopicTrie()
        self.there: dict[str, Kept] = {}

    @rule(name=filters())
    def put(self, name: str) -> None:
        self.there[name] = Kept(name)
        self.trie.put(self.there[name])

    @rule(name=filters())
    def remove_any(self, name: str) -> None:
        self.trie.remove(name)
        self.there.pop(name, None)

    @rule(data=st.data())
    def remove_one_that_is_there(self, data: st.DataObject) -> None:
        if self.there:
            self.remove_any(data.draw(st.sampled_from(sorted(self.there))))

    @rule(name=filters())
    def get(self, name: str) -> None:
        assert self.trie.get(name) is self.there.get(name)

    @rule(topic=topics())
    def match(self, topic: str) -> None:
        expected = sorted(name for name in self.there if matches(name, topic))
        assert found(self.trie, topic) == expected

    @invariant()
    def everything_is_there(self) -> None:
        assert all(self.trie.get(name) is kept for name, kept in self.there.items())

    @invariant()
    def no_node_is_there_for_one_filter(self) -> None:
        for node in nodes(self.trie):
            below = node.all_below()
            assert len(below) + (node.here is not None) > 1 or isinstance(below[0], FilterNode)

    def teardown(self) -> None:
        for name in self.there:
            self.trie.remove(name)
        assert self.trie.is_empty()


TestChanges = Changes.TestCase
TestChanges.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def test_one_filter_needs_no_nodes() -> None:
    trie = trie_of({"a/b/+/c/d", "b/#", "x/y"})
    assert nodes(trie) == []
    trie.put(Kept("a/b/+/c/e"))
    assert len(nodes(trie)) == 4
    trie.remove("a/b/+/c/d")
    assert nodes(trie) == []
    assert found(trie, "a/b/x/c/e") == ["a/b/+/c/e"]
