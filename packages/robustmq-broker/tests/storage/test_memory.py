"""The memory adapter keeps the contract, and agrees with the naive one on random batches."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naive_adapter import NaiveAdapter, picture
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.errors import ConditionFailed, ConfigError, StorageError
from robustmq_common.spi.storage import (
    Append,
    Delete,
    Drop,
    Operation,
    Put,
    StorageAdapter,
    Trim,
    WriteBatch,
)
from robustmq_common.testing.storage_contract import StorageAdapterContract


class TestMemoryAdapter(StorageAdapterContract):
    def make_adapter(self) -> StorageAdapter:
        return MemoryAdapter({}, Path("unused"))


SHARDS = st.sampled_from(["a", "b", "c"])
KEYS = st.sampled_from([b"", b"k", b"k1", b"l"])
VALUES = st.sampled_from([b"", b"1", b"22"])
EXPECTED = st.one_of(st.none(), st.none(), VALUES)
OPERATIONS: st.SearchStrategy[Operation] = st.one_of(
    st.builds(Append, SHARDS, VALUES, timestamp=st.sampled_from([0.0, 1.0, 2.0])),
    st.builds(Put, SHARDS, KEYS, VALUES, EXPECTED),
    st.builds(Delete, SHARDS, KEYS, EXPECTED),
    st.builds(Trim, SHARDS, st.integers(0, 5)),
    st.builds(Drop, SHARDS),
)


async def outcome(store: StorageAdapter, operations: list[Operation]) -> Any:
    """What a commit says, and everything that is there and can be asked after it."""
    try:
        said: Any = await store.commit(WriteBatch(operations))
    except ConditionFailed:
        said = "condition failed"
    answers = [
        (
            await store.bounds(shard),
            await store.read(shard, 1, 2, 3),
            await store.offset_at(shard, 1.0),
            await store.get(shard, b"k"),
            await store.scan(shard, b"k", b"k", 1),
        )
        for shard in ("a", "b", "c")
    ]
    return said, await picture(store), answers, await store.shards("", "a", 1)


@settings(deadline=None)
@given(st.lists(st.lists(OPERATIONS, max_size=6), max_size=8))
def test_agrees_with_the_naive_adapter(batches: list[list[Operation]]) -> None:
    async def scenario() -> None:
        memory, naive = MemoryAdapter({}, Path("unused")), NaiveAdapter()
        await memory.open()
        await naive.open()
        for operations in batches:
            assert await outcome(memory, operations) == await outcome(naive, operations)

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
