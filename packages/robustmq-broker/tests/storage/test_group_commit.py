"""One commit per turn, one in flight, callbacks in order: on fakes, without an event loop."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from robustmq_broker.storage.draining import drain
from robustmq_broker.storage.group_commit import GroupCommit
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_broker.storage.step import run_now_or_later
from robustmq_common.errors import BugError, StorageError
from robustmq_common.spi.storage import Append, Delete, Put, Storage, WriteBatch
from robustmq_common.testing import FakeMetrics, RecordingLog

Done = Callable[[Any, Exception | None], None]


class ManualAdapter(MemoryAdapter):
    """Remembers the batches it was given; `run` decides when they are done."""

    def __init__(self) -> None:
        super().__init__({}, Path("unused"))
        self.batches: list[list[bytes]] = []
        self.syncs = 0

    async def sync(self) -> None:
        self.syncs += 1

    async def commit(self, batch: WriteBatch) -> list[int]:
        self.batches.append([it.value for it in batch.operations if isinstance(it, Append)])
        return []


class Bench:
    """A GroupCommit whose turns and commits end when the test says so."""

    def __init__(self, at_once: bool = False, durability: str = "os") -> None:
        self.at_once = at_once
        self.adapter = ManualAdapter()
        self.adapter.durability = durability
        self.metrics = FakeMetrics()
        self.log = RecordingLog()
        self.scheduled: list[Callable[[], None]] = []
        self.running: list[Done] = []
        self.calls: list[tuple[str, str | None]] = []
        self.storage = GroupCommit(
            self.adapter, self.scheduled.append, self.run, self.metrics, self.log
        )

    def run(self, coroutine: Coroutine[Any, Any, Any], done: Done) -> None:
        with pytest.raises(StopIteration):
            coroutine.send(None)
        if self.at_once:
            done(None, None)
        else:
            self.running.append(done)

    def write(self, *values: bytes) -> None:
        for value in values:
            self.storage.write(Append("a", value))

    def expect(self, name: str, durability: str = "") -> None:
        self.storage.when_committed(
            lambda error: self.calls.append((name, str(error) if error else None)), durability
        )

    def turn(self) -> None:
        """The end of a turn of the event loop."""
        scheduled, self.scheduled[:] = list(self.scheduled), []
        for callback in scheduled:
            callback()

    def finish(self, error: Exception | None = None) -> None:
        """The commit or the sync in flight is done; of two, the one that began first."""
        self.running.pop(0)(None, error)

    @property
    def batches(self) -> list[list[bytes]]:
        return self.adapter.batches


def test_it_is_the_storage_that_packs_see() -> None:
    storage: Storage = Bench().storage
    assert storage.adapter.name == "memory"
    assert not storage.pending()


def test_one_turn_is_one_commit() -> None:
    bench = Bench()
    bench.write(b"1", b"2")
    bench.write(b"3")
    assert bench.batches == []
    assert len(bench.scheduled) == 1
    bench.turn()
    assert bench.batches == [[b"1", b"2", b"3"]]
    bench.finish()
    bench.turn()
    assert bench.batches == [[b"1", b"2", b"3"]]


def test_callbacks_come_after_the_commit_in_order() -> None:
    bench = Bench()
    bench.write(b"1")
    bench.expect("first")
    bench.write(b"2")
    bench.expect("second")
    bench.turn()
    assert bench.calls == []
    bench.finish()
    assert bench.calls == [("first", None), ("second", None)]


def test_with_nothing_written_the_callback_comes_at_once() -> None:
    bench = Bench()
    bench.expect("at once")
    assert bench.calls == [("at once", None)]
    assert bench.scheduled == []


def test_what_is_written_during_a_commit_is_the_next_batch() -> None:
    bench = Bench()
    bench.write(b"1")
    bench.expect("first")
    bench.turn()
    bench.write(b"2")
    bench.expect("second")
    bench.turn()
    bench.write(b"3")
    bench.turn()
    assert bench.batches == [[b"1"]]
    bench.finish()
    assert bench.calls == [("first", None)]
    bench.turn()
    assert bench.batches == [[b"1"], [b"2", b"3"]]
    bench.finish()
    assert bench.calls == [("first", None), ("second", None)]


def test_who_asks_during_a_commit_without_writing_waits_for_it() -> None:
    bench = Bench()
    bench.write(b"1")
    bench.expect("first")
    bench.turn()
    bench.expect("second")
    assert bench.calls == []
    bench.finish()
    assert bench.calls == [("first", None), ("second", None)]
    bench.expect("third")
    assert bench.calls[-1] == ("third", None)


def test_pending_and_backlog_cover_what_is_not_committed() -> None:
    bench = Bench()
    states = [(bench.storage.pending(), bench.storage.backlog())]

    def note() -> None:
        states.append((bench.storage.pending(), bench.storage.backlog()))

    bench.write(b"1", b"2")
    note()
    bench.turn()
    note()
    bench.write(b"3")
    note()
    bench.finish()
    note()
    bench.turn()
    bench.finish()
    note()
    assert states == [(False, 0), (True, 2), (True, 2), (True, 3), (True, 1), (False, 0)]


def test_a_failed_commit_fails_its_callbacks_and_no_others() -> None:
    bench = Bench()
    bench.write(b"1")
    bench.expect("first")
    bench.turn()
    bench.expect("also first")
    bench.write(b"2")
    bench.expect("second")
    bench.finish(StorageError("disk full"))
    assert bench.calls == [("first", "disk full"), ("also first", "disk full")]
    bench.turn()
    bench.finish()
    assert bench.calls[2:] == [("second", None)]
    bench.write(b"3")
    bench.expect("third")
    bench.turn()
    bench.finish()
    assert bench.calls[3:] == [("third", None)]


def test_a_failure_is_logged_once_and_counted() -> None:
    bench = Bench()
    bench.write(b"1", b"2")
    for name in "abc":
        bench.expect(name)
    bench.turn()
    bench.finish(StorageError("disk full"))
    fields = {"adapter": "memory", "operations": 2, "reason": "disk full"}
    assert bench.log.entries == [
        ("error", "commit failed; what it held is not stored", fields),
    ]
    assert bench.metrics.counters == {
        "storage.commits": 1,
        "storage.operations": 2,
        "storage.commits.failed": 1,
    }


def test_a_bug_of_an_adapter_is_a_storage_error_too_and_keeps_its_traceback() -> None:
    bench = Bench()
    errors: list[Exception | None] = []
    bench.write(b"1")
    bench.storage.when_committed(errors.append)
    bench.turn()
    bug = KeyError("shelf")
    bench.finish(bug)
    (error,) = errors
    assert isinstance(error, StorageError)
    assert error.__cause__ is bug
    ((_, _, fields),) = bench.log.entries
    assert fields["exc_info"] is bug


def test_a_callback_that_raises_does_not_cost_the_others() -> None:
    bench = Bench()
    bug = ValueError("a bug")

    def fail(_error: Exception | None) -> None:
        raise bug

    bench.write(b"1")
    bench.storage.when_committed(fail)
    bench.expect("next")
    bench.turn()
    bench.finish()
    assert bench.calls == [("next", None)]
    assert bench.log.entries == [("error", "a callback after a commit failed", {"exc_info": bug})]
    bench.write(b"2")
    bench.turn()
    assert bench.batches == [[b"1"], [b"2"]]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_callback_may_write_and_wait_again(at_once: bool) -> None:
    bench = Bench(at_once)

    def again(_error: Exception | None) -> None:
        bench.write(b"2")
        bench.expect("written by a callback")

    bench.write(b"1")
    bench.storage.when_committed(again)
    bench.expect("first")
    for _ in range(2):
        bench.turn()
        if not at_once:
            bench.finish()
    assert bench.batches == [[b"1"], [b"2"]]
    assert bench.calls == [("first", None), ("written by a callback", None)]


def test_who_asks_in_a_callback_does_not_overtake_the_others() -> None:
    bench = Bench()
    bench.write(b"1")
    bench.storage.when_committed(lambda _error: bench.expect("asked in a callback"))
    bench.expect("asked before")
    bench.turn()
    bench.finish(StorageError("disk full"))
    # The one in the callback has written nothing that could have failed.
    assert bench.calls == [("asked before", "disk full"), ("asked in a callback", None)]


def test_a_compare_and_set_may_not_take_others_down() -> None:
    bench = Bench()
    for operation in (Put("a", b"k", b"v", expected=b""), Delete("a", b"k", expected=b"v")):
        with pytest.raises(BugError, match="shard 'a' with an expected value"):
            bench.storage.write(operation)
    assert not bench.storage.pending()
    bench.storage.write(Put("a", b"k", b"v"))
    assert bench.storage.pending()


def test_who_asks_for_fsync_waits_for_a_sync_and_the_others_do_not() -> None:
    bench = Bench()
    bench.write(b"1")
    bench.expect("synced", "fsync")
    bench.expect("committed")
    bench.expect("as if", "memory")
    bench.turn()
    bench.finish()
    assert bench.calls == [("committed", None), ("as if", None)]
    assert not bench.storage.pending()
    bench.finish()
    assert bench.calls[2:] == [("synced", None)]
    assert (bench.adapter.syncs, bench.metrics.counters["storage.syncs"]) == (1, 1)
    bench.expect("nothing to sync", "fsync")
    assert bench.calls[3:] == [("nothing to sync", None)]


def test_what_is_configured_is_what_callbacks_wait_for() -> None:
    bench = Bench(durability="fsync")
    bench.write(b"1")
    bench.expect("synced")
    bench.expect("committed", "os")
    bench.turn()
    bench.finish()
    assert bench.calls == [("committed", None)]
    assert bench.storage.pending()
    bench.finish()
    assert bench.calls == [("committed", None), ("synced", None)]
    assert not bench.storage.pending()


def test_commits_go_on_during_a_sync_and_share_the_next_one() -> None:
    bench = Bench(durability="fsync")
    for number in (b"1", b"2", b"3"):
        bench.write(number)
        bench.expect(number.decode())
        bench.turn()
        # The commit, while the sync of the first one still runs.
        bench.running.pop()(None, None)
    assert bench.batches == [[b"1"], [b"2"], [b"3"]]
    assert (bench.adapter.syncs, bench.calls) == (1, [])
    bench.finish()
    assert (bench.adapter.syncs, bench.calls) == (2, [("1", None)])
    bench.finish()
    assert bench.calls == [("1", None), ("2", None), ("3", None)]
    assert not bench.running


def test_what_was_committed_earlier_is_synced_when_somebody_asks() -> None:
    bench = Bench()
    bench.write(b"1")
    bench.turn()
    bench.finish()
    assert bench.adapter.syncs == 0
    bench.expect("late", "fsync")
    bench.expect("later", "fsync")
    assert bench.calls == []
    bench.finish()
    assert (bench.calls, bench.adapter.syncs) == ([("late", None), ("later", None)], 1)


def test_a_failed_commit_is_told_after_the_syncs_before_it() -> None:
    bench = Bench(durability="fsync")
    bench.write(b"1")
    bench.expect("first")
    bench.turn()
    bench.finish()
    bench.write(b"2")
    bench.expect("second")
    bench.turn()
    bench.running.pop()(None, StorageError("disk full"))
    assert bench.calls == []
    bench.finish()
    assert bench.calls == [("first", None), ("second", "disk full")]
    assert not bench.storage.pending()


def test_a_failed_sync_fails_what_was_committed_meanwhile_too() -> None:
    bench = Bench(durability="fsync")
    for name in ("first", "second"):
        bench.write(b"1")
        bench.expect(name)
        bench.turn()
        bench.running.pop()(None, None)
    bench.finish(StorageError("the disk is gone"))
    assert bench.calls == [("first", "the disk is gone"), ("second", "the disk is gone")]
    assert bench.storage.pending()
    assert bench.metrics.counters["storage.syncs.failed"] == 1
    ((level, event, fields),) = bench.log.entries
    assert (level, fields) == ("error", {"adapter": "memory", "reason": "the disk is gone"})
    assert event.startswith("sync failed")
    bench.expect("third")
    bench.finish()
    assert bench.calls[2:] == [("third", None)]


def test_a_callback_of_a_sync_may_write_and_wait_again() -> None:
    bench = Bench(durability="fsync")

    def again(_error: Exception | None) -> None:
        bench.expect("asked in a callback")
        bench.write(b"2")
        bench.expect("written by a callback")

    bench.write(b"1")
    bench.storage.when_committed(again)
    bench.turn()
    bench.finish()
    bench.finish()
    assert bench.calls == [("asked in a callback", None)]
    bench.turn()
    bench.finish()
    bench.finish()
    assert bench.calls[1:] == [("written by a callback", None)]


class TestWithAnEventLoop:
    """On the memory adapter, and on one that has to wait."""

    def storage(self, adapter: MemoryAdapter) -> GroupCommit:
        def run(coroutine: Coroutine[Any, Any, Any], done: Done) -> None:
            run_now_or_later(coroutine, done, asyncio.create_task)

        loop = asyncio.get_running_loop()
        return GroupCommit(
            adapter, lambda it: void(loop.call_soon(it)), run, FakeMetrics(), RecordingLog()
        )

    def test_a_commit_that_need_not_wait_is_done_within_the_turn(self) -> None:
        async def scenario() -> None:
            adapter = MemoryAdapter({}, Path("unused"))
            await adapter.open()
            storage = self.storage(adapter)
            record = Append("a", b"1")
            offsets: list[int] = []
            storage.write(record)
            storage.when_committed(lambda _error: offsets.append(record.offset))
            await asyncio.sleep(0)
            assert offsets == [0]
            assert not storage.pending()

        asyncio.run(scenario())

    def test_draining_waits_for_everything_also_what_callbacks_write(self) -> None:
        class SlowAdapter(MemoryAdapter):
            async def commit(self, batch: WriteBatch) -> list[int]:
                for _ in range(3):
                    await asyncio.sleep(0)
                return await super().commit(batch)

        async def scenario() -> None:
            adapter = SlowAdapter({}, Path("unused"))
            await adapter.open()
            storage = self.storage(adapter)
            await drain(storage)
            storage.write(Append("a", b"1"))
            storage.when_committed(lambda _error: storage.write(Append("a", b"2")))
            await asyncio.wait_for(drain(storage), 10)
            assert storage.backlog() == 0
            assert [record.value for record in await adapter.read("a", 0, 9, 99)] == [b"1", b"2"]

        asyncio.run(scenario())

    def test_draining_ends_also_if_commits_fail(self) -> None:
        async def scenario() -> None:
            storage = self.storage(MemoryAdapter({}, Path("unused")))
            storage.write(Append("a", b"1"))
            await asyncio.wait_for(drain(storage), 10)
            assert storage.backlog() == 0

        asyncio.run(scenario())

    def test_draining_waits_for_syncs(self) -> None:
        class SlowAdapter(MemoryAdapter):
            synced = False

            async def sync(self) -> None:
                for _ in range(3):
                    await asyncio.sleep(0)
                self.synced = True

        async def scenario() -> None:
            adapter = SlowAdapter({}, Path("unused"))
            adapter.durability = "fsync"
            await adapter.open()
            storage = self.storage(adapter)
            storage.write(Append("a", b"1"))
            storage.when_committed(lambda _error: None)
            await asyncio.wait_for(drain(storage), 10)
            assert adapter.synced

        asyncio.run(scenario())

    def test_one_who_gives_up_draining_breaks_nothing(self) -> None:
        async def scenario() -> None:
            adapter = MemoryAdapter({}, Path("unused"))
            await adapter.open()
            storage = self.storage(adapter)
            storage.write(Append("a", b"1"))
            waiting = asyncio.create_task(drain(storage))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            await asyncio.wait_for(drain(storage), 10)
            log = storage._log
            assert isinstance(log, RecordingLog)
            assert log.entries == []

        asyncio.run(scenario())


def void(_value: object) -> None:
    """Turn an expression into a call that returns None."""
