"""What the rocksdb adapter promises when processes, disks and files fail."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

import disk_shim
from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter
from robustmq_common.errors import StorageError
from robustmq_common.spi.storage import Append, WriteBatch
from small_disk import mount, small_disk

pytest_plugins = ("plain_log",)

DEADLINE = 30.0

WRITER = """
import asyncio, sys
from pathlib import Path
from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter
from robustmq_common.spi.storage import Append, Put, WriteBatch

async def main(folder, durability, seed):
    adapter = RocksdbAdapter({"write_buffer": "256KB"}, folder)
    await adapter.open()
    number = (await adapter.bounds("log")).end
    while True:
        count = 1 + (number * 7 + seed) % 9
        records = [Append("log", b"%08d" % (number + at) + bytes(300)) for at in range(count)]
        await adapter.commit(WriteBatch([*records, Put("keys", b"end", b"%d" % (number + count))]))
        if durability == "fsync":
            await adapter.sync()
        number += count
        log = max(folder.joinpath("rocksdb").glob("*.log"))
        # What is acknowledged, and how much of the newest log that is.
        print(number, log.name, log.stat().st_size, flush=True)
        await asyncio.sleep(0)

asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
"""


def use(folder: Path, scenario: Callable[[RocksdbAdapter], Awaitable[None]]) -> None:
    async def main() -> None:
        adapter = RocksdbAdapter({}, folder)
        await adapter.open()
        try:
            await scenario(adapter)
        finally:
            # It may not be able to write to the end.
            with contextlib.suppress(StorageError):
                await adapter.close()

    asyncio.run(asyncio.wait_for(main(), DEADLINE))


def write_and_kill(folder: Path, durability: str, seed: int) -> tuple[int, str, int]:
    """Kill a writer at some moment; returns its last acknowledgement."""
    command = [sys.executable, "-c", WRITER, str(folder), durability, str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        last = ""
        for _ in range(random.Random(seed).randrange(5, 700)):
            last = writer.stdout.readline()
        os.kill(writer.pid, signal.SIGKILL)
        lines = [last, *writer.stdout.readlines()]
    number, log, size = next(line for line in reversed(lines) if line.endswith("\n")).split()
    return int(number), log, int(size)


async def check(adapter: RocksdbAdapter, acknowledged: int) -> None:
    """Nothing acknowledged is missing, and batches are whole."""
    end = (await adapter.bounds("log")).end
    assert end >= acknowledged
    found = await adapter.read("log", 0, end, 2**30)
    assert [int(record.value[:8]) for record in found] == list(range(end))
    assert await adapter.get("keys", b"end") == b"%d" % end


@pytest.mark.parametrize("durability", ["os", "fsync"])
def test_nothing_acknowledged_is_missing_after_a_kill(tmp_path: Path, durability: str) -> None:
    for seed in range(4):
        acknowledged, _, _ = write_and_kill(tmp_path, durability, seed)
        use(tmp_path, lambda adapter, number=acknowledged: check(adapter, number))  # type: ignore[misc]


@pytest.mark.parametrize("seed", range(4))
def test_a_power_loss_takes_only_what_was_not_acknowledged(tmp_path: Path, seed: int) -> None:
    acknowledged, name, size = write_and_kill(tmp_path, "fsync", seed)
    log = tmp_path / "rocksdb" / name
    data = bytearray(log.read_bytes())
    # What came after the last sync may be there in part, or as garbage.
    data[size:] = random.Random(seed).randbytes(200)
    log.write_bytes(data)
    use(tmp_path, lambda adapter: check(adapter, acknowledged))


@pytest.mark.usefixtures("plain_log")
def test_the_start_says_what_it_cut_off(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    # A copy of what is on disk after a sync, as a power loss would leave it.
    copy = tmp_path / "copy"

    async def write(adapter: RocksdbAdapter) -> None:
        await append(adapter, b"first")
        shutil.copytree(tmp_path / "rocksdb", copy / "rocksdb")

    async def read(adapter: RocksdbAdapter) -> None:
        assert [record.value for record in await adapter.read("log", 0, 9, 2**20)] == [b"first"]

    use(tmp_path, write)
    (log,) = (copy / "rocksdb").glob("*.log")
    log.write_bytes(log.read_bytes() + b"\x01" * 100)
    use(copy, read)
    out = "".join(capfd.readouterr())
    assert "storage was damaged" in out
    assert f"{log.name}: the write-ahead log was cut off at a damaged record" in out


async def append(adapter: RocksdbAdapter, value: bytes) -> int:
    """As a broker with durability "fsync" does it."""
    (offset,) = await adapter.commit(WriteBatch([Append("log", value)]))
    await adapter.sync()
    return offset


async def append_once_possible(adapter: RocksdbAdapter) -> int:
    """The offset of the first append that succeeds; each attempt is a commit of its own."""
    until = time.monotonic() + DEADLINE / 2
    while time.monotonic() < until:
        with contextlib.suppress(StorageError):
            return await append(adapter, b"new")
        await asyncio.sleep(0)
    return await append(adapter, b"new")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB."""
    with small_disk(tmp_path / "disk", 16) as folder:
        yield folder


