"""Threads for passwords: bounded, and so is what waits for them."""

import asyncio
import threading
from typing import Any

import pytest

from robustmq_broker.access.hashing.hash_pool import REFUSED, SECTION, HashingBusy, HashPool
from robustmq_broker.access.hashing.hashing_config import HashingConfig
from robustmq_common.testing import FakeServices
from robustmq_common.testing.metrics import FakeMetrics

DEADLINE = 20.0


def test_more_than_may_wait_are_refused_at_once() -> None:
    async def scenario() -> None:
        metrics = FakeMetrics()
        pool = HashPool(HashingConfig(threads=2, max_waiting=3), metrics)
        gate = threading.Event()
        running: set[str] = set()

        def work() -> str:
            running.add(threading.current_thread().name)
            assert gate.wait(DEADLINE)
            return "done"

        tasks = [asyncio.create_task(pool.run(work)) for _ in range(5)]
        await asyncio.sleep(0)
        for _ in range(10):
            with pytest.raises(HashingBusy, match="3 passwords wait"):
                await pool.run(work)
        assert metrics.snapshot()[REFUSED] == 10
        assert metrics.snapshot()["authentication.hashing.waiting"] == 3
        gate.set()
        assert await asyncio.gather(*tasks) == ["done"] * 5
        assert len(running) <= 2
        assert metrics.snapshot()["authentication.hashing.waiting"] == 0
        assert await pool.run(lambda: 7) == 7
        pool.close()

    asyncio.run(scenario())


def test_an_error_is_the_caller_s_and_frees_the_place() -> None:
    async def scenario() -> None:
        pool = HashPool(HashingConfig(threads=1, max_waiting=0), FakeMetrics())

        def fail() -> Any:
            raise RuntimeError("no memory")

        for _ in range(3):
            with pytest.raises(RuntimeError, match="no memory"):
                await pool.run(fail)
        pool.close()

    asyncio.run(scenario())


def test_a_broker_has_one_which_is_closed_with_it() -> None:
    services = FakeServices({SECTION: HashingConfig()})
    pool = HashPool.of(services)
    assert HashPool.of(services) is pool
    pool.close()  # nothing was ever hashed
