"""The object adapter keeps the contract on several stores, and agrees with the naive one."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from object_kit import SMALL, adapter_in

from adapter_outcome import BATCHES, SWEPT_BATCHES, after_sweep, outcome
from naive_adapter import NaiveAdapter, picture
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
def test_agrees_with_the_naive_adapter(batches: list[list[Operation]]) -> None:
    agrees(batches, outcome)


@settings(deadline=None, max_examples=30)
@given(SWEPT_BATCHES)
def test_sweeps_leave_what_the_naive_ones_leave(batches: list[list[Operation]]) -> None:
    agrees(batches, after_sweep)
