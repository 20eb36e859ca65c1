"""The tree of retained messages against a dict that is searched from end to end."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustmq_mqtt.codec.publish import Publish, new_publish
from robustmq_mqtt.retained import RetainedTree

LEVELS = ["", "a", "b", "sensor", "$SYS", "$a", "é"]


def matches(topic_filter: str, topic: str) -> bool:
    """Section 4.7, read level by level."""
    if topic.startswith("$") and topic_filter[0] in "+#":
        return False
    wanted, present = topic_filter.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        present = present[: len(wanted)]
    return len(wanted) == len(present) and all(
        one in ("+", other) for one, other in zip(wanted, present, strict=True)
    )


TOPICS = st.lists(st.sampled_from(LEVELS), min_size=1, max_size=5).map("/".join).filter(len)
FILTERS = st.builds(
    lambda levels, last: "/".join([*levels[:-1], "#"] if last else levels),
    st.lists(st.sampled_from([*LEVELS, "+", "+"]), min_size=1, max_size=5),
    st.booleans(),
).filter(len)


def message(topic: str) -> Publish:
    return new_publish(topic, b"x", 0, True)


def found(tree: RetainedTree, topic_filter: str) -> list[str]:
    """The topics found; one that is found twice shows twice."""
    return sorted(one.topic for one in tree.match(topic_filter))


@given(st.sets(TOPICS, max_size=40), st.lists(FILTERS, min_size=1, max_size=10))
def test_a_match_finds_what_a_search_finds(topics: set[str], filters: list[str]) -> None:
    tree = RetainedTree()
    for topic in topics:
        tree.set(topic, message(topic))
    for name in filters:
        assert found(tree, name) == sorted(topic for topic in topics if matches(name, topic))
    assert sorted(one.topic for one in tree.all_messages()) == sorted(topics)


def test_thousands_of_topics() -> None:
    chance = random.Random(5)
    tree = RetainedTree()
    topics: set[str] = set()
    while len(topics) < 2_000:
        topic = "/".join(chance.choice([*LEVELS, "c", "d"]) for _ in range(chance.randrange(1, 6)))
        if topic:
            topics.add(topic)
            tree.set(topic, message(topic))
    for _ in range(100):
        levels = [chance.choice([*LEVELS, "+", "c"]) for _ in range(chance.randrange(1, 5))]
        name = "/".join([*levels, "#"] if chance.random() < 0.3 else levels)
        if name:
            assert found(tree, name) == sorted(topic for topic in topics if matches(name, topic))


@given(st.lists(TOPICS, max_size=30), st.randoms(use_true_random=False))
def test_removing_leaves_nothing_and_takes_nothing(
    given_topics: list[str], chance: random.Random
) -> None:
    tree = RetainedTree()
    left = {topic: message(topic) for topic in given_topics}
    for topic, one in left.items():
        tree.set(topic, one)
    order = sorted(left)
    chance.shuffle(order)
    for topic in order:
        del left[topic]
        assert tree.remove(topic)
        assert not tree.remove(topic)
        assert tree.get(topic) is None
        assert all(tree.get(other) is one for other, one in left.items())
    assert tree.root.children is None
    assert tree.count == 0


def test_the_newest_message_replaces_the_last() -> None:
    tree = RetainedTree()
    tree.set("a/b", message("a/b"))
    newest = message("a/b")
    tree.set("a/b", newest)
    assert tree.get("a/b") is newest
    assert tree.match("a/+") == [newest]
    assert tree.count == 1


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


def test_only_what_was_there_at_a_time() -> None:
    tree = RetainedTree()
    for topic in ("a/1", "a/2"):
        tree.set(topic, message(topic))
    then = tree.serial
    tree.set("a/2", message("a/2"))
    tree.set("a/3", message("a/3"))
    for name in ("a/#", "a/+", "+/#"):
        assert [one.topic for one in tree.match(name, then)] == ["a/1"]
    assert tree.match("a/2", then) == []
    assert found(tree, "a/+") == ["a/1", "a/2", "a/3"]
