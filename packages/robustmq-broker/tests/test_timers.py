"""The driver that turns the wheel by the real clock."""

import asyncio
import time

from robustmq_broker.timers import TimerDriver
from robustmq_common.testing import RecordingLog

DEADLINE = 10.0


def test_timers_fire_in_time_with_a_fresh_clock() -> None:
    async def work() -> None:
        log = RecordingLog()
        driver = TimerDriver(log)
        fired: list[tuple[str, float, float]] = []
        done = asyncio.Event()

        def note(name: str) -> None:
            fired.append((name, time.monotonic(), driver.clock.monotonic))

        def last() -> None:
            note("last")
            done.set()

        start = time.monotonic()
        driver.after(0.3, last)
        driver.after(0.05, lambda: note("first"))
        driver.after(0.05, lambda: note("cancelled")).cancel()
        driver.start()
        await asyncio.wait_for(done.wait(), DEADLINE)
        driver.stop()
        assert [name for name, _, _ in fired] == ["first", "last"]
        for (_, now, coarse), delay in zip(fired, (0.05, 0.3), strict=True):
            assert now - start >= delay
            assert 0 <= now - coarse < DEADLINE
            assert coarse > start
        assert abs(driver.clock.wall - time.time()) < DEADLINE
        assert log.entries == []

    asyncio.run(work())


def test_a_callback_that_fails_is_logged_and_stops_nobody() -> None:
    async def work() -> None:
        log = RecordingLog()
        driver = TimerDriver(log)
        done = asyncio.Event()
        failure = RuntimeError("boom")

        def fail() -> None:
            raise failure

        driver.after(0.0, fail)
        driver.after(0.0, done.set)
        driver.start()
        await asyncio.wait_for(done.wait(), DEADLINE)
        again = asyncio.Event()
        driver.after(0.0, again.set)
        await asyncio.wait_for(again.wait(), DEADLINE)
        driver.stop()
        assert [(level, fields["exc_info"]) for level, _, fields in log.entries] == [
            ("error", failure)
        ]

    asyncio.run(work())


def test_after_the_stop_nothing_fires() -> None:
    async def work() -> None:
        driver = TimerDriver(RecordingLog())
        other = TimerDriver(RecordingLog())
        fired: list[str] = []
        done = asyncio.Event()
        driver.after(0.0, lambda: fired.append("stopped"))
        other.after(0.3, done.set)
        driver.start()
        driver.stop()
        driver.stop()
        other.start()
        await asyncio.wait_for(done.wait(), DEADLINE)
        other.stop()
        assert fired == []

    asyncio.run(work())
