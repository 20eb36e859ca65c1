"""Objects below a URL; the S3 side of it is in tests/integration/test_object_s3.py."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from robustmq_common.errors import ConfigError, StorageError
from robustmq_common.files import Files, NotFound
from robustmq_common.files.store import _left_alone, unique


@pytest.fixture(params=["memory", "file"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"memory://{unique()}" if request.param == "memory" else f"file://{tmp_path}"


def use(url: str, scenario: Callable[[Files], Awaitable[None]], timeout: float = 30.0) -> None:
    async def run() -> None:
        files = Files(url, {}, timeout)
        await files.open()
        try:
            await scenario(files)
        finally:
            files.close()

    asyncio.run(run())


def test_writing_reading_deleting(url: str) -> None:
    async def scenario(files: Files) -> None:
        await files.write("a/1", b"0123456789")
        assert await files.read("a/1") == b"0123456789"
        assert await files.read("a/1", 2, 5) == b"234"
        assert await files.exists("a/1")
        await files.write("a/1", b"new")
        assert await files.sizes("a") == {"a/1": 3}
        await files.delete("a/1")
        await files.delete("a/1")
        assert not await files.exists("a/1")
        assert await files.sizes("a") == {}
        assert await files.sizes("b") == {}
        with pytest.raises(NotFound, match=f"cannot read {url}/a/1: there is no such object"):
            await files.read("a/1")

    use(url, scenario)


def test_only_one_creates(url: str) -> None:
    async def scenario(files: Files) -> None:
        tries = [files.create("epochs/1", b"%d" % number) for number in range(8)]
        won = [number for number, first in enumerate(await asyncio.gather(*tries)) if first]
        assert len(won) == 1
        assert await files.read("epochs/1") == b"%d" % won[0]
        # As after an answer that got lost.
        assert await files.create("epochs/1", b"%d" % won[0])

    use(url, scenario)


def test_folders_are_listed_by_themselves(url: str) -> None:
    async def scenario(files: Files) -> None:
        for name in ("a/1", "a/2", "a/b/3", "ab/4"):
            await files.write(name, name.encode())
        assert await files.sizes("a") == {"a/1": 3, "a/2": 3}

    use(url, scenario)


def test_what_is_being_written_is_not_listed(tmp_path: Path) -> None:
    async def scenario(files: Files) -> None:
        await files.write("a/1", b"")
        (tmp_path / "a" / ".2.0123").write_bytes(b"half of")
        assert await files.sizes("a") == {"a/1": 0}

    use(f"file://{tmp_path}", scenario)


def test_an_error_names_the_object_and_the_cause(tmp_path: Path) -> None:
    async def scenario(files: Files) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(StorageError, match=r"cannot write file://.*/file/1: .*File exists"):
            await files.write("file/1", b"")

    use(f"file://{tmp_path}", scenario)


def test_no_answer_in_time(tmp_path: Path) -> None:
    """From a pipe that nobody writes to."""

    async def scenario(files: Files) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(StorageError, match=r"cannot read .*/pipe: no answer in 0\.1 seconds"):
            await files.read("pipe")
        # Or the thread would wait for ever.
        os.close(os.open(tmp_path / "pipe", os.O_WRONLY))

    use(f"file://{tmp_path}", scenario, timeout=0.1)


@pytest.mark.parametrize("url", ["nothing-like-it://a", "memory://a"])
def test_a_url_that_cannot_be_used(url: str) -> None:
    async def run() -> None:
        files = Files(url, {"secret": "hush"} if "nothing" in url else {}, 30.0)
        try:
            await files.open()
        finally:
            files.close()

    if url.startswith("memory"):
        asyncio.run(run())
        return
    with pytest.raises(ConfigError, match=r"storage\.settings\.url = .*cannot be used") as caught:
        asyncio.run(run())
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(("error", "reported"), [(ConnectionResetError(), 0), (ValueError(), 1)])
def test_a_broken_connection_that_nobody_waits_for_is_no_error(
    error: Exception, reported: int
) -> None:
    async def scenario() -> None:
        reports: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        loop.default_exception_handler = reports.append  # type: ignore[method-assign, assignment]
        _left_alone(loop, {"message": "Task exception was never retrieved", "exception": error})
        assert len(reports) == reported

    asyncio.run(scenario())
