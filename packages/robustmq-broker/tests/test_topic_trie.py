"""The subscription tree against a matcher too simple to be wrong, and what pruning leaves."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing_fakes import LEVELS, filters, matches, topics

from robustmq_broker.topic_trie import TopicTrie


def trie_of(names: set[str]) -> TopicTrie:
    trie = TopicTrie()
    for name in names:
        mark: dict[int, Any] = {0: name}
        trie.node(name).subscriptions = mark
    return trie


def found(trie: TopicTrie, topic: str) -> list[Any]:
    """The filters whose nodes a match finds; several times if it finds one several times."""
    return sorted(
        str(node.subscriptions[0]) for node in trie.match(topic) if node.subscriptions is not None
    )


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


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("sport/#", "sport", True),
        ("sport/#", "sport/", True),
        ("sport/#", "sports", False),
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
def test_examples_of_the_specification(topic_filter: str, topic: str, expected: bool) -> None:
    assert bool(found(trie_of({topic_filter}), topic)) is expected


@given(st.lists(filters(), max_size=30), st.randoms(use_true_random=False))
def test_pruning_leaves_nothing_and_takes_nothing(names: list[str], chance: random.Random) -> None:
    left = set(names)
    trie = trie_of(left)
    order = sorted(left)
    chance.shuffle(order)
    for name in order:
        node = trie.find(name)
        assert node is not None
        node.subscriptions = None
        trie.prune(name)
        left.discard(name)
        again = trie.find(name)
        # The node stays exactly as long as a longer filter needs it.
        assert (again is not None) == any(other.startswith(name + "/") for other in left)
        assert all(trie.find(other) is not None for other in left)
    assert trie.root.is_empty()


def test_pruning_what_is_in_use_or_was_never_there_changes_nothing() -> None:
    trie = trie_of({"a/b", "a/b/c"})
    for name in ("a/b", "a", "a/x", "x", "a/b/c/d"):
        trie.prune(name)
    assert found(trie, "a/b") == ["a/b"]
    assert found(trie, "a/b/c") == ["a/b/c"]


def test_a_node_is_made_once() -> None:
    trie = TopicTrie()
    assert trie.find("a/+") is None
    node = trie.node("a/+")
    assert trie.node("a/+") is node
    assert trie.find("a/+") is node
    assert trie.find("a") is not node
    assert trie.find("a/+/b") is None
