"""What it costs that sessions are on disk, and what a million waiting messages cost."""

import asyncio
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, final

from bench.load import Load, LoadRun
from bench.peers.robustmq import RobustMQ
from bench.scenario import (
    HIGHER,
    LOWER,
    NEITHER,
    Deadline,
    Figure,
    Outcome,
    Scenario,
    Target,
    Tools,
    joined,
)
from bench.storage import library_rate
from bench.workloads import measured_load
from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter

WINDOW: Final = 1_000
PAYLOAD: Final = 64
WAITING_PAYLOAD: Final = 256
PACE: Final = 20_000
"""Messages per second that leave a broker with time to spare: a pause is none of its load then."""

STORED: Final = 110
"""Bytes of a record with its topic and times, for the library alone."""


@final
class DurableSessions(Scenario):
    """One durable subscriber, online and away, and many publishers that wait for the disk.

    seconds: how long is published to it online. waiting: messages that wait while it is away.
    publishers: how many wait for the disk, one message in flight each. alone: records for RocksDB
    alone.
    """

    name = "durable-sessions"
    ours = True
    bound = 400.0

    def __init__(
        self,
        seconds: float = 3.0,
        waiting: int = 1_000_000,
        publishers: int = 1_000,
        *,
        alone: int = 200_000,
    ) -> None:
        self.seconds = seconds
        self.waiting = waiting
        self.publishers = publishers
        self.alone = alone
        self.what = (
            f"QoS 1 to one subscriber whose session is on disk, 64 B and a window of {WINDOW:,}, "
            "beside the same in memory and beside RocksDB alone; "
            f"{waiting:,} messages of {WAITING_PAYLOAD} B while it is away, then all of them when "
            f"it is back; and, synced to disk, {publishers:,} publishers with one message in "
            "flight each beside a single one"
        )

    def run(self, target: Target, tools: Tools) -> Outcome:
        folder = tools.folder / self.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        deadline = Deadline(self.bound)
        figures: list[Figure] = []
        faults: list[str] = []
        try:
            for part in (self._online, self._waiting, self._synced):
                found, fault = part(target, tools, folder, deadline)
                figures += found
                faults.append(fault)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return Outcome(figures, joined(faults))

    # -- online --------------------------------------------------------------------------------

    def _online(
        self, target: Target, tools: Tools, folder: Path, deadline: Deadline
    ) -> tuple[list[Figure], str]:
        arguments: dict[str, object] = {
            **_arguments("pair", 1, PAYLOAD),
            "window": WINDOW,
            "seconds": self.seconds,
            "pings": 1,
        }
        with _broker(target, folder / "memory", {"storage.adapter": "memory"}) as broker:
            given = {**arguments, "port": broker.port}
            memory, _ = measured_load(broker, tools, given, deadline)
            idle, _ = measured_load(broker, tools, {**given, "rate": PACE}, deadline)
        with _broker(target, folder / "os", _on_disk("os")) as broker:
            durable = {**arguments, "port": broker.port, "durable": 1}
            load, cpu_us = measured_load(broker, tools, durable, deadline)
            calm, _ = measured_load(broker, tools, {**durable, "rate": PACE}, deadline)
        alone = library_rate(folder / "alone", STORED, sync=False, count=self.alone)
        figures = [
            Figure("messages", load.per_second, "msg/s", HIGHER, main=True),
            Figure("CPU", cpu_us, "us/msg", LOWER, main=True),
            Figure("RocksDB alone", alone, "records/s", NEITHER),
            Figure("of RocksDB alone", load.per_second / alone * 100, "%", HIGHER, main=True),
            Figure("of memory", load.per_second / memory.per_second * 100, "%", HIGHER),
            Figure("longest pause", load.ping_us / 1e3, "ms", LOWER),
            Figure("longest pause, memory", memory.ping_us / 1e3, "ms", LOWER),
            Figure("paced, longest pause", calm.ping_us / 1e3, "ms", LOWER, main=True),
            Figure("paced, longest pause, memory", idle.ping_us / 1e3, "ms", LOWER),
        ]
        return figures, joined([load.fault, memory.fault, calm.fault, idle.fault])

    # -- away ----------------------------------------------------------------------------------

    def _waiting(
        self, target: Target, tools: Tools, folder: Path, deadline: Deadline
    ) -> tuple[list[Figure], str]:
        data = folder / "waiting"
        arguments: dict[str, object] = {
            **_arguments("pair", 1, WAITING_PAYLOAD),
            "durable": 1,
            "window": WINDOW,
            "seconds": self.bound,
        }
        with _broker(target, folder / "fill", _on_disk("os"), data) as broker:
            away = {**arguments, "port": broker.port, "away": 1, "messages": self.waiting}
            filled, grown = _watched(broker, tools, away, deadline)
        asyncio.run(_compact(data))
        stored = sum(file.stat().st_size for file in data.rglob("*") if file.is_file())
        with _broker(target, folder / "drain", _on_disk("os"), data) as broker:
            back = {**arguments, "port": broker.port, "waiting": self.waiting, "messages": 0}
            drained, drain_grown = _watched(broker, tools, back, deadline)
        raw = self.waiting * WAITING_PAYLOAD
        figures = [
            Figure("away", filled.sent / filled.seconds, "msg/s", HIGHER, main=True),
            Figure("away, memory grown", grown / 2**20, "MiB", LOWER, main=True),
            Figure("disk", stored / raw, "bytes per byte", LOWER, main=True),
            Figure("start with them", broker.start_seconds, "s", LOWER),
            Figure("back", drained.per_second, "msg/s", HIGHER, main=True),
            Figure("back, memory grown", drain_grown / 2**20, "MiB", LOWER),
        ]
        lost = f"{self.waiting - filled.sent:,} not taken" if filled.sent < self.waiting else ""
        return figures, joined([lost, drained.fault])

    # -- synced --------------------------------------------------------------------------------

    def _synced(
        self, target: Target, tools: Tools, folder: Path, deadline: Deadline
    ) -> tuple[list[Figure], str]:
        loads = []
        for publishers in (1, self.publishers):
            arguments = {
                **_arguments("fanin", publishers, PAYLOAD),
                "durable": 1,
                "window": 1,
                "seconds": self.seconds,
                "pings": 1,
            }
            where = folder / f"fsync-{publishers}"
            with _broker(target, where, _on_disk("fsync")) as broker:
                given = {**arguments, "port": broker.port}
                loads.append(measured_load(broker, tools, given, deadline)[0])
                if publishers > 1:
                    pace = {**given, "rate": PACE / publishers / 4}
                    loads.append(measured_load(broker, tools, pace, deadline)[0])
        one, many, calm = loads
        figures = [
            Figure("synced, 1 publisher", one.per_second, "msg/s", HIGHER),
            Figure("synced, all", many.per_second, "msg/s", HIGHER, main=True),
            Figure("synced, times 1", many.per_second / one.per_second, "", HIGHER, main=True),
            Figure("synced, longest pause", many.ping_us / 1e3, "ms", LOWER),
            Figure("synced and paced, longest pause", calm.ping_us / 1e3, "ms", LOWER, main=True),
        ]
        return figures, joined([one.fault, many.fault, calm.fault])


