"""Consumer groups, on the memory adapter and on RocksDB."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from robustmq_broker.consumers.groups import GROUPS, NAME_MAX, StoredGroups
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter
from robustmq_common.errors import (
    CallerError,
    ConditionFailed,
    OffsetOutOfRange,
    StorageError,
)
from robustmq_common.spi.consumers import AtOffset, AtTime, Edge, Lag, Position, Reset
from robustmq_common.spi.storage import Append, Drop, Put, StorageAdapter, Trim, WriteBatch

DEADLINE = 20.0

Scenario = Callable[[StorageAdapter, StoredGroups], Awaitable[None]]
Try = Callable[[Scenario], None]


@pytest.fixture(params=[MemoryAdapter, RocksdbAdapter])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Try:
    """Runs a scenario with an open adapter."""

    async def opened(scenario: Scenario) -> None:
        adapter: StorageAdapter = request.param({}, tmp_path)
        await adapter.open()
        try:
            await scenario(adapter, StoredGroups(adapter))
        finally:
            await adapter.close()

    return lambda scenario: asyncio.run(asyncio.wait_for(opened(scenario), DEADLINE))


async def append(adapter: StorageAdapter, count: int, shard: str = "s") -> None:
    start = (await adapter.bounds(shard)).end
    writes = [Append(shard, b"%d" % n, timestamp=1000.0 + n) for n in range(start, start + count)]
    await adapter.commit(WriteBatch([*writes]))


def test_a_fetch_goes_on_where_the_group_committed(run: Try) -> None:
    async def scenario(adapter: StorageAdapter, groups: StoredGroups) -> None:
        await append(adapter, 10)
        group = groups.group("billing")
        assert [one.offset for one in await group.fetch("s", 3)] == [0, 1, 2]
        assert [one.offset for one in await group.fetch("s", 3)] == [0, 1, 2]
        await group.commit("s", 3)
        again = groups.group("billing")
        assert [one.value for one in await again.fetch("s", 2)] == [b"3", b"4"]
        assert await again.position("s") == 3
        assert [one.offset for one in await groups.group("other").fetch("s", 1)] == [0]

    run(scenario)


def test_a_fetch_is_bounded_in_bytes(run: Try) -> None:
    async def scenario(adapter: StorageAdapter, groups: StoredGroups) -> None:
        await adapter.commit(WriteBatch([Append("s", bytes(100)) for _ in range(10)]))
        assert len(await groups.group("g").fetch("s", max_bytes=350)) == 3
        assert len(await groups.group("g").fetch("s", max_bytes=1)) == 1

    run(scenario)


def test_positions_survive_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        for expected in (None, 7):
            adapter = RocksdbAdapter({}, tmp_path)
            adapter.durability = "fsync"
            await adapter.open()
            group = StoredGroups(adapter).group("g")
            assert await group.position("s") == expected
            await append(adapter, 5)
            await group.commit("s", 7)
            await adapter.close()

    asyncio.run(scenario())


def test_a_position_and_what_was_made_of_the_records_are_written_together(run: Try) -> None:
    async def scenario(adapter: StorageAdapter, groups: StoredGroups) -> None:
        await append(adapter, 5)
        group = groups.group("g")
        await group.commit("s", 3, [Put("result", b"sum", b"6")], expected=-1)
        assert await adapter.get("result", b"sum") == b"6"
        with pytest.raises(ConditionFailed, match="group 'g' did not move to offset 5"):
            await group.commit("s", 5, [Put("result", b"sum", b"99")], expected=0)
        assert await adapter.get("result", b"sum") == b"6"
        assert await group.position("s") == 3
        await group.commit("s", 4, expected=3)
        assert await group.position("s") == 4

    run(scenario)


def test_waiting_for_records_is_ended_by_the_commit_that_brings_one(run: Try) -> None:
    async def scenario(adapter: StorageAdapter, groups: StoredGroups) -> None:
        group = groups.group("g")
        assert await group.fetch("s") == []
        waiting = asyncio.ensure_future(group.fetch("s", wait=True))
        await asyncio.sleep(0)
        assert not waiting.done()
        await append(adapter, 1)
        assert [one.value for one in await waiting] == [b"0"]

    run(scenario)


def test_waiting_at_the_latest_sees_the_next_record(run: Try) -> None:
    async def scenario(adapter: StorageAdapter, groups: StoredGroups) -> None:
        await append(adapter, 3)
        group = groups.group("g", reset=Reset.LATEST)
        assert await group.fetch("s") == []
        waiting = asyncio.ensure_future(group.fetch("s", wait=True))
        await append(adapter, 1)
        assert [one.value for one in await waiting] == [b"3"]

    run(scenario)


def test_seeking_goes_anywhere(run: Try) -> None:
    async def scenario(adapter: StorageAdapter, groups: StoredGroups) -> None:
        await append(adapter, 10)
        group = groups.group("g")
        places: list[Position] = [
            AtOffset(4),
            AtTime(1006.5),
            Edge.LATEST,
            Edge.EARLIEST,
            AtOffset(99),
        ]
        assert [await group.seek("s", place) for place in places] == [4, 7, 10, 0, 10]
        assert await group.fetch("s") == []

    run(scenario)


@pytest.mark.parametrize(
    ("reset", "expected"), [(Reset.EARLIEST, [5, 6, 7, 8, 9]), (Reset.LATEST, [])]
)
def test_a_position_that_retention_took_is_reset(
    run: Try, reset: Reset, expected: list[int]
) -> None:
    async def scenario(adapter: StorageAdapter, groups: StoredGroups) -> None:
        await append(adapter, 10)
        group = groups.group("g", reset=reset)
        await group.commit("s", 2)
        await adapter.commit(WriteBatch([Trim("s", 5)]))
        assert [one.offset for one in await group.fetch("s")] == expected

    run(scenario)


def test_a_position_that_is_gone_is_an_error_if_asked_for(run: Try) -> None:
    async def scenario(adapter: StorageAdapter, groups: StoredGroups) -> None:
        await append(adapter, 10)
        group = groups.group("g", reset=Reset.ERROR)
        with pytest.raises(OffsetOutOfRange, match="no position in shard 's'"):
            await group.fetch("s")
        await group.commit("s", 2)
        await adapter.commit(WriteBatch([Trim("s", 5)]))
        with pytest.raises(OffsetOutOfRange, match=r"position 2 .* offsets 5 to 10; seek"):
            await group.fetch("s")

    run(scenario)


def test_a_shard_that_was_made_anew_is_read_from_its_beginning(run: Try) -> None:
    async def scenario(adapter: StorageAdapter, groups: StoredGroups) -> None:
        await append(adapter, 10)
        group = groups.group("g")
        await group.commit("s", 10)
        await adapter.commit(WriteBatch([Drop("s")]))
        await append(adapter, 2)
        assert [one.offset for one in await group.fetch("s")] == [0, 1]

    run(scenario)


def test_lags_are_told_for_every_shard(run: Try) -> None:
    async def scenario(adapter: StorageAdapter, groups: StoredGroups) -> None:
        await append(adapter, 10, "a")
        await append(adapter, 10, "b")
        group = groups.group("g")
        await group.commit("b", 4)
        await group.commit("a", 1)
        await group.commit("gone", 3)
        await adapter.commit(WriteBatch([Trim("a", 5)]))
        lags = await group.lags()
        assert lags == [Lag("a", 1, 5, 10), Lag("b", 4, 0, 10), Lag("gone", 3, 0, 0)]
        assert [one.lag for one in lags] == [5, 6, 0]

    run(scenario)


def test_groups_are_listed_and_deleted(run: Try) -> None:
    async def scenario(adapter: StorageAdapter, groups: StoredGroups) -> None:
        for name in ("b", "a", "a2"):
            await groups.group(name).commit("s", 1)
        assert await groups.names() == ["a", "a2", "b"]
        assert await groups.delete("a")
        assert not await groups.delete("a")
        assert await groups.names(adapter) == ["a2", "b"]
        assert await groups.group("a").position("s") is None

    run(scenario)


@pytest.mark.parametrize("name", ["", "x" * (NAME_MAX + 1), "a\nb"])
def test_a_name_that_cannot_be_is_refused(run: Try, name: str) -> None:
    async def scenario(_: StorageAdapter, groups: StoredGroups) -> None:
        with pytest.raises(CallerError, match="cannot be the name"):
            groups.group(name)

    run(scenario)


def test_an_offset_below_zero_is_refused(run: Try) -> None:
    async def scenario(_: StorageAdapter, groups: StoredGroups) -> None:
        with pytest.raises(CallerError, match="below 0"):
            await groups.group("g").commit("s", -1)

    run(scenario)


def test_a_damaged_position_is_told_and_not_guessed(run: Try) -> None:
    async def scenario(adapter: StorageAdapter, groups: StoredGroups) -> None:
        await adapter.commit(WriteBatch([Put(f"{GROUPS}g", b"s", b"short")]))
        with pytest.raises(StorageError, match="is damaged: 5 bytes"):
            await groups.group("g").fetch("s")
        assert await groups.group("g").seek("s", Edge.EARLIEST) == 0

    run(scenario)
