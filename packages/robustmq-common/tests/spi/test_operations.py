"""Operations are values: equal by what they hold, and readable in a failure."""

import pytest

from robustmq_common.spi.operations import (
    Append,
    Delete,
    Drop,
    Operation,
    Put,
    Retain,
    Skip,
    StoredRecord,
    Trim,
    WriteBatch,
)


@pytest.mark.parametrize(
    ("one", "same", "others"),
    [
        (Append("a", b"x"), Append("a", b"x"), [Append("a", b"y"), Append("b", b"x")]),
        (Put("a", b"k", b"v"), Put("a", b"k", b"v", None), [Put("a", b"k", b"v", b"")]),
        (Delete("a", b"k"), Delete("a", b"k"), [Delete("a", b"k", b"v"), Drop("a")]),
        (Trim("a", 1), Trim("a", 1), [Trim("a", 2)]),
        (Skip("a", 1), Skip("a", 1), [Skip("a", 2), Skip("b", 1), Trim("a", 1)]),
        (Drop("a"), Drop("a"), [Drop("b")]),
        (Retain("a", 1.0), Retain("a", seconds=1.0), [Retain("a", None, 1)]),
    ],
)
def test_equality(one: Operation, same: Operation, others: list[Operation]) -> None:
    assert one == same
    assert hash(one) == hash(same)
    assert all(one != other for other in others)
    assert repr(one) == repr(same)
    assert repr(one).startswith(type(one).__name__)


def test_defaults() -> None:
    append = Append("a", b"x")
    assert (append.key, append.timestamp, append.expires_at, append.offset) == (None, 0.0, 0.0, -1)
    record = StoredRecord(3, b"x", key=b"k", timestamp=1.5)
    assert record == StoredRecord(3, b"x", b"k", 1.5, 0.0)
    assert WriteBatch().operations == []
    assert WriteBatch([append]).operations == [append]
    assert WriteBatch().operations is not WriteBatch().operations
