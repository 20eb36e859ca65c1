"""The subscriptions and groups of one filter."""

from routing_fakes import FakeSubscriber, FakeSubscription

from robustmq_broker.filter_entry import FilterEntry

ONE, TWO = FakeSubscriber("1"), FakeSubscriber("2")


def test_members_come_and_go() -> None:
    entry = FilterEntry("a")
    first = FakeSubscription(ONE, ["a"])
    assert entry.join(first, "g")
    assert not entry.join(FakeSubscription(ONE, ["a"]), "g")
    assert entry.join(FakeSubscription(TWO, ["a"]), "g")
    assert entry.group("g") is not None
    assert entry.group("h") is None
    assert not entry.leave(ONE, "h")
    assert entry.leave(ONE, "g")
    assert not entry.leave(ONE, "g")
    assert not entry.is_empty()
    assert entry.leave(TWO, "g")
    assert entry.is_empty()
    assert entry.group("g") is None


def test_only_one_subscription_without_groups_could_stand_for_itself() -> None:
    entry = FilterEntry("a")
    assert entry.only() is None
    first, second = FakeSubscription(ONE, ["a"]), FakeSubscription(TWO, ["a"])
    entry.subscriptions = {ONE: first}
    assert entry.only() is first
    entry.join(second, "g")
    assert entry.only() is None
    entry.leave(TWO, "g")
    entry.subscriptions[TWO] = second
    assert entry.only() is None
