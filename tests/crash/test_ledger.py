"""The ledger notices each broken promise, and nothing else."""

import re

import pytest

from crash.ledger import VIOLATIONS, Books, GroupBooks, Ledger

TOPIC = "flow/a/0"
ALL = re.compile("flow/")


def ledger(count: int, qos: int = 1) -> Ledger:
    """With so many messages sent and acknowledged."""
    made = Ledger()
    made.flow(TOPIC, qos)
    for number in range(count):
        made.publishing(TOPIC, number, number + 1, again=False)
        made.taken(TOPIC, number)
    return made


def books(made: Ledger, *numbers: int, qos: int = 1) -> Books:
    """A subscriber that got these messages, in this order."""
    found = Books(made, "reader", 2)
    found.connected()
    for number in numbers:
        found.received(TOPIC, number, qos, dup=False)
    return found


def the_violation(made: Ledger) -> str:
    assert made.violation_count == 1, made.violations
    return made.violations[0]


def test_everything_in_order() -> None:
    made = ledger(3)
    assert books(made, 0, 1, 2).missing(ALL) == []
    assert made.violations == []


def test_what_is_missing_at_the_end() -> None:
    made = ledger(5)
    found = books(made, 0, 1)
    assert found.missing(ALL) == [f"{TOPIC} 2 to 4 (3 of them)"]
    assert found.missing(re.compile("other/")) == []
    made.refused(TOPIC, 2, 0x97)
    assert found.missing(ALL) == [f"{TOPIC} 3 to 4 (2 of them)"]


def test_a_gap_and_what_comes_too_late() -> None:
    made = ledger(3)
    found = books(made, 0, 2)
    assert f"got {TOPIC} 2 before 1" in the_violation(made)
    assert f"{TOPIC} 1: acknowledged" in made.violations[0]
    found.received(TOPIC, 1, 1, dup=False)
    assert "too late" in made.violations[1]


def test_a_gap_of_refused_messages() -> None:
    made = ledger(3)
    made.refused(TOPIC, 1, 0x97)
    books(made, 0, 2)
    assert made.violations == []


def test_twice_at_qos_2() -> None:
    made = ledger(2, qos=2)
    found = books(made, 0, 1, qos=2)
    found.connected()
    found.received(TOPIC, 1, 2, dup=True)
    assert "again, at QoS 2" in the_violation(made)


def test_twice_at_qos_1_needs_dup_and_another_connection() -> None:
    made = ledger(2)
    found = books(made, 0, 1)
    found.connected()
    found.received(TOPIC, 1, 1, dup=True)
    assert made.violations == []
    found.received(TOPIC, 1, 1, dup=True)
    assert "on the same connection" in the_violation(made)
    found.connected()
    found.received(TOPIC, 1, 1, dup=False)
    assert "without DUP" in made.violations[1]


def test_the_same_complaint_is_made_once_for_each_connection() -> None:
    made = ledger(2)
    found = books(made, 0, 1)
    for _ in range(2):
        found.connected()
        found.received(TOPIC, 0, 1, dup=False)
        found.received(TOPIC, 1, 1, dup=False)
    assert made.violation_count == 2


def test_what_was_sent_twice_may_come_twice() -> None:
    made = ledger(2)
    made.publishing(TOPIC, 1, 2, again=True)
    found = books(made, 0, 1, 1)
    assert made.violations == []
    found.received(TOPIC, 1, 1, dup=False)
    assert "without DUP" in the_violation(made)


def test_what_nobody_sent_and_another_qos() -> None:
    made = ledger(1)
    books(made, 1)
    assert "which nobody sent" in the_violation(made)
    made = ledger(1)
    books(made, 0, qos=2)
    assert "with QoS 2, not 1" in the_violation(made)


def test_acknowledged_out_of_order() -> None:
    made = ledger(2)
    made.taken(TOPIC, 0)
    assert "0 was acknowledged after 1" in the_violation(made)


def test_a_group_has_everything_once() -> None:
    made = ledger(4, qos=2)
    group = GroupBooks(made, "team")
    for member, number in (("one", 0), ("two", 2), ("one", 1)):
        group.received(member, TOPIC, number, 2)
    assert group.missing(ALL) == [f"{TOPIC} 3"]
    assert made.violations == []
    group.received("two", TOPIC, 1, 2)
    assert "team got flow/a/0 1 twice" in the_violation(made)
    group.received("two", TOPIC, 1, 1)
    assert made.violation_count == 1


def test_histories_name_the_broker_and_the_client_that_complains() -> None:
    made = ledger(1)
    made.note_client("the broker", "killed")
    made.note_client("reader", "connected")
    made.note_client("another", "connected")
    made.violation("reader has a complaint", TOPIC, [0])
    (violation,) = made.violations
    assert "the broker: killed" in violation
    assert "reader: connected" in violation
    assert "another" not in violation


def test_violations_are_bounded() -> None:
    made = Ledger()
    for _ in range(VIOLATIONS + 5):
        made.violation("one of many")
    assert len(made.violations) == VIOLATIONS
    assert made.violation_count == VIOLATIONS + 5


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0)])
def test_order_matters(numbers: tuple[int, int]) -> None:
    made = ledger(2)
    books(made, *numbers)
    assert bool(made.violations) == (numbers == (1, 0))
