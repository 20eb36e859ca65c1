"""A snapshot says of everything that would change it that it can only be read."""

import asyncio
from pathlib import Path

import pytest

from robustmq_broker.storage.memory import MemorySnapshot
from robustmq_common.errors import StorageError
from robustmq_common.spi.storage import Append, WriteBatch


def test_what_would_change_it_is_refused() -> None:
    async def scenario() -> None:
        snapshot = MemorySnapshot({}, Path("unused"))
        await snapshot.open()
        for call in (snapshot.sync, snapshot.sweep, snapshot.compact, snapshot.snapshot):
            with pytest.raises(StorageError, match=f"{call.__name__} of shard"):
                await call()
        message = "commit of shard 'a': this is a snapshot of the memory storage, which can only be"
        with pytest.raises(StorageError, match=message):
            await snapshot.commit(WriteBatch([Append("a", b"")]))

    asyncio.run(scenario())