def test_a_full_disk(disk: Path) -> None:
    async def scenario(adapter: RocksdbAdapter) -> None:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(10 * 1024 * 1024))
        stored: list[int] = []

        async def fill() -> None:
            while True:
                stored.append(await append(adapter, os.urandom(10_000)))

        with pytest.raises(StorageError, match=r"commit of 1 operations, .*'log'.*free some space"):
            await fill()
        assert stored == list(range(len(stored)))
        # Reading goes on, and what failed has left no trace.
        assert (await adapter.bounds("log")).end == len(stored)
        assert len(await adapter.read("log", 0, 10_000, 2**30)) == len(stored)
        with pytest.raises(StorageError, match="nothing can be written since"):
            await append(adapter, b"x")
        ballast.unlink()
        assert await append_once_possible(adapter) == len(stored)
        assert len(await adapter.read("log", 0, 10_000, 2**30)) == len(stored) + 1

    use(disk, scenario)


def test_a_read_only_disk(disk: Path) -> None:
    async def nothing(_adapter: RocksdbAdapter) -> None:
        pass

    use(disk, nothing)
    mount("-o", "remount,ro", str(disk))
    with pytest.raises(StorageError, match=r"cannot open .*make the folder writable"):
        use(disk, nothing)


SYNC_SCENARIO = """
import asyncio, sys
from pathlib import Path
from test_storage_faults import append, append_once_possible, use
from robustmq_common.errors import StorageError

folder, broken = Path(sys.argv[1]), Path(sys.argv[2])

async def scenario(adapter):
    assert await append(adapter, b"0") == 0
    broken.touch()
    for _ in range(2):
        try:
            await append(adapter, b"lost")
        except StorageError as error:
            print("refused:", error)
        else:
            raise SystemExit("acknowledged without a sync")
    assert (await adapter.read("log", 0, 1, 1))[0].value == b"0"
    broken.unlink()
    offset = await append_once_possible(adapter)
    assert (await adapter.read("log", offset, 1, 1))[0].value == b"new"
    print("recovered")

use(folder, scenario)
"""


@pytest.mark.skipif(not disk_shim.AVAILABLE, reason=disk_shim.NEEDS)
def test_a_sync_that_fails(tmp_path: Path) -> None:
    library = disk_shim.compile_shim(tmp_path)
    broken = tmp_path / "broken"
    tests = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", SYNC_SCENARIO, str(tmp_path / "data"), str(broken)],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (tests / "integration", tests / "support"))),
            "LD_PRELOAD": str(library),
            "BROKEN_DISK": str(broken),
        },
        capture_output=True,
        text=True,
        timeout=DEADLINE * 2,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    refused = [line for line in done.stdout.splitlines() if line.startswith("refused")]
    assert refused[0].startswith("refused: cannot sync ")
    assert refused[1].startswith("refused: commit of 1 operations, the first of shard 'log': noth")
    assert "recovered" in done.stdout
