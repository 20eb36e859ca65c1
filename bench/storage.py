"""Measures storage adapters, rocksdb against its library alone: python -m bench.storage.

Every figure is of this machine and this run; compare those of one run only. Takes about three
minutes, and some hundred MB of the disk that holds --folder.
"""

import argparse
import asyncio
import gc
import os
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from robustmq_broker.event_loop import new_event_loop
from robustmq_broker.garbage import MIDDLE, NEVER, YOUNG
from robustmq_broker.metrics import MetricSet
from robustmq_broker.storage.draining import drain
from robustmq_broker.storage.group_commit import GroupCommit
from robustmq_broker.storage.object.adapter import ObjectAdapter
from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter
from robustmq_broker.storage.step import run_now_or_later
from robustmq_common.kv import Database, Stalled, Tuning
from robustmq_common.spi.storage import Append, Operation, Put, StorageAdapter, Trim, WriteBatch
from robustmq_common.testing import RecordingLog

BATCH: Final = 500
RECORDS: Final = 200_000
SECONDS: Final = 3.0
WRITERS: Final = 1000
TURN: Final = 0.001
QUEUE: Final = 2000
PAGE: Final = 500
SMALL: Final = 256
_SCHEDULED: Final = Path("/proc/thread-self/schedstat")
Step = Callable[[RocksdbAdapter], Awaitable[None]]


