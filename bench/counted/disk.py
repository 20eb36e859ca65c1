"""A broker in memory whose storage is on disk, with the operating system's promise.

It is opened on an event loop of its own, since that takes a thread; commits take none.
"""

import asyncio
import atexit
import tempfile
from pathlib import Path

from memory_broker import MemoryBroker
from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter


def broker_on_disk() -> MemoryBroker:
    """The broker; its folder is removed when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="robustmq-counted-")
    atexit.register(folder.cleanup)
    adapter = RocksdbAdapter({}, Path(folder.name))
    asyncio.run(adapter.open())
    broker = MemoryBroker()
    broker.adapter = adapter  # type: ignore[assignment]
    broker.start()
    return broker
