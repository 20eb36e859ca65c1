"""A test of the contract runs on an open adapter, which is closed whatever happens."""

from typing import Any

import pytest

from naive_adapter import NaiveAdapter
from robustmq_common.spi.storage import Append, Put, StorageAdapter
from robustmq_common.testing.storage_contract import StorageAdapterContract
from robustmq_common.testing.storage_contract.scenario import (
    Contract,
    append,
    commit,
    opened,
    values,
)


class Sample(Contract):
    def __init__(self) -> None:
        self.adapter = NaiveAdapter()
        self.seen: list[bytes] = []

    def make_adapter(self) -> StorageAdapter:
        return self.adapter

    @opened
    async def passes(self, store: StorageAdapter) -> None:
        """What it is for."""
        assert await append(store, "a", b"0", b"1") == [0, 1]
        assert await commit(store, Put("a", b"k", b"v"), Append("a", b"2")) == [2]
        self.seen = await values(store, "a", 1)

    @opened
    async def fails(self, store: StorageAdapter) -> None:
        raise AssertionError("it failed")


def test_a_test_gets_an_open_adapter() -> None:
    sample = Sample()
    sample.passes()
    assert sample.seen == [b"1", b"2"]
    assert sample.adapter.state is None


def test_the_adapter_is_closed_after_a_failure() -> None:
    sample = Sample()
    with pytest.raises(AssertionError, match="it failed"):
        sample.fails()
    assert sample.adapter.state is None


def test_a_test_keeps_its_name_and_sentence() -> None:
    run: Any = Sample.passes
    assert (run.__name__, run.__doc__) == ("passes", "What it is for.")


def test_the_whole_contract_has_every_part() -> None:
    tests = [name for name in dir(StorageAdapterContract) if name.startswith("test_")]
    assert len(tests) > 40
    assert StorageAdapterContract.__abstractmethods__ == {"make_adapter"}
