"""A coroutine that need not wait is finished on the spot; one that waits goes on as a task."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from robustmq_broker.storage.step import run_in_task, run_now_or_later
from robustmq_common.errors import StorageError, WorldError

Reports = list[tuple[Any, Exception | None]]


class Given:
    """Collects what `done` was called with, and makes it possible to wait for it."""

    def __init__(self) -> None:
        self.reports: Reports = []
        self.called = asyncio.Event()

    def done(self, result: Any, error: Exception | None) -> None:
        self.reports.append((result, error))
        self.called.set()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        run_now_or_later(coroutine, self.done, asyncio.create_task)


def no_task(_coroutine: Coroutine[Any, Any, Any]) -> Any:
    raise AssertionError("a task was made")


class TestNow:
    def test_a_result_is_reported_before_it_returns(self) -> None:
        async def work() -> int:
            return 7

        reports: Reports = []
        run_now_or_later(work(), lambda *report: reports.append(report), no_task)
        assert reports == [(7, None)]

    def test_so_is_an_error(self) -> None:
        failure = StorageError("full")

        async def work() -> int:
            raise failure

        reports: Reports = []
        run_now_or_later(work(), lambda *report: reports.append(report), no_task)
        assert reports == [(None, failure)]

    def test_what_done_raises_is_the_callers(self) -> None:
        async def work() -> int:
            return 7

        reports: Reports = []

        def done(result: int | None, error: Exception | None) -> None:
            reports.append((result, error))
            raise ValueError("in the callback")

        with pytest.raises(ValueError, match="in the callback"):
            run_now_or_later(work(), done, no_task)
        assert reports == [(7, None)]

    def test_an_order_to_exit_goes_through(self) -> None:
        async def work() -> int:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run_now_or_later(work(), lambda *_: None, no_task)


def in_a_loop(scenario: Callable[[Given], Awaitable[None]]) -> None:
    async def main() -> None:
        await asyncio.wait_for(_scenario(), 10)

    async def _scenario() -> None:
        await scenario(Given())

    asyncio.run(main())


class TestLater:
    def test_it_goes_on_when_what_it_waits_for_is_there(self) -> None:
        async def scenario(given: Given) -> None:
            future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

            async def work() -> int:
                return await future + 1

            given.run(work())
            assert given.reports == []
            future.set_result(6)
            await given.called.wait()
            assert given.reports == [(7, None)]

        in_a_loop(scenario)

    def test_it_may_wait_more_than_once_and_give_up_its_turn(self) -> None:
        async def scenario(given: Given) -> None:
            futures = [asyncio.get_running_loop().create_future() for _ in range(3)]

            async def work() -> list[int]:
                await asyncio.sleep(0)
                found = [await future for future in futures]
                await asyncio.sleep(0)
                return found

            given.run(work())
            for number, future in enumerate(futures):
                asyncio.get_running_loop().call_soon(future.set_result, number)
            await given.called.wait()
            assert given.reports == [([0, 1, 2], None)]

        in_a_loop(scenario)

    def test_an_error_later_is_reported(self) -> None:
        failure = StorageError("full")

        async def scenario(given: Given) -> None:
            async def work() -> int:
                await asyncio.sleep(0)
                raise failure

            given.run(work())
            await given.called.wait()
            assert given.reports == [(None, failure)]

        in_a_loop(scenario)

    def test_the_error_of_what_it_waits_for_can_be_caught_inside(self) -> None:
        async def scenario(given: Given) -> None:
            future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

            async def work() -> str:
                try:
                    await future
                except OSError as error:
                    await asyncio.sleep(0)
                    return f"caught {error}"
                return "nothing"

            given.run(work())
            future.set_exception(OSError("disk"))
            await given.called.wait()
            assert given.reports == [("caught disk", None)]

        in_a_loop(scenario)

    def test_a_cancelled_task_reports_that_and_the_coroutine_cleans_up(self) -> None:
        async def scenario(given: Given) -> None:
            cleaned: list[str] = []
            tasks: list[asyncio.Task[Any]] = []

            async def work() -> None:
                try:
                    await asyncio.get_running_loop().create_future()
                finally:
                    cleaned.append("up")

            def create_task(coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
                tasks.append(asyncio.create_task(coroutine))
                return tasks[0]

            run_now_or_later(work(), given.done, create_task)
            await asyncio.sleep(0)
            tasks[0].cancel()
            await given.called.wait()
            ((result, error),) = given.reports
            assert result is None
            assert isinstance(error, WorldError)
            assert cleaned == ["up"]

        in_a_loop(scenario)

    def test_in_the_task_it_may_use_what_needs_one(self) -> None:
        async def scenario(given: Given) -> None:
            async def work() -> str:
                await asyncio.sleep(0)
                try:
                    async with asyncio.timeout(0):
                        await asyncio.get_running_loop().create_future()
                except TimeoutError:
                    return "timed out"
                return "not"

            given.run(work())
            await given.called.wait()
            assert given.reports == [("timed out", None)]

        in_a_loop(scenario)

    def test_run_in_task_gives_it_one_from_the_start(self) -> None:
        async def scenario(given: Given) -> None:
            async def work() -> int:
                task = asyncio.current_task()
                return 7 if task is not None and task is not main else 0

            main = asyncio.current_task()
            run_in_task(work(), given.done, asyncio.create_task)
            assert given.reports == []
            await given.called.wait()
            assert given.reports == [(7, None)]

        in_a_loop(scenario)

    def test_a_task_that_is_thrown_away_closes_the_coroutine(self) -> None:
        closed: list[str] = []

        async def scenario(given: Given) -> None:
            rest: list[Coroutine[Any, Any, Any]] = []

            async def work() -> None:
                try:
                    await asyncio.sleep(0)
                finally:
                    closed.append("yes")

            class Dropped:
                def add_done_callback(self, _callback: Any) -> None: ...

            def create_task(coroutine: Coroutine[Any, Any, Any]) -> Any:
                rest.append(coroutine)
                return Dropped()

            run_now_or_later(work(), given.done, create_task)
            rest[0].send(None)
            rest[0].close()

        in_a_loop(scenario)
        assert closed == ["yes"]
