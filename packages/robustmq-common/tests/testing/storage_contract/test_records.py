"""The contract of a log holds for an adapter that is right, and catches those that are not."""

from collections.abc import Callable

import pytest

from naive_adapter import NaiveAdapter, NaiveShard
from robustmq_common.spi.storage import Bounds, Operation, Skip, StorageAdapter, StoredRecord, Trim
from robustmq_common.testing.storage_contract.records import RecordContract


class Tried(RecordContract):
    def __init__(self, adapter: Callable[[], StorageAdapter]) -> None:
        self.make = adapter

    def make_adapter(self) -> StorageAdapter:
        return self.make()


class TestNaive(RecordContract):
    def make_adapter(self) -> StorageAdapter:
        return NaiveAdapter()


class ReusesOffsets(NaiveAdapter):
    def apply(self, state: dict[str, NaiveShard], operation: Operation) -> None:
        super().apply(state, operation)
        if isinstance(operation, Trim) and operation.shard in state:
            state[operation.shard].start = 0


class ReadsNothingTooLarge(NaiveAdapter):
    async def read(
        self, shard: str, offset: int, max_records: int, max_bytes: int
    ) -> list[StoredRecord]:
        found = await super().read(shard, offset, max_records, max_bytes)
        return found if sum(len(record.value) for record in found) <= max_bytes else []


class LosesExpiry(NaiveAdapter):
    async def read(
        self, shard: str, offset: int, max_records: int, max_bytes: int
    ) -> list[StoredRecord]:
        found = await super().read(shard, offset, max_records, max_bytes)
        return [StoredRecord(it.offset, it.value, it.key, it.timestamp) for it in found]


class MakesShardsByReading(NaiveAdapter):
    async def bounds(self, shard: str) -> Bounds:
        self.opened(shard).setdefault(shard, NaiveShard())
        return await super().bounds(shard)


class SkipsOnlyTheEnd(NaiveAdapter):
    def apply(self, state: dict[str, NaiveShard], operation: Operation) -> None:
        super().apply(state, operation)
        if isinstance(operation, Skip):
            state[operation.shard].start = 0


class ForgetsSkips(NaiveAdapter):
    def apply(self, state: dict[str, NaiveShard], operation: Operation) -> None:
        if not isinstance(operation, Skip):
            super().apply(state, operation)


@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        (ReusesOffsets, "test_trimming_everything_keeps_the_end"),
        (ReadsNothingTooLarge, "test_one_record_is_read_however_large"),
        (LosesExpiry, "test_a_record_comes_back_as_it_was"),
        (SkipsOnlyTheEnd, "test_a_log_of_which_nothing_is_left_goes_on"),
        (ForgetsSkips, "test_a_log_can_begin_and_go_on_at_any_offset"),
        (MakesShardsByReading, "test_a_shard_that_does_not_exist_is_empty"),
    ],
)
def test_a_wrong_adapter_is_caught(wrong: Callable[[], StorageAdapter], caught_by: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        getattr(Tried(wrong), caught_by)()
