"""The contract of a batch holds for an adapter that is right, and catches wrong ones."""

from collections.abc import Callable

import pytest

from naive_adapter import NaiveAdapter
from robustmq_common.spi.storage import StorageAdapter, WriteBatch
from robustmq_common.testing.storage_contract.batches import BatchContract


class Tried(BatchContract):
    def __init__(self, adapter: Callable[[], StorageAdapter]) -> None:
        self.make = adapter

    def make_adapter(self) -> StorageAdapter:
        return self.make()


class TestNaive(BatchContract):
    def make_adapter(self) -> StorageAdapter:
        return NaiveAdapter()


class ForgetsAtomicity(NaiveAdapter):
    async def commit(self, batch: WriteBatch) -> list[int]:
        offsets: list[int] = []
        for operation in batch.operations:
            offsets += await super().commit(WriteBatch([operation]))
        return offsets


class TakesEmptyForAbsent(NaiveAdapter):
    def compare(self, present: bytes | None, expected: bytes | None) -> None:
        super().compare(present or None, expected)


class ChecksNoCondition(NaiveAdapter):
    def compare(self, present: bytes | None, expected: bytes | None) -> None:
        pass


@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        (ForgetsAtomicity, "test_a_failed_condition_leaves_nothing_of_its_batch"),
        (TakesEmptyForAbsent, "test_an_empty_value_is_not_absent"),
        (ChecksNoCondition, "test_a_condition_that_does_not_hold"),
    ],
)
def test_a_wrong_adapter_is_caught(wrong: Callable[[], StorageAdapter], caught_by: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        getattr(Tried(wrong), caught_by)()
