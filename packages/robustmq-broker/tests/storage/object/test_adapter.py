"""The object adapter keeps the contract on several stores, and agrees with the naive one."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from object_kit import SMALL, adapter_in, appends, scenario_in

from adapter_outcome import (
    BATCHES,
    DELETED_LAST,
    SKIPPED_LAST,
    SWEPT_BATCHES,
    after_sweep,
    outcome,
)
from naive_adapter import NaiveAdapter, picture
from robustmq_broker.storage.object.adapter import ObjectAdapter
from robustmq_broker.storage.step import run_now_or_later
from robustmq_common.spi.storage import Operation, StorageAdapter
from robustmq_common.testing.storage_contract import StorageAdapterContract


class TestObjectAdapterOnDisk(StorageAdapterContract):
    durable = True

    @pytest.fixture(autouse=True, params=["memory", "os"])
    def place(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        self.folder = tmp_path
        self.durability = request.param

    def make_adapter(self) -> StorageAdapter:
        adapter = adapter_in(self.folder)
        adapter.durability = self.durability
        return adapter


class TestObjectAdapterWithSmallSegments(StorageAdapterContract):
    """So small that most of what is read comes from segments, which are compacted all the time."""

    durable = True

    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make_adapter(self) -> StorageAdapter:
        return adapter_in(self.folder, f"memory://{self.folder.name}-{id(self)}", **SMALL)


def agrees(batches: Iterable[list[Operation]], ask: Callable[..., Awaitable[Any]]) -> None:
    async def scenario(folder: Path) -> None:
        url = f"memory://{folder.name}"
        adapter, naive = adapter_in(folder, url, **SMALL), NaiveAdapter()
        await adapter.open()
        await naive.open()
        for number, operations in enumerate(batches):
            assert await ask(adapter, operations) == await ask(naive, operations)
            if number % 3 == 1:
                await adapter.compact()
        before = await picture(adapter)
        copy = await adapter.snapshot()
        assert await picture(copy) == before
        await copy.close()
        assert await adapter.check() == []
        await adapter.close()
        again = adapter_in(folder, url, **SMALL)
        await again.open()
        assert await picture(again) == before
        await again.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(scenario(Path(folder)))


@settings(deadline=None, max_examples=30)
@given(BATCHES)
@example(SKIPPED_LAST)
@example(DELETED_LAST)
def test_agrees_with_the_naive_adapter(batches: list[list[Operation]]) -> None:
    agrees(batches, outcome)


@settings(deadline=None, max_examples=30)
@given(SWEPT_BATCHES)
def test_sweeps_leave_what_the_naive_ones_leave(batches: list[list[Operation]]) -> None:
    agrees(batches, after_sweep)


def test_first_steps_outside_of_any_task(tmp_path: Path) -> None:
    """As the broker starts commits and reads, also when they have to wait."""

    async def scenario(adapter: ObjectAdapter) -> None:
        loop = asyncio.get_running_loop()
        results: asyncio.Queue[tuple[Any, Exception | None]] = asyncio.Queue()

        def run(work: Coroutine[Any, Any, Any]) -> None:
            loop.call_soon(
                run_now_or_later, work, lambda *it: results.put_nowait(it), loop.create_task
            )

        for first in range(0, 400, 20):
            run(adapter.commit(appends("a", first, 20)))
        for first in range(0, 400, 20):
            assert await results.get() == (list(range(first, first + 20)), None)
        await adapter.compact()
        adapter._reader._cache._kept.clear()
        run(adapter.read("a", 0, 1000, 2**20))
        found, error = await results.get()
        assert error is None
        assert [record.offset for record in found] == list(range(400))
        adapter._reader._cache._kept.clear()
        for path in (tmp_path / "store/segments").iterdir():
            path.unlink()
        run(adapter.read("a", 0, 1000, 2**20))
        assert await results.get() == ([], None)

    scenario_in(tmp_path, scenario, wal_size=8192, segment_size=4096)