class Heartbeat:
    """Longest time in seconds for which the event loop did nothing else.

    longest: without what its thread waited for a core, which is the machine's doing, where the
    system tells that (Linux). waited: the longest wait for a core.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self.waited = 0.0
        self._last = time.perf_counter()
        self._last_waits = _core_waits()
        self._loop = asyncio.get_running_loop()
        self._handle = self._loop.call_soon(self._beat)

    def _beat(self) -> None:
        now, waits = time.perf_counter(), _core_waits()
        waited = waits - self._last_waits
        self.longest = max(self.longest, now - self._last - waited)
        self.waited = max(self.waited, waited)
        self._last, self._last_waits = now, waits
        self._handle = self._loop.call_later(0.0005, self._beat)

    def stop(self) -> float:
        self._handle.cancel()
        return self.longest


def _core_waits() -> float:
    """Seconds that this thread was ready to run and had to wait for a core; 0 if unknown."""
    try:
        # Time on a core, time waiting for one, in nanoseconds.
        return int(_SCHEDULED.read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


async def with_adapter(folder: Path, durability: str, step: Step) -> None:
    adapter = RocksdbAdapter({}, folder)
    adapter.durability = durability
    await adapter.open()
    try:
        await step(adapter)
    finally:
        await adapter.close()


def library_rate(folder: Path, size: int, *, sync: bool, count: int = RECORDS) -> float:
    """Records per second that the library alone takes, in batches, under the same keys."""
    database = Database.open(folder, ["records"], Tuning())
    value, records = bytes(size), database.handles["records"]
    started = time.perf_counter()
    for first in range(0, count, BATCH):
        while True:
            batch = database.batch()
            for offset in range(first, first + BATCH):
                batch.put(offset.to_bytes(16, "big"), value, records)
            try:
                database.write(batch)
            except Stalled:
                time.sleep(0.002)
            else:
                break
        if sync:
            database.sync()
    elapsed = time.perf_counter() - started
    database.close()
    return count / elapsed


async def append_rate(adapter: StorageAdapter, size: int) -> float:
    """Records per second in commits of one batch each, without the making of the records."""
    value, now = bytes(size), time.time()
    elapsed = 0.0
    for _ in range(0, RECORDS, BATCH):
        batch = WriteBatch([Append("shard", value, timestamp=now) for _ in range(BATCH)])
        await asyncio.sleep(0)
        started = time.perf_counter()
        await adapter.commit(batch)
        if adapter.durability == "fsync":
            await adapter.sync()
        elapsed += time.perf_counter() - started
    return RECORDS / elapsed


async def compare(folder: Path, size: int, durability: str) -> None:
    alone = library_rate(folder / f"alone-{durability}-{size}", size, sync=durability == "fsync")

    async def append(adapter: RocksdbAdapter) -> None:
        heartbeat = Heartbeat()
        rate = await append_rate(adapter, size)
        print(
            f"appends of {size} bytes, {durability}: {rate:,.0f} per second, {rate / alone:.0%} of "
            f"the library alone ({alone:,.0f}); longest pause {heartbeat.stop() * 1e3:.1f} ms"
        )

    await with_adapter(folder / f"{durability}-{size}", durability, append)


async def writers_rate(adapter: StorageAdapter, writers: int) -> tuple[float, float]:
    """Commits per second of writers with one record in flight each, and the longest pause.

    As in the broker: what is written in one turn of the event loop is one commit.
    """
    loop = asyncio.get_running_loop()

    def run(work: Coroutine[Any, Any, Any], done: Callable[[Any, Exception | None], None]) -> None:
        run_now_or_later(work, done, loop.create_task)

    def soon(callback: Callable[[], None]) -> None:
        loop.call_soon(callback)

    storage = GroupCommit(adapter, soon, run, MetricSet(), RecordingLog())
    stop = time.perf_counter() + SECONDS
    done = 0

    def write(error: Exception | None) -> None:
        nonlocal done
        if error is not None:
            raise error
        done += 1
        if time.perf_counter() < stop:
            storage.write(Append("shard", bytes(100)))
            storage.when_committed(write)

    heartbeat = Heartbeat()
    for _ in range(writers):
        write(None)
    await drain(storage)
    return (done - writers) / SECONDS, heartbeat.stop()


async def longest_block(adapter: RocksdbAdapter, rate: int, seconds: float) -> None:
    """A queue that is written at one end, read and trimmed at the other, as sessions do it."""
    heartbeat = Heartbeat()
    started = time.perf_counter()
    written = taken = 0
    while (elapsed := time.perf_counter() - started) < seconds:
        due = min(int(elapsed * rate) - written, QUEUE)
        operations: list[Operation] = [Append("queue", bytes(300)) for _ in range(due)]
        if written - taken > QUEUE:
            taken += len(await adapter.read("queue", taken, PAGE, 2**20))
            operations.append(Trim("queue", taken))
        if operations:
            written += due
            await adapter.commit(WriteBatch(operations))
        await asyncio.sleep(0 if written < int(elapsed * rate) else TURN)
    pause = heartbeat.stop()
    print(
        f"appends of 300 bytes, reads and trims for {seconds:.0f} s: {written / seconds:,.0f} per "
        f"second, event loop blocked for {pause * 1e3:.1f} ms at most (and for "
        f"{heartbeat.waited * 1e3:.1f} ms by others on its core)"
    )


async def space(folder: Path, count: int) -> None:
    """Bytes on the disk per byte of what is kept, of records that cannot be compressed."""

    async def fill(adapter: RocksdbAdapter) -> None:
        for first in range(0, count, BATCH):
            batch = [Append("shard", os.urandom(SMALL)) for _ in range(first, first + BATCH)]
            await adapter.commit(WriteBatch([*batch]))
            await asyncio.sleep(0)
        heartbeat = Heartbeat()
        started = time.perf_counter()
        await adapter.compact()
        took = time.perf_counter() - started
        print(f"compaction: {took:.1f} s, longest pause {heartbeat.stop() * 1e3:.1f} ms")

    await with_adapter(folder, "os", fill)
    size = sum(file.stat().st_size for file in (folder / "rocksdb").glob("*.sst"))
    print(f"{count:,} records of {SMALL} bytes take {size / (count * SMALL):.2f} of their size")


async def many_shards(folder: Path, count: int) -> None:
    async def fill(adapter: RocksdbAdapter) -> None:
        heartbeat = Heartbeat()
        started = time.perf_counter()
        for first in range(0, count, BATCH):
            names = [f"mqtt/session/client-{number:07d}" for number in range(first, first + BATCH)]
            await adapter.commit(WriteBatch([Put(name, b"m", bytes(50)) for name in names]))
            await asyncio.sleep(0)
        rate = count / (time.perf_counter() - started)
        print(f"shards made: {rate:,.0f} per second, longest pause {heartbeat.stop() * 1e3:.1f} ms")

    await with_adapter(folder, "os", fill)
    started = time.perf_counter()

    async def look(adapter: RocksdbAdapter) -> None:
        opened = time.perf_counter() - started
        assert await adapter.get(f"mqtt/session/client-{count - 1:07d}", b"m") is not None
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{count:,} shards: opened in {opened:.2f} s; peak memory of the run {memory:.0f} MB")

    await with_adapter(folder, "os", look)


async def read_rate(adapter: StorageAdapter) -> float:
    """Records per second of a log that is read from its beginning, in pages."""
    started = time.perf_counter()
    position = 0
    while page := await adapter.read("shard", position, BATCH, 2**20):
        position = page[-1].offset + 1
        await asyncio.sleep(0)
    assert position == RECORDS
    return RECORDS / (time.perf_counter() - started)


async def objects(folder: Path, size: int, shards: int) -> None:
    """The object adapter with its objects on the same disk: what it takes by itself."""
    given = {"url": f"file://{folder}/store"}
    adapter = ObjectAdapter(given, folder)
    await adapter.open()
    heartbeat = Heartbeat()
    rate = await append_rate(adapter, size)
    started = time.perf_counter()
    await adapter.compact()
    rest = time.perf_counter() - started
    print(
        f"object, appends of {size} bytes: {rate:,.0f} per second, the last uploaded {rest:.1f} s "
        f"later; longest pause {heartbeat.stop() * 1e3:.1f} ms"
    )
    await adapter.close()
    adapter = ObjectAdapter({**given, "cache": 2**20}, folder)
    await adapter.open()
    heartbeat = Heartbeat()
    rate = await read_rate(adapter)
    print(
        f"object, reads of {size} bytes from segments: {rate:,.0f} per second; longest pause "
        f"{heartbeat.stop() * 1e3:.1f} ms"
    )
    if shards:
        await object_shards(adapter, shards)
    await adapter.close()
    if shards:
        started = time.perf_counter()
        await adapter_opened(given, folder)
        print(f"object, {shards:,} shards: opened in {time.perf_counter() - started:.2f} s")


async def object_shards(adapter: ObjectAdapter, count: int) -> None:
    before = memory()
    for first in range(0, count, BATCH):
        names = [f"mqtt/session/client-{number:07d}" for number in range(first, first + BATCH)]
        await adapter.commit(WriteBatch([Append(name, bytes(50)) for name in names]))
        await asyncio.sleep(0)
    await adapter.compact()
    each = (memory() - before) / count
    print(f"object, shards with a record in a segment: {each:,.0f} bytes of memory each")


async def adapter_opened(given: dict[str, str], folder: Path) -> None:
    adapter = ObjectAdapter(given, folder)
    await adapter.open()
    await adapter.close()


def memory() -> int:
    """Resident bytes of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


