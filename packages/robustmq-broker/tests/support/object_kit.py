"""Makes object adapters for tests."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from robustmq_broker.storage.object.adapter import ObjectAdapter
from robustmq_common.files import Files
from robustmq_common.files.store import unique
from robustmq_common.spi.storage import Append, WriteBatch

SMALL: Final[dict[str, Any]] = {
    "segment_size": 4096,
    "segment_age": 0.01,
    "block_size": 512,
    "cache": 65_536,
    "compact_segments": 2,
}


def adapter_in(folder: Path, url: str = "", **settings: Any) -> ObjectAdapter:
    """An adapter with its log in a folder, and its objects there too unless a URL is given."""
    url = url or f"file://{folder}/store"
    return ObjectAdapter({"url": url, "retry_delay": 0.2, **settings}, folder / "data")


async def memory_files() -> Files:
    """An empty store in this process."""
    files = Files(f"memory://{unique()}", {}, 30.0)
    await files.open()
    return files


def scenario_in(
    folder: Path, scenario: Callable[[ObjectAdapter], Awaitable[None]], **settings: Any
) -> None:
    """Run something on an opened adapter."""

    async def run() -> None:
        adapter = adapter_in(folder, **settings)
        await adapter.open()
        try:
            await scenario(adapter)
        finally:
            await adapter.close()

    asyncio.run(run())


def appends(shard: str, first: int, count: int, size: int = 90) -> WriteBatch:
    """A batch of records that say their offsets."""
    return WriteBatch(
        [Append(shard, b"%08d" % at + bytes(size)) for at in range(first, first + count)]
    )
