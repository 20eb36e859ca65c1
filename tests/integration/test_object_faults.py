"""What the object adapter promises when processes, disks and files fail."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from robustmq_broker.storage.object.adapter import ObjectAdapter
from robustmq_common.errors import StorageError
from robustmq_common.spi.storage import Append, Bounds, Put, WriteBatch
from small_disk import small_disk
from until import until

pytest_plugins = ("plain_log",)
pytestmark = pytest.mark.usefixtures("plain_log")

DEADLINE = 30.0

WRITER = """
import asyncio, sys
from pathlib import Path
from robustmq_broker.storage.object.adapter import ObjectAdapter
from robustmq_common.spi.storage import Append, Put, Trim, WriteBatch

async def main(folder, seed):
    adapter = ObjectAdapter({"url": f"file://{folder}/store", "segment_size": "16KB",
        "segment_age": 0.05, "compact_segments": 3, "wal_size": "256KB"}, folder)
    await adapter.open()
    number = (await adapter.bounds("log")).end
    while True:
        count = 1 + (number * 7 + seed) % 9
        records = [Append("log", b"%08d" % (number + at) + bytes(300)) for at in range(count)]
        shorter = Trim("log", max(number - 500, 0))
        await adapter.commit(
            WriteBatch([*records, Put("keys", b"end", b"%d" % (number + count)), shorter]))
        number += count
        print(number, flush=True)
        await asyncio.sleep(0)

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""


@asynccontextmanager
async def opened(folder: Path, **settings: Any) -> AsyncIterator[ObjectAdapter]:
    given = {"url": f"file://{folder}/store", "segment_age": 0.05, **settings}
    adapter = ObjectAdapter(given, folder)
    await adapter.open()
    try:
        yield adapter
    finally:
        await adapter.close()


