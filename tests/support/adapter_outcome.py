"""Random batches, and what a store says to them: for comparing adapters with the naive one."""

from typing import Any

from hypothesis import strategies as st

from naive_adapter import picture
from robustmq_common.errors import ConditionFailed
from robustmq_common.spi.storage import (
    Append,
    Delete,
    Drop,
    Operation,
    Put,
    Retain,
    Skip,
    StorageAdapter,
    Trim,
    WriteBatch,
)

SHARDS = st.sampled_from(["a", "b", "c"])
KEYS = st.sampled_from([b"", b"k", b"k1", b"l"])
VALUES = st.sampled_from([b"", b"1", b"22"])
EXPECTED = st.one_of(st.none(), st.none(), VALUES)
TIMES = st.sampled_from([0.0, 1.0, 2.0])
OPERATIONS: st.SearchStrategy[Operation] = st.one_of(
    st.builds(Append, SHARDS, VALUES, timestamp=TIMES),
    st.builds(Put, SHARDS, KEYS, VALUES, EXPECTED),
    st.builds(Delete, SHARDS, KEYS, EXPECTED),
    st.builds(Trim, SHARDS, st.integers(0, 5)),
    st.builds(Skip, SHARDS, st.integers(0, 7)),
    st.builds(Drop, SHARDS),
)
# Sizes only where nothing expires: when an expired record stops counting is up to the adapter.
LIMITED: st.SearchStrategy[Operation] = st.one_of(
    OPERATIONS,
    st.builds(Retain, SHARDS, bytes=st.integers(0, 5), records=st.integers(0, 4)),
    st.builds(Retain, SHARDS, seconds=st.just(1000.0)),
    st.builds(Retain, SHARDS),
)
EXPIRING: st.SearchStrategy[Operation] = st.one_of(
    OPERATIONS,
    st.builds(Append, SHARDS, VALUES, expires_at=st.sampled_from([0.0, 1.0, 2.0, 1e11])),
)
BATCHES = st.lists(st.lists(OPERATIONS, max_size=6), max_size=8)
# Whether a shard without keys exists is up to what came last.
SKIPPED_LAST: list[list[Operation]] = [[Put("a", b"", b""), Delete("a", b""), Skip("a", 0)]]
DELETED_LAST: list[list[Operation]] = [[Put("a", b"", b""), Skip("a", 0), Delete("a", b"")]]
SWEPT_BATCHES = st.one_of(
    st.lists(st.lists(LIMITED, max_size=6), max_size=8),
    st.lists(st.lists(EXPIRING, max_size=6), max_size=8),
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


async def after_sweep(store: StorageAdapter, operations: list[Operation]) -> Any:
    """What is left after a commit and sweeps.

    Without the start of logs: sweeps need not move it over records that had gone before.
    """
    try:
        await store.commit(WriteBatch(operations))
    except ConditionFailed:
        pass
    while await store.sweep():
        pass
    return {name: (it[0].end, it[1:]) for name, it in (await picture(store)).items()}
