"""The walk over retained messages against a search from end to end, while the tree changes."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retained_model import FILTERS, LEVELS, TOPICS, found, matches, message, walk
from robustmq_mqtt.retained import RetainedTree
from robustmq_mqtt.retained_cursor import RetainedCursor
from robustmq_mqtt.retained_message import RetainedMessage


@given(st.sets(TOPICS, max_size=40), st.lists(FILTERS, min_size=1, max_size=10))
def test_it_finds_what_a_search_finds(topics: set[str], filters: list[str]) -> None:
    tree = RetainedTree()
    for topic in topics:
        tree.set(topic, message(topic))
    for name in filters:
        assert found(tree, name) == sorted(topic for topic in topics if matches(name, topic))


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


def test_only_what_was_there_at_a_time() -> None:
    tree = RetainedTree()
    for topic in ("a/1", "a/2"):
        tree.set(topic, message(topic))
    then = tree.serial
    tree.set("a/2", message("a/2"))
    tree.set("a/3", message("a/3"))
    for name in ("a/#", "a/+", "+/#"):
        assert found(tree, name, then) == ["a/1"]
    assert found(tree, "a/2", then) == []
    assert found(tree, "a/+") == ["a/1", "a/2", "a/3"]


class Comparison:
    """A tree that changes while a cursor walks it, beside dicts that know what has to come.

    `owed` is what was there at the beginning, still is, and has not come yet.
    """

    def __init__(self, topic_filter: str, topics: list[str]) -> None:
        self.tree = RetainedTree()
        self.present: dict[str, RetainedMessage] = {}
        for topic in topics:
            self.set(topic)
        self.cursor = RetainedCursor(self.tree, topic_filter, self.tree.serial)
        self.owed = {t: m for t, m in self.present.items() if matches(topic_filter, t)}

    def set(self, topic: str) -> None:
        self.present[topic] = self.tree.set(topic, message(topic))

    def change(self, topic: str, *, remove: bool) -> None:
        self.owed.pop(topic, None)
        if remove:
            assert self.tree.remove(topic) == (self.present.pop(topic, None) is not None)
        else:
            self.set(topic)

    def step(self, budget: int) -> None:
        for one in walk(self.cursor, budget):
            assert self.owed.pop(one.topic_bytes.decode()) is one

    def finish(self) -> None:
        while not self.cursor.done:
            self.step(1000)
        assert self.owed == {}
        assert all(self.tree.get(topic) is one for topic, one in self.present.items())


CHANGES = st.lists(st.one_of(st.integers(1, 8), st.tuples(TOPICS, st.booleans())), max_size=80)


@given(FILTERS, st.lists(TOPICS, max_size=40), CHANGES)
def test_everything_once_whatever_happens_meanwhile(
    topic_filter: str, topics: list[str], changes: list[int | tuple[str, bool]]
) -> None:
    comparison = Comparison(topic_filter, topics)
    for change in changes:
        if isinstance(change, int):
            comparison.step(change)
        else:
            comparison.change(change[0], remove=change[1])
    comparison.finish()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("topic_filter", ["#", "w/#", "w/+", "+/+/x", "w/+/#"])
def test_wide_levels_change_meanwhile(topic_filter: str, seed: int) -> None:
    """Levels become wide, empty, and wide again, below and above the cursor."""
    chance = random.Random(seed)
    names = [f"{top}/{n}{end}" for top in "wv" for n in range(1500) for end in ("", "/x")]
    comparison = Comparison(topic_filter, chance.sample(names, chance.choice([200, 2000, 5500])))
    while not comparison.cursor.done:
        comparison.step(chance.randrange(1, 400))
        remove = chance.random() < 0.5
        prefix = chance.choice(["", "w/", "v/"])
        some = [name for name in names if name.startswith(prefix)]
        for name in chance.sample(some, chance.choice([1, 30, len(some)])):
            comparison.change(name, remove=remove)
    comparison.finish()


def test_a_step_is_bounded_wherever_the_messages_are() -> None:
    """A filter that matches next to nothing costs no more per step than one that matches all."""
    tree = RetainedTree()
    for number in range(30_000):
        tree.set(f"{number}/x", message(f"{number}/x"))
    tree.set("1/y", message("1/y"))
    cursor = RetainedCursor(tree, "+/y", tree.serial)
    steps = 0
    got: list[RetainedMessage] = []
    while not cursor.done:
        got += walk(cursor, 500)
        steps += 1
    assert [one.topic_bytes for one in got] == [b"1/y"]
    assert steps > 60


def test_it_holds_little_of_a_wide_tree() -> None:
    tree = RetainedTree()
    for number in range(50_000):
        tree.set(f"a/{number}/x", message(f"a/{number}/x"))
    cursor = RetainedCursor(tree, "#", tree.serial)
    while not cursor.done:
        walk(cursor, 1000)
        assert sum(len(node.entries) for node in cursor.open) < 500


def test_a_literal_filter_looks_at_its_own_levels_only() -> None:
    tree = RetainedTree()
    for number in range(5_000):
        tree.set(f"a/{number}/x", message(f"a/{number}/x"))
    cursor = RetainedCursor(tree, "a/77/x", tree.serial)
    assert len(walk(cursor, 10)) == 1
    assert cursor.done
