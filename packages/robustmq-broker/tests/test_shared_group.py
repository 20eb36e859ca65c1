"""Who of a shared subscription's members gets a message."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing_fakes import FakeSubscriber, FakeSubscription

from robustmq_broker.shared_group import SharedGroup


def group_of(*members: FakeSubscriber) -> SharedGroup:
    group = SharedGroup()
    for member in members:
        group.add(FakeSubscription(member))
    return group


def deliver(group: SharedGroup, *messages: Any) -> list[bool]:
    return [group.deliver(message) for message in messages]


def got(member: FakeSubscriber) -> list[Any]:
    return [message for message, _ in member.got]


@pytest.fixture
def members() -> tuple[FakeSubscriber, FakeSubscriber, FakeSubscriber]:
    return FakeSubscriber("a"), FakeSubscriber("b"), FakeSubscriber("c")


def test_members_take_turns(members: tuple[FakeSubscriber, ...]) -> None:
    group = group_of(*members)
    assert all(deliver(group, *range(7)))
    assert [got(member) for member in members] == [[0, 3, 6], [1, 4], [2, 5]]


def test_nobody_takes_a_message_of_an_empty_group() -> None:
    assert deliver(SharedGroup(), 1) == [False]


def test_joining_again_replaces_the_subscription(members: tuple[FakeSubscriber, ...]) -> None:
    group = group_of(*members)
    group.add(FakeSubscription(members[1], ["new"]))
    assert len(group.members) == 3
    deliver(group, 0, 1, 2)
    assert members[1].got == [(1, ("new",))]


@pytest.mark.parametrize(("leaving", "expected"), [(0, [1, 2, 1]), (1, [2, 0, 2]), (2, [1, 0, 1])])
def test_turns_go_on_when_a_member_leaves(
    members: tuple[FakeSubscriber, ...], leaving: int, expected: list[int]
) -> None:
    group = group_of(*members)
    deliver(group, "first")
    if leaving == 1:
        # The one whose turn it would be.
        assert got(members[0]) == ["first"]
    assert group.remove(members[leaving])
    for member in members:
        member.got.clear()
    deliver(group, 0, 1, 2)
    takers = [next(i for i in range(3) if number in got(members[i])) for number in range(3)]
    assert takers == expected


def test_only_members_can_leave(members: tuple[FakeSubscriber, ...]) -> None:
    group = group_of(members[0])
    assert not group.remove(members[1])
    assert group.remove(members[0])
    assert not group.remove(members[0])
    assert group.members == []


def test_members_that_are_away_are_passed_over(members: tuple[FakeSubscriber, ...]) -> None:
    group = group_of(*members)
    members[1].connected = False
    deliver(group, *range(4))
    assert [len(member.got) for member in members] == [2, 0, 2]


def test_with_everyone_away_those_that_keep_messages_take_turns(
    members: tuple[FakeSubscriber, ...],
) -> None:
    group = group_of(*members)
    for member in members:
        member.connected = False
    members[0].accepts = False
    assert all(deliver(group, *range(4)))
    assert [len(member.got) for member in members] == [0, 2, 2]


def test_a_member_that_cannot_take_it_is_not_the_end(members: tuple[FakeSubscriber, ...]) -> None:
    group = group_of(*members)
    members[0].accepts = members[1].accepts = False
    members[2].connected = False
    assert deliver(group, 1) == [True]
    assert got(members[2]) == [1]
    members[2].accepts = False
    assert deliver(group, 2) == [False]


class Leaving(FakeSubscription):
    """Leaves its group when it is asked to take a message, as an overflowing client does."""

    def __init__(self, subscriber: FakeSubscriber, group: SharedGroup) -> None:
        super().__init__(subscriber)
        self.group = group

    def deliver(self, message: Any) -> bool:
        self.subscriber.connected = False
        self.group.remove(self.subscriber)
        return False


@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_member_may_leave_while_it_is_asked(connected: bool, place: int) -> None:
    group = SharedGroup()
    staying = FakeSubscriber("s")
    staying.connected = False
    for i in range(3):
        if i == place:
            group.add(FakeSubscription(staying))
        else:
            leaver = FakeSubscriber(str(i))
            leaver.connected = connected
            group.add(Leaving(leaver, group))
    assert deliver(group, 1) == [True]
    assert got(staying) == [1]


def test_all_members_may_leave_while_they_are_asked() -> None:
    group = SharedGroup()
    for i in range(3):
        group.add(Leaving(FakeSubscriber(str(i)), group))
    assert deliver(group, 1) == [False]
    assert group.members == []


@given(
    st.lists(
        st.tuples(st.sampled_from(["join", "leave", "away", "back"]), st.integers(0, 4)),
        max_size=30,
    )
)
def test_turns_are_fair_whatever_happened_before(steps: list[tuple[str, int]]) -> None:
    people = [FakeSubscriber(str(i)) for i in range(5)]
    group = group_of(people[0])
    for step, number in steps:
        person = people[number]
        match step:
            case "join":
                group.add(FakeSubscription(person))
            case "leave":
                group.remove(person)
            case "away":
                person.connected = False
            case "back":
                person.connected = True
        deliver(group, "noise")
    for person in people:
        person.got.clear()
    present = [one.subscriber for one in group.members if one.available()]
    candidates = present or [one.subscriber for one in group.members]
    assert all(deliver(group, *range(3 * len(candidates)))) or not candidates
    counts = Counter(len(person.got) for person in people if person in candidates)
    assert counts in ({3: len(candidates)}, {})
