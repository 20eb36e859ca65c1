"""The object adapter over HTTP: the contract, and what holds while the S3 server fails."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from robustmq_broker.storage.object.adapter import ObjectAdapter
from robustmq_common.errors import StorageError
from robustmq_common.spi.storage import Append, Bounds, StorageAdapter, WriteBatch
from robustmq_common.testing.storage_contract import StorageAdapterContract
from s3_server import Proxy, S3Server, proxied, s3_server
from until import until

pytest_plugins = ("plain_log",)
pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("plain_log")]

SOON: Final[dict[str, Any]] = {
    "segment_size": 16_384,
    "segment_age": 0.05,
    "request_timeout": 2.0,
    "retry_delay": 0.3,
    "fence_interval": 0.3,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as found:
        yield found


@pytest.fixture
def proxy(server: S3Server) -> Iterator[Proxy]:
    with proxied(server) as found:
        yield found


class TestObjectAdapterOnS3(StorageAdapterContract):
    durable = True

    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path, server: S3Server) -> None:
        self.folder = tmp_path
        self.server = server

    def make_adapter(self) -> StorageAdapter:
        settings = {
            "url": f"{self.server.url}/{self.folder.name}",
            "options": self.server.options(),
            "segment_size": 4096,
            "segment_age": 0.05,
            "block_size": 512,
            "cache": 65_536,
        }
        return ObjectAdapter(settings, self.folder)


@asynccontextmanager
async def opened(
    server: S3Server, folder: Path, port: int = 0, **settings: Any
) -> AsyncIterator[ObjectAdapter]:
    given = {**SOON, **settings, "url": f"{server.url}/{folder.name}"}
    adapter = ObjectAdapter({**given, "options": server.options(port)}, folder)
    await adapter.open()
    try:
        yield adapter
    finally:
        await adapter.close()


async def check(adapter: ObjectAdapter, count: int) -> None:
    """Records 0 up to `count` are there, each once."""
    assert await adapter.bounds("log") == Bounds(0, count)
    found = await adapter.read("log", 0, count + 1, 2**30)
    assert [int(record.value[:8]) for record in found] == list(range(count))


def log_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.wal"))


def record(number: int, size: int = 1000) -> WriteBatch:
    return WriteBatch([Append("log", b"%08d" % number + bytes(size))])


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_lost_whatever_the_server_does(
    tmp_path: Path, server: S3Server, proxy: Proxy, seed: int
) -> None:
    chance = random.Random(seed)
    modes = ["down", "500", "503", "cut", "slow", "pass"]

    async def scenario() -> None:
        count = 0
        async with opened(server, tmp_path, proxy.port, wal_size=1_000_000) as adapter:
            for _ in range(3):
                for mode in chance.sample(modes, len(modes)):
                    proxy.set(mode)
                    seen = proxy.requests
                    for _ in range(20):
                        assert await adapter.commit(record(count)) == [count]
                        count += 1
                    if mode != "slow":
                        await until(lambda seen=seen: proxy.requests > seen)  # type: ignore[misc]
                proxy.set("pass")
                await until(lambda: adapter.pending == 0)
            await check(adapter, count)
        proxy.set("pass")
        async with opened(server, tmp_path) as again:
            await check(again, count)
            assert await again.check() == []

    asyncio.run(scenario())


def test_commits_wait_while_the_server_is_down(
    tmp_path: Path, server: S3Server, proxy: Proxy
) -> None:
    async def scenario() -> None:
        async with opened(server, tmp_path, proxy.port, wal_size=40_000) as adapter:
            proxy.set("down")
            done = 0

            async def write() -> None:
                nonlocal done
                for number in range(300):
                    assert await adapter.commit(record(number)) == [number]
                    done += 1

            writing = asyncio.ensure_future(write())
            await until(lambda: adapter.pending >= 40_000)
            seen = proxy.requests
            await until(lambda: proxy.requests > seen + 2)
            # It has stopped to take any; what it has can be read.
            assert done < 50
            assert adapter.pending < 42_000
            assert log_bytes(tmp_path) < 50_000
            assert len(await adapter.read("log", 0, 1000, 2**30)) == done
            proxy.set("pass")
            await writing
            await check(adapter, 300)
        async with opened(server, tmp_path) as again:
            await check(again, 300)

    asyncio.run(scenario())


def test_a_commit_that_waits_too_long_fails(tmp_path: Path, server: S3Server, proxy: Proxy) -> None:
    async def scenario() -> None:
        limits = {"wal_size": 8192, "commit_timeout": 0.2, "close_timeout": 0.1}
        async with opened(server, tmp_path, proxy.port, **limits) as adapter:
            proxy.set("down")
            number = 0

            async def write() -> None:
                nonlocal number
                while True:
                    await adapter.commit(record(number))
                    number += 1

            with pytest.raises(StorageError, match=r"wait for the object store .*wal_size allows"):
                await write()
            assert await adapter.bounds("log") == Bounds(0, number)
            assert not await adapter.sweep()
        # It was stopped with the server down: the local log has it.
        async with opened(server, tmp_path) as again:
            await check(again, number)
            await again.compact()
            await until(lambda: log_bytes(tmp_path) == 0, "the local log is not removed")

    asyncio.run(scenario())


def test_a_start_without_the_server(tmp_path: Path, server: S3Server, proxy: Proxy) -> None:
    async def scenario() -> None:
        proxy.set("down")
        with pytest.raises(StorageError, match=f"cannot list {server.url}/"):
            async with opened(server, tmp_path, proxy.port):
                pass
        proxy.set("pass")
        async with opened(server, tmp_path, proxy.port) as adapter:
            assert await adapter.commit(record(0)) == [0]

    asyncio.run(scenario())


def test_two_brokers(tmp_path: Path, server: S3Server, capfd: pytest.CaptureFixture[str]) -> None:
    """The second fences the first, which says who has it, and writes no object any more."""

    async def scenario() -> None:
        where = {**SOON, "url": f"{server.url}/{tmp_path.name}", "options": server.options()}
        where["fence_interval"] = 60.0
        first = ObjectAdapter(where, tmp_path / "first")
        second = ObjectAdapter(where, tmp_path / "second")
        await first.open()
        await first.commit(record(0))
        await first.compact()
        await second.open()
        await second.commit(record(1))
        before = objects(server, tmp_path.name, "0000000001")
        await first.commit(record(1))
        with pytest.raises(StorageError, match=r"belongs to process \d+ on .* now"):
            await first.compact()
        with pytest.raises(StorageError, match=r"commit of 1 operations.* belongs to process"):
            await first.commit(record(2))
        await first.close()
        after = objects(server, tmp_path.name, "0000000001")
        manifests = {name for name in after if "manifests" in name}
        assert manifests <= set(before)
        await second.compact()
        await check(second, 2)
        await second.close()

        # What the first had promised in vain is not mixed into what the second wrote.
        again = ObjectAdapter(where, tmp_path / "first")
        await again.open()
        await check(again, 2)
        await again.close()
        out = "".join(capfd.readouterr())
        assert "a file of the local log is not replayed" in out
        assert "another broker has owned the object store" in out
        assert [path.suffix for path in (tmp_path / "first/object/wal").iterdir()] == [".fenced"]

    asyncio.run(scenario())


def objects(server: S3Server, prefix: str, epoch: str) -> dict[str, bytes]:
    """What a broker has written in an epoch."""
    folder = server.folder / "prefix" / prefix
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob(f"{epoch}-*")
        if path.is_file()
    }
