"""What is published to a topic with a log is found in that log, in memory and on disk."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from robustmq_broker.storage.group_commit import GroupCommit
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter
from robustmq_broker.storage.step import run_now_or_later
from robustmq_broker.topics import logs
from robustmq_broker.topics.logs import StoredTopicLogs
from robustmq_common.errors import StorageError
from robustmq_common.message import Record
from robustmq_common.record import decode_record
from robustmq_common.spi.storage import Retain, StorageAdapter, WriteBatch
from robustmq_common.spi.topics import TopicPolicy
from robustmq_common.testing import FakeMetrics, RecordingLog

POLICY = TopicPolicy("any", "os", logged=True)


class Noting(MemoryAdapter):
    """Notes the limits that are set; `failing` commits fail."""

    def __init__(self) -> None:
        super().__init__({}, Path())
        self.limits: list[Retain] = []
        self.failing = 0

    async def commit(self, batch: WriteBatch) -> list[int]:
        if self.failing:
            self.failing -= 1
            raise StorageError("disk full")
        self.limits += [one for one in batch.operations if isinstance(one, Retain)]
        return await super().commit(batch)


class Made:
    """Topic logs above one adapter."""

    def __init__(self, adapter: StorageAdapter) -> None:
        loop = asyncio.get_running_loop()

        def soon(callback: Callable[[], None]) -> None:
            loop.call_soon(callback)

        self.adapter = adapter
        self.metrics = FakeMetrics()
        self.storage = GroupCommit(
            adapter,
            soon,
            lambda work, done: run_now_or_later(work, done, loop.create_task),
            self.metrics,
            RecordingLog(),
        )
        self.logs = StoredTopicLogs(lambda _name: self.storage, self.metrics)

    async def append(self, message: Record, policy: TopicPolicy = POLICY) -> None:
        """Append one message and wait for what its acknowledgement would wait for."""
        assert self.logs.append(message, policy) is self.storage
        committed: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.storage.when_committed(committed.set_result)
        error = await committed
        if error is not None:
            raise error

    async def kept(self, topic: str) -> list[bytes]:
        found = await self.adapter.read(f"topic/{topic}", 0, 1000, 1_000_000)
        return [decode_record(one.value).payload for one in found]


def with_adapter(
    adapter: StorageAdapter, work: Callable[[Made], Coroutine[Any, Any, None]]
) -> None:
    async def run() -> None:
        await adapter.open()
        try:
            await work(Made(adapter))
        finally:
            await adapter.close()

    asyncio.run(run())


@pytest.fixture(params=["memory", "rocksdb"])
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> StorageAdapter:
    if request.param == "memory":
        return MemoryAdapter({}, tmp_path)
    return RocksdbAdapter({}, tmp_path)


def test_messages_are_kept_in_order_with_everything(adapter: StorageAdapter) -> None:
    now = time.time()
    message = Record("a/b", b"1", 1, True, b"key", [("n", "v")], now, now + 60, "me", "t", 1, "ct")

    async def work(made: Made) -> None:
        await made.append(message)
        await made.append(Record("a/b", b"2", timestamp=now))
        await made.append(Record("other", b"3", timestamp=now))
        first, second = await adapter.read("topic/a/b", 0, 10, 10_000)
        assert (first.key, first.timestamp, first.expires_at) == (b"key", now, now + 60)
        read = decode_record(first.value)
        assert (read.topic, read.payload, read.qos, read.retain) == ("a/b", b"1", 1, True)
        assert (read.headers, read.publisher, read.content_type) == ([("n", "v")], "me", "ct")
        assert decode_record(second.value).payload == b"2"
        assert await made.kept("other") == [b"3"]
        size = len(first.value) + len(second.value) + 28 + len("other") + 1
        assert made.metrics.snapshot()["topics.logged.messages"] == 3
        assert made.metrics.snapshot()["topics.logged.bytes"] == size

    with_adapter(adapter, work)


@pytest.mark.parametrize(
    "policy",
    [
        TopicPolicy("any", "os", True, records=3),
        TopicPolicy("any", "os", True, bytes=3 * 33),
        TopicPolicy("any", "os", True, seconds=1000.0),
    ],
)
def test_a_log_is_limited_as_its_policy_says(adapter: StorageAdapter, policy: TopicPolicy) -> None:
    now = time.time()

    async def work(made: Made) -> None:
        for number in range(10):
            # Seven of them are older than the limit.
            age = 5000.0 if number < 7 else 0.0
            record = Record("topi", bytes([number]), timestamp=now - age)
            await made.append(record, policy)
        while await adapter.sweep():
            pass
        assert await made.kept("topi") == [b"\x07", b"\x08", b"\x09"]

    with_adapter(adapter, work)


def test_limits_are_written_when_a_log_is_first_used() -> None:
    adapter = Noting()

    async def work(made: Made) -> None:
        week, none = TopicPolicy("any", "os", True, 604_800.0, 5, 7), POLICY
        for policy in (week, week, none, none):
            await made.append(Record("a", b""), policy)
        await made.append(Record("b", b""), week)
        # Those of an earlier start are lifted, and a start writes them again.
        wanted = [
            Retain("topic/a", 604_800.0, 5, 7),
            Retain("topic/a", None, None, None),
            Retain("topic/b", 604_800.0, 5, 7),
        ]
        assert adapter.limits == wanted
        await Made(adapter).append(Record("a", b""), week)
        assert adapter.limits == [*wanted, wanted[0]]

    with_adapter(adapter, work)


def test_limits_that_could_not_be_written_are_written_with_the_next_message() -> None:
    adapter = Noting()

    async def work(made: Made) -> None:
        adapter.failing = 1
        with pytest.raises(StorageError, match="disk full"):
            await made.append(Record("a", b"lost"))
        await made.append(Record("a", b"kept"))
        assert adapter.limits == [Retain("topic/a")]
        assert await made.kept("a") == [b"kept"]

    with_adapter(adapter, work)


def test_only_so_many_logs_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "KNOWN_MAX", 2)
    adapter = Noting()

    async def work(made: Made) -> None:
        for topic in ("a", "b", "a", "c", "a"):
            await made.append(Record(topic, b""))
        shards = [one.shard for one in adapter.limits]
        assert shards == ["topic/a", "topic/b", "topic/c", "topic/a"]

    with_adapter(adapter, work)


def test_they_survive_a_restart(tmp_path: Path) -> None:
    async def write(made: Made) -> None:
        await made.append(Record("a", b"1"))

    async def read(made: Made) -> None:
        assert await made.kept("a") == [b"1"]
        await made.append(Record("a", b"2"))
        assert await made.kept("a") == [b"1", b"2"]

    with_adapter(RocksdbAdapter({}, tmp_path), write)
    with_adapter(RocksdbAdapter({}, tmp_path), read)


def test_a_message_that_is_too_long_is_not_written() -> None:
    adapter = Noting()

    async def work(made: Made) -> None:
        with pytest.raises(ValueError, match="the topic of a message takes 65536 bytes"):
            made.logs.append(Record("x" * 65_536, b""), POLICY)
        assert not made.storage.pending()

    with_adapter(adapter, work)


def test_qos_0_is_left_out_while_storage_is_far_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing would hold its publishers back."""
    monkeypatch.setattr(logs, "BACKLOG_MAX", 5)

    async def work(made: Made) -> None:
        for number in range(10):
            made.logs.append(Record("a", b"%d" % number), POLICY)
        await made.append(Record("a", b"last", 1))
        assert await made.kept("a") == [b"0", b"1", b"2", b"3", b"last"]
        assert made.metrics.counters["topics.logged.dropped"] == 6

    with_adapter(MemoryAdapter({}, Path()), work)
