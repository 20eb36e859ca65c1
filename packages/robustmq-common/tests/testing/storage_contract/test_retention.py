"""The contract of forgetting holds for an adapter that is right, and catches those that are not."""

import time
from collections.abc import Callable

import pytest

from naive_adapter import NaiveAdapter, NaiveShard, is_expired
from robustmq_common.spi.storage import Operation, Retain, StorageAdapter, StoredRecord
from robustmq_common.testing.storage_contract.retention import RetentionContract


class Tried(RetentionContract):
    def __init__(self, adapter: Callable[[], StorageAdapter]) -> None:
        self.make = adapter

    def make_adapter(self) -> StorageAdapter:
        return self.make()


class TestNaive(RetentionContract):
    def make_adapter(self) -> StorageAdapter:
        return NaiveAdapter()


class TestNaiveWithDisk(RetentionContract):
    durable = True

    @pytest.fixture(autouse=True)
    def place(self) -> None:
        self.disk: dict[str, NaiveShard] = {}

    def make_adapter(self) -> StorageAdapter:
        return NaiveAdapter(self.disk)


class NeverSweeps(NaiveAdapter):
    async def sweep(self) -> bool:
        self.opened("sweep")
        return False


class NeverHasDone(NaiveAdapter):
    async def sweep(self) -> bool:
        await super().sweep()
        return True


class ReadsTheExpired(NaiveAdapter):
    async def read(
        self, shard: str, offset: int, max_records: int, max_bytes: int
    ) -> list[StoredRecord]:
        return [one for one in self.shard(shard).records if one.offset >= offset][:max_records]


class StartsAnew(NaiveAdapter):
    async def sweep(self) -> bool:
        await super().sweep()
        for shard in self.opened("sweep").values():
            if not shard.records:
                shard.start = shard.end = 0
        return False


class ForgetsLimits(NaiveAdapter):
    def apply(self, state: dict[str, NaiveShard], operation: Operation) -> None:
        if not isinstance(operation, Retain):
            super().apply(state, operation)


class TakesAgeForExpiry(NaiveAdapter):
    async def sweep(self) -> bool:
        for shard in self.opened("sweep").values():
            limits = shard.limits
            if limits is not None and limits.seconds is not None:
                oldest = time.time() - limits.seconds
                shard.records = [one for one in shard.records if one.timestamp >= oldest]
            shard.records = [one for one in shard.records if not is_expired(one, time.time())]
            shard.skip_gone()
        return False


@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        (NeverSweeps, "test_a_sweep_forgets_what_has_expired"),
        (NeverHasDone, "test_a_sweep_forgets_what_has_expired"),
        (ReadsTheExpired, "test_an_expired_record_is_not_read"),
        (StartsAnew, "test_when_all_has_expired_the_end_stays"),
        (ForgetsLimits, "test_the_oldest_beyond_a_count_are_forgotten"),
        (ForgetsLimits, "test_limits_make_a_shard_and_go_with_it"),
        (TakesAgeForExpiry, "test_the_oldest_beyond_a_size_are_forgotten"),
    ],
)
def test_a_wrong_adapter_is_caught(wrong: Callable[[], StorageAdapter], caught_by: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        getattr(Tried(wrong), caught_by)()
