"""Sweeps come at their interval, sooner while there is more, and go on after an error."""

from collections.abc import Callable, Coroutine
from typing import Any

from naive_adapter import NaiveAdapter
from robustmq_broker.storage.step import run_now_or_later
from robustmq_broker.storage.sweeper import PAUSE, Sweeper
from robustmq_common.errors import StorageError
from robustmq_common.testing import FakeTimers, RecordingLog


class Swept(NaiveAdapter):
    """Answers each sweep with what comes next; then there is nothing to do."""

    def __init__(self, *answers: bool | Exception) -> None:
        super().__init__()
        self.answers = list(answers)
        self.sweeps = 0

    async def sweep(self) -> bool:
        self.sweeps += 1
        answer = self.answers.pop(0) if self.answers else False
        if isinstance(answer, Exception):
            raise answer
        return answer


def run(work: Coroutine[Any, Any, Any], done: Callable[[Any, Exception | None], None]) -> None:
    def never(_work: Coroutine[Any, Any, Any]) -> Any:
        raise AssertionError("these sweeps do not wait")

    run_now_or_later(work, done, never)


def started(adapter: Swept) -> tuple[FakeTimers, RecordingLog]:
    timers, log = FakeTimers(), RecordingLog()
    Sweeper(adapter, 10.0, timers, run, log)
    return timers, log


def test_a_sweep_each_interval() -> None:
    adapter = Swept()
    timers, _ = started(adapter)
    timers.advance(9.9)
    assert adapter.sweeps == 0
    timers.advance(0.2)
    assert adapter.sweeps == 1
    timers.advance(10.1)
    assert adapter.sweeps == 2


def test_sooner_while_there_is_more() -> None:
    adapter = Swept(True, True)
    timers, _ = started(adapter)
    timers.advance(10.1)
    timers.advance(PAUSE * 1.1)
    timers.advance(PAUSE * 1.1)
    assert adapter.sweeps == 3
    timers.advance(5.0)
    assert adapter.sweeps == 3


def test_an_error_is_logged_once_and_the_next_sweep_comes() -> None:
    full = StorageError("disk full")
    adapter = Swept(full, full, False, full)
    timers, log = started(adapter)
    for _ in range(4):
        timers.advance(10.1)
    assert adapter.sweeps == 4
    told = ("error", "storage sweep failed; expired records stay until one succeeds")
    fields = {"adapter": "naive", "reason": "disk full"}
    assert log.entries == [(*told, fields), (*told, fields)]
