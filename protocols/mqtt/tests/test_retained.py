"""The tree of retained messages against a dict."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retained_model import TOPICS, found, message
from robustmq_mqtt.retained import BUCKETS, NAMES_MAX, NARROW_MAX, RetainedNode, RetainedTree
from robustmq_mqtt.retained_message import GONE


@given(st.lists(TOPICS, max_size=30), st.randoms(use_true_random=False))
def test_removing_leaves_nothing_and_takes_nothing(
    given_topics: list[str], chance: random.Random
) -> None:
    tree = RetainedTree()
    left = {topic: tree.set(topic, message(topic)) for topic in dict.fromkeys(given_topics)}
    order = sorted(left)
    chance.shuffle(order)
    for topic in order:
        gone = left.pop(topic)
        assert tree.remove(topic)
        assert not tree.remove(topic)
        assert tree.get(topic) is None
        assert gone.serial == GONE
        assert all(tree.get(other) is one for other, one in left.items())
    assert tree.root.is_empty()
    assert tree.count == 0


def test_the_newest_message_replaces_the_last() -> None:
    tree = RetainedTree()
    old = tree.set("a/b", message("a/b"))
    new = tree.set("a/b", message("a/b"))
    assert tree.get("a/b") is new
    assert (old.serial, new.serial) == (GONE, 2)
    assert found(tree, "a/+") == ["a/b"]
    assert tree.count == 1


@pytest.mark.parametrize("order", [["a", "a/b", "a/b/c"], ["a/b/c", "a/b", "a"]])
def test_a_level_may_have_a_message_and_levels_below(order: list[str]) -> None:
    tree = RetainedTree()
    kept = {topic: tree.set(topic, message(topic)) for topic in order}
    assert all(tree.get(topic) is one for topic, one in kept.items())
    assert tree.count == 3
    assert tree.remove("a/b")
    assert tree.get("a/b") is None
    assert found(tree, "#") == ["a", "a/b/c"]
    assert tree.remove("a/b/c")
    assert found(tree, "#") == ["a"]
    assert tree.remove("a")
    assert tree.root.is_empty()


@pytest.mark.parametrize("topic", ["a", "a/b/c", "x", "a/b/", "/a/b"])
def test_what_is_not_retained(topic: str) -> None:
    tree = RetainedTree()
    tree.set("a/b", message("a/b"))
    assert tree.get(topic) is None
    assert not tree.remove(topic)
    assert tree.count == 1


def test_the_broker_s_own_topics_do_not_count() -> None:
    tree = RetainedTree()
    for topic in ("$SYS/a", "$SYS/b", "$other", "a"):
        tree.set(topic, message(topic))
    assert tree.count == 2
    tree.set("$SYS/a", message("$SYS/a"))
    assert tree.remove("$SYS/b")
    assert tree.count == 2
    assert found(tree, "$SYS/#") == ["$SYS/a"]


def test_a_level_with_very_many_below() -> None:
    tree = RetainedTree()
    names = [str(number) for number in range(NARROW_MAX + 500)]
    for name in names:
        tree.set(f"a/{name}", message(f"a/{name}"))
    assert found(tree, "a/+") == sorted(f"a/{name}" for name in names)
    for name in names[::2]:
        newest = tree.set(f"a/{name}", message(f"a/{name}"))
        assert tree.get(f"a/{name}") is newest
    assert tree.count == len(names)
    for name in names[1:]:
        assert tree.remove(f"a/{name}")
        assert not tree.remove(f"a/{name}")
    assert found(tree, "#") == ["a/0"]
    assert tree.remove("a/0")
    assert tree.root.is_empty()


def test_no_part_of_a_wide_level_is_large() -> None:
    tree = RetainedTree()
    count = 20 * BUCKETS
    for number in range(count):
        tree.set(str(number), message(str(number)))
    sizes = [len(tree.root.part(index, True)) for index in range(tree.root.parts())]
    assert sum(sizes) == count
    assert max(sizes) < 100


def test_a_level_name_is_kept_once() -> None:
    tree = RetainedTree()
    for number in range(3 * NAMES_MAX):
        tree.set(f"{number}/temperature", message(f"{number}/temperature"))
        assert len(tree.names) <= NAMES_MAX
    nodes = [node for index in range(BUCKETS) for node in tree.root.part(index, False)]
    assert len(nodes) == 3 * NAMES_MAX
    assert len({id(node.name) for node in nodes if isinstance(node, RetainedNode)}) < 10


def test_a_deep_topic() -> None:
    tree = RetainedTree()
    topic = "/".join("a" * 30_000)
    tree.set(topic, message(topic))
    tree.set("a/a", message("a/a"))
    assert found(tree, "#") == ["a/a", topic]
    assert tree.remove(topic)
    assert found(tree, "#") == ["a/a"]
