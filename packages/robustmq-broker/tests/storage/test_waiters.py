"""Who waits for a log to grow is woken when it has, and leaves nothing behind."""

import asyncio

import pytest

from robustmq_broker.storage.waiters import Waiters, not_open
from robustmq_common.errors import StorageError


def test_waking_by_the_end_of_the_log() -> None:
    async def scenario() -> None:
        waiters = Waiters("shelf")
        first = asyncio.create_task(waiters.wait("a", 0))
        second = asyncio.create_task(waiters.wait("a", 5))
        await asyncio.sleep(0)
        waiters.wake("b", 10)
        waiters.wake("a", 5)
        await first
        assert not second.done()
        assert "a" in waiters
        waiters.wake("a", 6)
        await second
        assert "a" not in waiters

    asyncio.run(scenario())


def test_one_who_gives_up_is_forgotten() -> None:
    async def scenario() -> None:
        waiters = Waiters("shelf")
        waiter = asyncio.create_task(waiters.wait("a", 0))
        await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        assert "a" not in waiters

    asyncio.run(scenario())


def test_closing_tells_everyone() -> None:
    async def scenario() -> None:
        waiters = Waiters("shelf")
        waiter = asyncio.create_task(waiters.wait("a", 0))
        await asyncio.sleep(0)
        waiters.close()
        with pytest.raises(StorageError, match="wait_for_change of shard 'a': the shelf storage"):
            await waiter

    asyncio.run(scenario())


def test_the_error_names_operation_shard_and_adapter() -> None:
    assert str(not_open("shelf", "read", "a")) == "read of shard 'a': the shelf storage is not open"
