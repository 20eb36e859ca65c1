"""The contract of an adapter's life holds for one that is right, and catches wrong ones."""

import asyncio
from collections.abc import Callable

import pytest

from naive_adapter import NaiveAdapter, NaiveShard
from robustmq_common.spi.storage import StorageAdapter, StoredRecord
from robustmq_common.testing.storage_contract.life import LifeContract


class Tried(LifeContract):
    def __init__(self, adapter: Callable[[], StorageAdapter]) -> None:
        self.make = adapter

    def make_adapter(self) -> StorageAdapter:
        return self.make()


class TestNaive(LifeContract):
    def make_adapter(self) -> StorageAdapter:
        return NaiveAdapter()


class TestNaiveWithDisk(LifeContract):
    durable = True

    @pytest.fixture(autouse=True)
    def place(self) -> None:
        self.disk: dict[str, NaiveShard] = {}

    def make_adapter(self) -> StorageAdapter:
        return NaiveAdapter(self.disk)


class NeverWakes(NaiveAdapter):
    async def wait_for_change(self, shard: str, end: int) -> None:
        if self.shard(shard).end <= end:
            raise asyncio.CancelledError


class WakesForAnything(NaiveAdapter):
    async def wait_for_change(self, shard: str, end: int) -> None:
        self.opened(shard)


class HandsOutItsOwnList(NaiveAdapter):
    async def read(
        self, shard: str, offset: int, max_records: int, max_bytes: int
    ) -> list[StoredRecord]:
        if offset == 0 and max_records > len(self.shard(shard).records) and max_bytes > 999:
            return self.shard(shard).records
        return await super().read(shard, offset, max_records, max_bytes)


class WorksWhenClosed(NaiveAdapter):
    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        (NeverWakes, "test_waiting_ends_when_the_log_has_grown"),
        (WakesForAnything, "test_only_records_of_the_shard_wake"),
        (HandsOutItsOwnList, "test_what_was_read_can_be_changed"),
        (WorksWhenClosed, "test_nothing_works_after_close"),
    ],
)
def test_a_wrong_adapter_is_caught(wrong: Callable[[], StorageAdapter], caught_by: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        getattr(Tried(wrong), caught_by)()
