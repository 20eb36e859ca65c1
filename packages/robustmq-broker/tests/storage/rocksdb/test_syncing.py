"""Who comes while a sync runs shares the next one; a failed sync is told to all it was for."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from robustmq_broker.storage.rocksdb.syncing import GroupSync
from robustmq_common.errors import StorageError

WAIT = 30.0


class Disk:
    """A sync that takes until it is let go, and may fail."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.let_go = threading.Semaphore(0)
        self.error: Exception | None = None

    def sync(self) -> None:
        self.begun.release()
        assert self.let_go.acquire(timeout=WAIT)
        if self.error is not None:
            raise self.error


async def begun(disk: Disk) -> None:
    assert await asyncio.to_thread(disk.begun.acquire, timeout=WAIT)


def run(scenario: Callable[[Disk, GroupSync, list[StorageError]], object]) -> None:
    disk, told = Disk(), list[StorageError]()

    async def main() -> None:
        with ThreadPoolExecutor(1) as thread:
            group = GroupSync(disk.sync, thread, told.append)
            outcome = scenario(disk, group, told)
            assert asyncio.iscoroutine(outcome)
            await outcome

    asyncio.run(main())


def test_those_who_come_meanwhile_share_the_next_one() -> None:
    async def scenario(disk: Disk, group: GroupSync, told: list[StorageError]) -> None:
        first = asyncio.create_task(group.join())
        await begun(disk)
        later = [asyncio.create_task(group.join()) for _ in range(100)]
        await asyncio.sleep(0)
        disk.let_go.release()
        await first
        await begun(disk)
        # What they wrote came after the first sync had begun.
        assert not any(task.done() for task in later)
        disk.let_go.release()
        await asyncio.gather(*later)
        assert group.syncs == 2
        assert told == []

    run(scenario)


def test_a_failure_is_told_to_all_who_wait() -> None:
    async def scenario(disk: Disk, group: GroupSync, told: list[StorageError]) -> None:
        disk.error = StorageError("broken disk")
        first = asyncio.create_task(group.join())
        await begun(disk)
        later = asyncio.create_task(group.join())
        await asyncio.sleep(0)
        disk.let_go.release()
        for task in (first, later):
            with pytest.raises(StorageError, match="broken disk"):
                await task
        assert [str(error) for error in told] == ["broken disk"]
        disk.error = None
        disk.let_go.release()
        await group.join()

    run(scenario)


def test_draining_waits_for_all() -> None:
    async def scenario(disk: Disk, group: GroupSync, _told: list[StorageError]) -> None:
        first = asyncio.create_task(group.join())
        await begun(disk)
        drained = asyncio.create_task(group.drain())
        await asyncio.sleep(0)
        assert not drained.done()
        disk.let_go.release(2)
        await drained
        assert first.done()
        await group.drain()

    run(scenario)


def test_one_who_gives_up_does_not_disturb() -> None:
    async def scenario(disk: Disk, group: GroupSync, _told: list[StorageError]) -> None:
        first = asyncio.create_task(group.join())
        second = asyncio.create_task(group.join())
        await begun(disk)
        first.cancel()
        disk.let_go.release(2)
        await second
        assert first.cancelled()

    run(scenario)
