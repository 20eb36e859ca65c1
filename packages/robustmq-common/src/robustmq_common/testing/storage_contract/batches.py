"""[D] The contract of a batch: all of it or nothing, in order, with conditions."""

import pytest

from robustmq_common.errors import ConditionFailed
from robustmq_common.spi.storage import (
    Append,
    Bounds,
    Delete,
    Drop,
    Operation,
    Put,
    StorageAdapter,
    Trim,
)
from robustmq_common.testing.storage_contract.scenario import (
    Contract,
    append,
    commit,
    opened,
    values,
)

ABSENT = b""


async def refused(store: StorageAdapter, *operations: Operation) -> None:
    """Commit a batch whose condition does not hold."""
    with pytest.raises(ConditionFailed):
        await commit(store, *operations)


class BatchContract(Contract):
    """What is committed together."""

    @opened
    async def test_an_empty_batch(self, store: StorageAdapter) -> None:
        assert await commit(store) == []
        assert await store.shards() == []

    @opened
    async def test_appends_learn_their_offsets(self, store: StorageAdapter) -> None:
        first, second = Append("a", b"1"), Append("a", b"2")
        offsets = await commit(store, first, Put("a", b"k", b""), second)
        assert offsets == [0, 1]
        assert (first.offset, second.offset) == (0, 1)

    @opened
    async def test_operations_take_effect_in_order(self, store: StorageAdapter) -> None:
        await append(store, "a", b"0", b"1")
        offsets = await commit(
            store,
            Put("a", b"k", b"1"),
            Append("a", b"2"),
            Trim("a", 2),
            Put("a", b"k", b"2"),
            Put("a", b"gone", b""),
            Delete("a", b"gone"),
            Append("b", b"x"),
            Append("a", b"3"),
        )
        assert offsets == [2, 0, 3]
        assert await values(store, "a") == [b"2", b"3"]
        assert await store.scan("a") == [(b"k", b"2")]
        assert await values(store, "b") == [b"x"]

    @opened
    async def test_dropping_removes_log_and_keys(self, store: StorageAdapter) -> None:
        await commit(store, Append("a", b"0"), Put("a", b"k", b"1"), Append("b", b"0"))
        await commit(store, Drop("a"))
        assert await store.shards() == ["b"]
        assert await store.bounds("a") == Bounds(0, 0)
        assert await store.get("a", b"k") is None
        assert await store.scan("a") == []
        assert await values(store, "a") == []

    @opened
    async def test_dropping_what_does_not_exist_is_fine(self, store: StorageAdapter) -> None:
        await commit(store, Drop("a"), Append("b", b"0"))
        assert await store.shards() == ["b"]

    @opened
    async def test_a_dropped_shard_begins_anew(self, store: StorageAdapter) -> None:
        await commit(store, Append("a", b"old"), Put("a", b"k", b"old"), Trim("a", 1))
        offsets = await commit(store, Append("a", b"late"), Drop("a"), Append("a", b"new"))
        assert offsets == [1, 0]
        assert await store.bounds("a") == Bounds(0, 1)
        assert await values(store, "a") == [b"new"]
        assert await store.scan("a") == []
        assert await store.shards() == ["a"]

    @opened
    async def test_a_condition_that_holds(self, store: StorageAdapter) -> None:
        await commit(store, Put("a", b"k", b"1", expected=ABSENT))
        await commit(store, Put("a", b"k", b"2", expected=b"1"))
        assert await store.get("a", b"k") == b"2"
        await commit(store, Delete("a", b"k", expected=b"2"))
        assert await store.get("a", b"k") is None
        await commit(store, Delete("a", b"k", expected=ABSENT))

    @opened
    async def test_a_condition_that_does_not_hold(self, store: StorageAdapter) -> None:
        await refused(store, Put("a", b"k", b"1", expected=b"0"))
        await refused(store, Delete("a", b"k", expected=b"0"))
        assert await store.shards() == []
        await commit(store, Put("a", b"k", b"1"))
        await refused(store, Put("a", b"k", b"2", expected=ABSENT))
        await refused(store, Put("a", b"k", b"2", expected=b"0"))
        await refused(store, Delete("a", b"k", expected=b"0"))
        await refused(store, Delete("a", b"k", expected=ABSENT))
        assert await store.get("a", b"k") == b"1"

    @opened
    async def test_an_empty_value_is_not_absent(self, store: StorageAdapter) -> None:
        await commit(store, Put("a", b"k", b""))
        await refused(store, Put("a", b"k", b"1", expected=ABSENT))

    @opened
    async def test_a_failed_condition_leaves_nothing_of_its_batch(
        self, store: StorageAdapter
    ) -> None:
        await commit(store, Append("a", b"0"), Put("a", b"k", b"1"), Put("a", b"other", b"1"))
        for operation in (
            Append("a", b"1"),
            Append("new", b""),
            Put("a", b"other", b"2"),
            Put("new", b"k", b"2"),
            Delete("a", b"other"),
            Trim("a", 1),
            Drop("a"),
        ):
            failing = Put("a", b"k", b"2", expected=b"wrong")
            await refused(store, operation, failing)
            await refused(store, failing, operation)
            assert await store.shards() == ["a"]
            assert await store.bounds("a") == Bounds(0, 1)
            assert await values(store, "a") == [b"0"]
            assert await store.scan("a") == [(b"k", b"1"), (b"other", b"1")]
        assert await append(store, "a", b"1") == [1]

    @opened
    async def test_a_condition_sees_what_its_batch_did_before(self, store: StorageAdapter) -> None:
        await commit(store, Put("a", b"k", b"1"), Put("a", b"k", b"2", expected=b"1"))
        assert await store.get("a", b"k") == b"2"
        await commit(store, Delete("a", b"k"), Put("a", b"k", b"3", expected=ABSENT))
        await commit(store, Drop("a"), Put("a", b"k", b"4", expected=ABSENT))
        assert await store.get("a", b"k") == b"4"
        await refused(store, Put("a", b"k", b"5"), Put("a", b"k", b"6", expected=b"4"))
        await refused(store, Drop("a"), Put("a", b"k", b"6", expected=b"4"))
        await refused(store, Put("b", b"k", b"1"), Put("b", b"k", b"2", expected=ABSENT))
        assert await store.get("a", b"k") == b"4"
        # What comes later in a batch is not there yet.
        await refused(store, Put("a", b"k", b"6", expected=b"5"), Put("a", b"k", b"5"))

    @opened
    async def test_of_several_that_expect_the_same_one_wins(self, store: StorageAdapter) -> None:
        winners = 0
        for number in range(5):
            try:
                await commit(store, Put("a", b"lock", b"%d" % number, expected=ABSENT))
            except ConditionFailed:
                continue
            winners += 1
        assert winners == 1
        assert await store.get("a", b"lock") == b"0"
