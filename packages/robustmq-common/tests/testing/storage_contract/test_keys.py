"""The contract of keys holds for an adapter that is right, and catches those that are not."""

from collections.abc import Callable

import pytest

from naive_adapter import NaiveAdapter
from robustmq_common.spi.storage import StorageAdapter
from robustmq_common.testing.storage_contract.keys import KeyContract


class Tried(KeyContract):
    def __init__(self, adapter: Callable[[], StorageAdapter]) -> None:
        self.make = adapter

    def make_adapter(self) -> StorageAdapter:
        return self.make()


class TestNaive(KeyContract):
    def make_adapter(self) -> StorageAdapter:
        return NaiveAdapter()


class ScansUnordered(NaiveAdapter):
    async def scan(
        self, shard: str, prefix: bytes = b"", after: bytes = b"", limit: int = 1000
    ) -> list[tuple[bytes, bytes]]:
        return (await super().scan(shard, prefix, after, limit))[::-1]


@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        (ScansUnordered, "test_scanning_goes_in_the_order_of_the_bytes"),
    ],
)
def test_a_wrong_adapter_is_caught(wrong: Callable[[], StorageAdapter], caught_by: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        getattr(Tried(wrong), caught_by)()
