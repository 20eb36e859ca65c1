"""The contract of upkeep holds for an adapter that is right, and catches wrong ones."""

from collections.abc import Callable

import pytest

from naive_adapter import NaiveAdapter
from robustmq_common.spi.storage import StorageAdapter, Usage
from robustmq_common.testing.storage_contract.upkeep import UpkeepContract


class Tried(UpkeepContract):
    def __init__(self, adapter: Callable[[], StorageAdapter]) -> None:
        self.make = adapter

    def make_adapter(self) -> StorageAdapter:
        return self.make()


class TestNaive(UpkeepContract):
    def make_adapter(self) -> StorageAdapter:
        return NaiveAdapter()


class IsItsOwnSnapshot(NaiveAdapter):
    async def snapshot(self) -> StorageAdapter:
        copied = NaiveAdapter()
        copied.state = self.opened("snapshot")
        return copied


class LosesRecordsInCompaction(NaiveAdapter):
    async def compact(self) -> None:
        for shard in self.opened("compact").values():
            shard.records = shard.records[1:]


class SeesDamage(NaiveAdapter):
    async def check(self) -> list[str]:
        return ["000001.log: damaged"] * len(self.opened("check"))


class CountsWrong(NaiveAdapter):
    async def usage(self, shard: str) -> Usage:
        return Usage(len(self.shard(shard).records), 0, 0, 0)


class EstimatesWrong(NaiveAdapter):
    async def usage(self, shard: str) -> Usage:
        return Usage(0, 0, 0, 0, estimated=shard in self.opened(shard))


class SyncsWhenClosed(NaiveAdapter):
    async def sync(self) -> None:
        pass


@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        (IsItsOwnSnapshot, "test_a_snapshot_can_only_be_read"),
        (LosesRecordsInCompaction, "test_compacting_takes_nothing_away"),
        (SeesDamage, "test_nothing_is_damaged"),
        (CountsWrong, "test_usage_counts_records_and_keys"),
        (CountsWrong, "test_usage_tells_the_limits_of_a_log"),
        (EstimatesWrong, "test_usage_counts_records_and_keys"),
        (SyncsWhenClosed, "test_no_upkeep_after_close"),
    ],
)
def test_a_wrong_adapter_is_caught(wrong: Callable[[], StorageAdapter], caught_by: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        getattr(Tried(wrong), caught_by)()