def _arguments(shape: str, publishers: int, payload: int) -> dict[str, object]:
    return {
        "shape": shape,
        "publishers": publishers,
        "subscribers": 1,
        "qos": 1,
        "payload": payload,
        "patience": 20,
    }


def _on_disk(durability: str) -> dict[str, str]:
    return {"storage.adapter": "rocksdb", "storage.durability": durability}


@contextmanager
def _broker(
    target: Target, folder: Path, settings: Mapping[str, str], data: Path | None = None
) -> Iterator[Target]:
    """A broker of the same form as `target` with other settings."""
    peer = RobustMQ(plain=target.peer.endswith("plain"), settings=settings, data=data)
    started = peer.start(folder)
    try:
        yield started
    finally:
        started.process.stop()


def _watched(
    broker: Target, tools: Tools, arguments: dict[str, object], deadline: Deadline
) -> tuple[Load, int]:
    """What was counted, and by how many bytes the broker's memory was up at most."""
    with LoadRun(tools.load, arguments) as run:
        run.ready(deadline.left("connecting"))
        seen = [broker.process.resident_bytes()]
        load = run.go(lambda: seen.append(broker.process.resident_bytes()))
    return load, max(seen) - seen[0]


async def _compact(data: Path) -> None:
    adapter = RocksdbAdapter({}, data)
    await adapter.open()
    try:
        await adapter.compact()
    finally:
        await adapter.close()
