"""The memory adapter keeps the contract, and agrees with the naive one on random batches."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import example, given, settings

from adapter_outcome import (
    BATCHES,
    DELETED_LAST,
    SKIPPED_LAST,
    SWEPT_BATCHES,
    after_sweep,
    outcome,
)
from naive_adapter import NaiveAdapter
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.errors import ConfigError, StorageError
from robustmq_common.spi.storage import (
    Append,
    Delete,
    Operation,
    Put,
    StorageAdapter,
    WriteBatch,
)
from robustmq_common.testing.storage_contract import StorageAdapterContract


class TestMemoryAdapter(StorageAdapterContract):
    def make_adapter(self) -> StorageAdapter:
        return MemoryAdapter({}, Path("unused"))


@settings(deadline=None)
@given(BATCHES)
@example(SKIPPED_LAST)
@example(DELETED_LAST)
def test_agrees_with_the_naive_adapter(batches: list[list[Operation]]) -> None:
    async def scenario() -> None:
        memory, naive = MemoryAdapter({}, Path("unused")), NaiveAdapter()
        await memory.open()
        await naive.open()
        for operations in batches:
            assert await outcome(memory, operations) == await outcome(naive, operations)

    asyncio.run(scenario())


@settings(deadline=None)
@given(SWEPT_BATCHES)
def test_sweeps_leave_what_the_naive_ones_leave(batches: list[list[Operation]]) -> None:
    async def scenario() -> None:
        memory, naive = MemoryAdapter({}, Path("unused")), NaiveAdapter()
        await memory.open()
        await naive.open()
        for operations in batches:
            assert await after_sweep(memory, operations) == await after_sweep(naive, operations)

    asyncio.run(scenario())


def test_a_commit_never_suspends() -> None:
    adapter = MemoryAdapter({}, Path("unused"))
    with pytest.raises(StopIteration):
        adapter.open().send(None)
    commit = adapter.commit(WriteBatch([Append("a", b"0"), Put("b", b"k", b"v", expected=b"")]))
    with pytest.raises(StopIteration) as finished:
        commit.send(None)
    assert finished.value.value == [0]


def test_before_open_nothing_works() -> None:
    async def scenario() -> None:
        with pytest.raises(StorageError, match="commit of shard 'a': the memory storage is not op"):
            await MemoryAdapter({}, Path("unused")).commit(WriteBatch([Append("a", b"")]))

    asyncio.run(scenario())


def test_there_is_nothing_to_set() -> None:
    with pytest.raises(ConfigError, match="has no settings, but was given path, size"):
        MemoryAdapter({"size": 1, "path": "x"}, Path("unused"))


def test_a_shard_without_keys_and_records_leaves_nothing_behind() -> None:
    """Or a broker that has seen a million sessions would remember their names for ever."""

    async def scenario() -> None:
        adapter = MemoryAdapter({}, Path("unused"))
        await adapter.open()
        await adapter.commit(WriteBatch([Put("a", b"k", b"v"), Put("b", b"k", b"v")]))
        await adapter.commit(WriteBatch([Delete("a", b"k")]))
        assert await adapter.shards() == ["b"]

    asyncio.run(scenario())
