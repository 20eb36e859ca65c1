"""Reading lets others run, and tells what a shard takes."""

import asyncio
from pathlib import Path

from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter
from robustmq_common.spi.storage import Append, Put, Trim, Usage, WriteBatch


def test_usage_is_right_as_long_as_nothing_has_expired(tmp_path: Path) -> None:
    async def scenario() -> None:
        adapter = RocksdbAdapter({}, tmp_path)
        await adapter.open()
        await adapter.commit(WriteBatch([Append("a", b"123", b"k") for _ in range(2000)]))
        await adapter.commit(WriteBatch([Put("a", b"%05d" % one, b"v") for one in range(2000)]))
        await adapter.commit(WriteBatch([Trim("a", 500)]))
        assert await adapter.usage("a") == Usage(1500, 6000, 2000, 12_000, estimated=True)
        await adapter.close()

    asyncio.run(scenario())


def test_a_long_read_lets_others_run(tmp_path: Path) -> None:
    async def scenario() -> None:
        adapter = RocksdbAdapter({}, tmp_path)
        await adapter.open()
        await adapter.commit(WriteBatch([Append("a", b"x") for _ in range(5000)]))
        await adapter.commit(WriteBatch([Put("a", b"%05d" % one, b"") for one in range(5000)]))
        turns = 0

        async def count_turns() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count_turns())
        assert len(await adapter.read("a", 0, 5000, 10_000)) == 5000
        assert turns >= 4
        turns = 0
        assert len(await adapter.scan("a", limit=5000)) == 5000
        assert turns >= 4
        counting.cancel()
        await adapter.close()

    asyncio.run(scenario())
