"""Retained messages as a dict that is searched from end to end, to compare the tree with."""

from hypothesis import strategies as st

from robustmq_mqtt.codec.publish import Publish, new_publish
from robustmq_mqtt.retained import RetainedTree
from robustmq_mqtt.retained_cursor import RetainedCursor
from robustmq_mqtt.retained_message import RetainedMessage

LEVELS = ["", "a", "b", "sensor", "$SYS", "$a", "é"]
TOPICS = st.lists(st.sampled_from(LEVELS), min_size=1, max_size=5).map("/".join).filter(len)
FILTERS = st.builds(
    lambda levels, last: "/".join([*levels[:-1], "#"] if last else levels),
    st.lists(st.sampled_from([*LEVELS, "+", "+"]), min_size=1, max_size=5),
    st.booleans(),
).filter(len)


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


def message(topic: str, payload: bytes = b"x") -> Publish:
    return new_publish(topic, payload, 0, True)


def walk(cursor: RetainedCursor, budget: int = 1_000_000) -> list[RetainedMessage]:
    """What the cursor finds until `budget` is used up."""
    cursor.budget = budget
    found: list[RetainedMessage] = []
    while (one := cursor.next()) is not None:
        found.append(one)
    assert cursor.done or cursor.budget == 0
    return found


def found(tree: RetainedTree, topic_filter: str, until: int | None = None) -> list[str]:
    """The topics that match; one that is found twice shows twice."""
    cursor = RetainedCursor(tree, topic_filter, tree.serial if until is None else until)
    topics = sorted(one.topic_bytes.decode() for one in walk(cursor))
    assert cursor.done
    return topics
