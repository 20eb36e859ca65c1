"""Operations are the same after a journey through bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustmq_broker.storage.object.operations import decode, encode
from robustmq_common.errors import BugError
from robustmq_common.spi.storage import Append, Delete, Drop, Operation, Put, Retain, Skip, Trim

NAMES = st.text(max_size=20)
BYTES = st.binary(max_size=30)
TIMES = st.floats(0, 1e12)
LIMITS = st.none() | st.integers(0, 2**40)
OPERATIONS: st.SearchStrategy[Operation] = st.one_of(
    st.builds(Append, NAMES, BYTES, st.none() | BYTES, TIMES, TIMES),
    st.builds(Put, NAMES, BYTES, BYTES),
    st.builds(Delete, NAMES, BYTES),
    st.builds(Trim, NAMES, st.integers(0, 2**60)),
    st.builds(Skip, NAMES, st.integers(0, 2**60)),
    st.builds(Drop, NAMES),
    st.builds(Retain, NAMES, st.none() | TIMES, LIMITS, LIMITS),
)


@given(st.lists(OPERATIONS))
def test_round_trip(operations: list[Operation]) -> None:
    assert decode(encode(operations)) == operations


def test_what_is_cut_off_is_not_read_as_something_else() -> None:
    with pytest.raises(BugError, match="cannot be read at byte"):
        decode(encode([Trim("a", 5)])[:-1])
    with pytest.raises(BugError, match="cannot be read at byte 5"):
        decode(b"\xff\x00\x00\x00\x00")