def write_and_kill(folder: Path, seed: int) -> int:
    """Kill a writer at some moment; returns its last acknowledgement."""
    command = [sys.executable, "-c", WRITER, str(folder), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        last = ""
        for _ in range(random.Random(seed).randrange(5, 700)):
            last = writer.stdout.readline()
        os.kill(writer.pid, signal.SIGKILL)
        lines = [last, *writer.stdout.readlines()]
    return int(next(line for line in reversed(lines) if line.endswith("\n")))


async def check(adapter: ObjectAdapter, acknowledged: int) -> None:
    """Nothing acknowledged is missing or there twice, and batches are whole."""
    bounds = await adapter.bounds("log")
    assert bounds.end >= acknowledged
    found = await adapter.read("log", 0, bounds.end, 2**30)
    assert [record.offset for record in found] == list(range(bounds.start, bounds.end))
    assert all(int(record.value[:8]) == record.offset for record in found)
    assert await adapter.get("keys", b"end") == b"%d" % bounds.end
    assert await adapter.check() == []


def test_nothing_acknowledged_is_missing_after_a_kill(tmp_path: Path) -> None:
    async def scenario(acknowledged: int) -> None:
        async with opened(tmp_path) as adapter:
            await check(adapter, acknowledged)

    for seed in range(6):
        asyncio.run(scenario(write_and_kill(tmp_path, seed)))


@pytest.mark.parametrize("seed", range(4))
def test_a_torn_tail_of_the_local_log_is_cut_off(
    tmp_path: Path, seed: int, capfd: pytest.CaptureFixture[str]
) -> None:
    acknowledged = write_and_kill(tmp_path, seed)
    files = sorted((tmp_path / "object/wal").glob("*.wal"))
    with files[-1].open("ab") as file:
        file.write(random.Random(seed).randbytes(200))

    async def scenario() -> None:
        async with opened(tmp_path) as adapter:
            await check(adapter, acknowledged)

    asyncio.run(scenario())
    out = "".join(capfd.readouterr())
    assert out.count("the local log ends in the middle of a batch, which is cut off") == 1
    assert "bytes=200" in out


def segments(folder: Path) -> list[Path]:
    return sorted((folder / "store/segments").glob("*.seg"))


def damage(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize("where", ["block", "index", "footer", "gone", "short"])
def test_a_damaged_segment_is_set_aside(
    tmp_path: Path, where: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async def write() -> None:
        async with opened(tmp_path, segment_age=60, block_size=1024) as adapter:
            for first in (0, 100):
                batch = [Append("log", b"%d" % n + bytes(90)) for n in range(first, first + 100)]
                await adapter.commit(WriteBatch([*batch, Append("other", b"kept")]))
                await (await adapter.snapshot()).close()

    async def read() -> None:
        async with opened(tmp_path, segment_age=60) as adapter:
            found = [record.offset for record in await adapter.read("log", 0, 1000, 2**30)]
            assert found[-100:] == list(range(100, 200))
            assert len(found) < 200
            assert (len(found) > 150) == (where == "block")
            assert await adapter.bounds("log") == Bounds(0, 200)
            assert await adapter.check() == []
            # What is left is complete by itself.
            assert await adapter.commit(WriteBatch([Append("log", b"200")])) == [200]
        async with opened(tmp_path) as again:
            after = [record.offset for record in await again.read("log", 0, 1000, 2**30)]
            assert after == [*found, 200]

    asyncio.run(write())
    first = segments(tmp_path)[0]
    size = first.stat().st_size
    if where == "gone":
        first.unlink()
    elif where == "short":
        first.write_bytes(first.read_bytes()[: size // 2])
    else:
        damage(first, {"block": 2000, "index": size - 40, "footer": size - 1}[where])
    kept = None if where == "gone" else first.read_bytes()

    asyncio.run(read())
    out = "".join(capfd.readouterr())
    assert out.count("a segment is damaged; what could not be read of it is lost") == 1
    assert "'log': up to" in out
    aside = first.with_name(f"{first.name}.corrupt")
    assert (aside.read_bytes() if aside.exists() else None) == kept


def test_the_newest_manifest_is_damaged(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async def write() -> None:
        async with opened(tmp_path) as adapter:
            for number in range(5):
                await adapter.commit(WriteBatch([Append("log", b"%d" % number)]))
                await adapter.compact()

    async def read() -> None:
        async with opened(tmp_path) as adapter:
            found = [int(record.value) for record in await adapter.read("log", 0, 10, 1000)]
            assert found == list(range(len(found)))
            assert found

    asyncio.run(write())
    damage(max((tmp_path / "store/manifests").iterdir()), 10)
    asyncio.run(read())
    assert "a manifest is damaged" in "".join(capfd.readouterr())


def test_a_second_process_takes_over(tmp_path: Path) -> None:
    """The first ends at the error of its next upload or commit; the second has what it stored."""
    folder = tmp_path / "first"
    command = [sys.executable, "-c", WRITER, str(folder), "1"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, stdout=pipe, stderr=pipe) as writer:
        assert writer.stdout is not None
        for _ in range(200):
            writer.stdout.readline()

        async def scenario() -> int:
            async with opened(tmp_path, url=f"file://{folder}/store") as second:
                end = (await second.bounds("log")).end
                # The first goes on until it notices; nothing of that appears here.
                _, told = await asyncio.to_thread(writer.communicate, timeout=DEADLINE)
                assert f"belongs to process {os.getpid()} on" in told
                assert writer.returncode == 1
                await check(second, 0)
                batch = WriteBatch([Append("log", b"%08d" % end), Put("keys", b"end", b"x")])
                assert await second.commit(batch) == [end]
                return end

        end = asyncio.run(scenario())

    async def reopened() -> None:
        async with opened(tmp_path, url=f"file://{folder}/store") as again:
            assert (await again.bounds("log")).end == end + 1
            assert await again.check() == []

    asyncio.run(reopened())


def test_two_brokers_in_one_folder(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path):
            with pytest.raises(StorageError, match=r"open already: is another broker running"):
                async with opened(tmp_path):
                    pass

    asyncio.run(scenario())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 16) as folder:
        yield folder


def test_a_full_disk(disk: Path, tmp_path: Path) -> None:
    """The local log's; the store is elsewhere."""

    async def scenario() -> None:
        ballast = disk / "ballast"
        url = f"file://{tmp_path}/store"
        async with opened(disk, url=url, segment_age=60) as adapter:
            ballast.write_bytes(bytes(14 * 1024 * 1024))
            stored: list[int] = []

            async def fill() -> None:
                while True:
                    batch = WriteBatch([Append("log", os.urandom(10_000))])
                    stored.extend(await adapter.commit(batch))

            with pytest.raises(StorageError, match=r"commit of 1 op.*'log'.* cannot write .*space"):
                await fill()
            # Reading goes on, and what failed has left no trace.
            assert len(await adapter.read("log", 0, 10_000, 2**30)) == len(stored)
            ballast.unlink()
            batch = WriteBatch([Append("log", b"new"), Put("keys", b"k", b"v")])
            assert await adapter.commit(batch) == [len(stored)]
        async with opened(disk, url=url) as again:
            assert len(await again.read("log", 0, 10_000, 2**30)) == len(stored) + 1
            assert await again.get("keys", b"k") == b"v"

    asyncio.run(scenario())


def test_a_store_whose_disk_is_full(disk: Path, tmp_path: Path) -> None:
    """Uploads wait; what was committed stays, and gets there when there is room."""

    async def scenario() -> None:
        ballast = disk / "ballast"
        given = {"url": f"file://{disk}/store", "retry_delay": 0.05}
        async with opened(tmp_path, **given) as adapter:
            ballast.write_bytes(bytes(15 * 1024 * 1024))
            for _ in range(200):
                await adapter.commit(WriteBatch([Append("log", os.urandom(10_000))]))
            await until(lambda: bool(adapter._uploader.trouble), "a full disk is not noticed")
            ballast.unlink()
            await adapter.compact()
            assert adapter.pending == 0
        async with opened(tmp_path, **given) as again:
            assert await again.bounds("log") == Bounds(0, 200)
            assert await again.check() == []

    asyncio.run(scenario())