async def measure(folder: Path, shards: int, rate: int, seconds: float) -> None:
    # As in the broker (robustmq_broker.garbage), or the figures are the garbage collector's.
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, NEVER)
    for size in (100, 1000):
        for durability in ("os", "fsync"):
            await compare(folder, size, durability)

    async def group(adapter: RocksdbAdapter) -> None:
        one, _ = await writers_rate(adapter, 1)
        many, pause = await writers_rate(adapter, WRITERS)
        print(
            f"fsync: 1 writer {one:,.0f} commits per second, {WRITERS:,} writers {many:,.0f}, "
            f"{many / one:.0f} times that; longest pause {pause * 1e3:.1f} ms"
        )

    await with_adapter(folder / "group", "fsync", group)
    await with_adapter(
        folder / "queue", "os", lambda adapter: longest_block(adapter, rate, seconds)
    )
    await space(folder / "space", shards)
    await many_shards(folder / "shards", shards)
    await objects(folder / "objects-1000", 1000, 0)
    await objects(folder / "objects-100", 100, shards)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; a temporary one")
    parser.add_argument("--shards", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=100_000, help="records per second of the queue")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the queue runs")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=arguments.folder) as folder,
        asyncio.Runner(loop_factory=new_event_loop) as runner,
    ):
        runner.run(measure(Path(folder), arguments.shards, arguments.rate, arguments.seconds))


if __name__ == "__main__":
    main()
