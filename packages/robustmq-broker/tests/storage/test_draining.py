"""Draining ends when callbacks write no more; the rest is with the group commit."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from robustmq_broker.storage.draining import drain
from robustmq_broker.storage.group_commit import GroupCommit
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_broker.storage.step import run_now_or_later
from robustmq_common.spi.storage import Put
from robustmq_common.testing import FakeMetrics, RecordingLog


def test_what_callbacks_write_is_waited_for() -> None:
    asyncio.run(scenario())


async def scenario() -> None:
    loop = asyncio.get_running_loop()
    adapter = MemoryAdapter({}, Path())
    await adapter.open()

    def soon(callback: Callable[[], None]) -> None:
        loop.call_soon(callback)

    storage = GroupCommit(
        adapter,
        soon,
        lambda work, done: run_now_or_later(work, done, loop.create_task),
        FakeMetrics(),
        RecordingLog(),
    )
    left = 3

    def again(_error: Exception | None) -> None:
        nonlocal left
        if left:
            left -= 1
            storage.write(Put("a", b"%d" % left, b"x"))
            storage.when_committed(again)

    again(None)
    await drain(storage)
    assert not storage.is_busy()
    assert len(await adapter.scan("a")) == 3
    await drain(storage)
