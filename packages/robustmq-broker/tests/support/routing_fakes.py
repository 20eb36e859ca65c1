"""Subscribers that note what they get, and a matcher too simple to be wrong."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

LEVELS = ["", "a", "b", "sensor", "$SYS", "$a", "é"]


def matches(topic_filter: str, topic: str) -> bool:
    """Section 4.7 of MQTT, read level by level."""
    if topic.startswith("$") and topic_filter[0] in "+#":
        return False
    wanted, given = topic_filter.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        given = given[: len(wanted)]
    return len(wanted) == len(given) and all(
        one in ("+", other) for one, other in zip(wanted, given, strict=True)
    )


def topics() -> st.SearchStrategy[str]:
    """Topic names with few different levels, so that they often match; never empty."""
    return st.lists(st.sampled_from(LEVELS), min_size=1, max_size=5).map("/".join).filter(len)


def filters() -> st.SearchStrategy[str]:
    """Valid topic filters of the same levels."""
    levels = st.lists(st.sampled_from([*LEVELS, "+", "+"]), min_size=1, max_size=5)
    return st.builds(
        lambda chosen, last: "/".join([*chosen[:-1], "#"] if last else chosen),
        levels,
        st.booleans(),
    ).filter(len)


class FakeSubscriber:
    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        self.connected = True
        self.accepts = True
        self.got: list[Any] = []


class FakeSubscription:
    """Delivers to its subscriber; `filters` says which filters it stands for.

    The first of them is its own.
    """

    def __init__(self, subscriber: FakeSubscriber, filters: Sequence[str] = ()) -> None:
        self.subscriber = subscriber
        self.filters = tuple(filters)
        self.topic_filter = self.filters[0] if filters else ""

    def available(self) -> bool:
        return self.subscriber.connected

    def deliver(self, message: Any) -> bool:
        if self.subscriber.accepts:
            self.subscriber.got.append((message, tuple(sorted(self.filters))))
        return self.subscriber.accepts

    def stores(self) -> bool:
        return False

    def merged(self, others: list[Any]) -> "FakeSubscription":
        names = [name for one in (self, *others) for name in one.filters]
        return FakeSubscription(self.subscriber, names)
