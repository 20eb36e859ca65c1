"""Conditions of a batch hold or fail at their place in it; the error says why."""

import pytest

from robustmq_broker.storage.conditions import check_conditions
from robustmq_common.errors import ConditionFailed
from robustmq_common.spi.storage import Append, Delete, Drop, Operation, Put, Trim

STORED = {("a", b"k"): b"1", ("a", b"empty"): b""}


def get(shard: str, key: bytes) -> bytes | None:
    return STORED.get((shard, key))


@pytest.mark.parametrize(
    "operations",
    [
        [],
        [Append("a", b""), Trim("a", 3), Drop("a")],
        [Put("a", b"k", b"2", expected=b"1")],
        [Put("a", b"new", b"2", expected=b"")],
        [Put("b", b"k", b"2", expected=b"")],
        [Delete("a", b"k", expected=b"1"), Put("a", b"k", b"2", expected=b"")],
        [Put("a", b"k", b"2"), Delete("a", b"k", expected=b"2")],
        [Drop("a"), Put("a", b"k", b"2", expected=b"")],
        [Put("b", b"k", b"2"), Drop("b"), Put("b", b"k", b"3", expected=b"")],
        [Drop("b"), Put("a", b"k", b"2", expected=b"1")],
    ],
)
def test_conditions_that_hold(operations: list[Operation]) -> None:
    check_conditions(operations, get)


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        (
            [Put("a", b"k", b"2", expected=b"")],
            "the conditional put of key b'k' in shard 'a' wrote nothing: it exists",
        ),
        (
            [Put("a", b"empty", b"2", expected=b"")],
            "the conditional put of key b'empty' in shard 'a' wrote nothing: it exists",
        ),
        (
            [Put("a", b"k", b"2", expected=b"9")],
            "the conditional put of key b'k' in shard 'a' wrote nothing: it has another value",
        ),
        (
            [Append("a", b""), Delete("b", b"k", expected=b"1")],
            "the conditional delete of key b'k' in shard 'b' wrote nothing: it does not exist",
        ),
        (
            [Drop("a"), Delete("a", b"k", expected=b"1")],
            "the conditional delete of key b'k' in shard 'a' wrote nothing: it does not exist",
        ),
        (
            [Put("a", b"k", b"2"), Put("a", b"k", b"3", expected=b"1")],
            "the conditional put of key b'k' in shard 'a' wrote nothing: it has another value",
        ),
    ],
)
def test_conditions_that_fail(operations: list[Operation], message: str) -> None:
    with pytest.raises(ConditionFailed) as caught:
        check_conditions(operations, get)
    assert str(caught.value) == message
