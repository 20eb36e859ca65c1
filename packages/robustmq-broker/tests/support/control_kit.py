"""Commands of the control socket, carried out on open storage without a socket."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from robustmq_broker.control.command import Answers, Context, no_sections
from robustmq_broker.control.commands import perform
from robustmq_broker.router import TopicRouter
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter
from robustmq_common.message import Record
from robustmq_common.record import encode_record
from robustmq_common.spi.storage import Append, Operation, StorageAdapter, WriteBatch
from robustmq_common.spi.topics import topic_shard

DEADLINE = 20.0


class Kit:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.adapter = context.adapter("")

    def begin(self, command: str, **arguments: Any) -> Answers:
        return perform(self.context, command, arguments)

    async def ask(self, command: str, **arguments: Any) -> list[dict[str, Any]]:
        return [one async for one in self.begin(command, **arguments)]

    async def write(self, *operations: Operation) -> None:
        await self.adapter.commit(WriteBatch([*operations]))

    async def log(self, topic: str, payload: bytes, timestamp: float, qos: int = 0) -> None:
        """Add a message to the log of its topic."""
        message = Record(topic, payload, qos, timestamp=timestamp)
        value = encode_record(message)
        await self.write(Append(topic_shard(topic), value, timestamp=timestamp))

    def publish(self, topic: str, payload: bytes, qos: int = 0) -> int:
        assert self.context.router is not None
        message = Record(topic, payload, qos, timestamp=5.0, publisher="someone")
        return self.context.router.route(topic).deliver(message)


@asynccontextmanager
async def kit(
    folder: Path,
    *,
    router: bool = True,
    disk: bool = False,
    sections: Callable[[str], Any] = no_sections,
) -> AsyncIterator[Kit]:
    """Commands on a memory storage, or on one on disk; with a router as if a broker ran."""
    adapter: StorageAdapter = RocksdbAdapter({}, folder) if disk else MemoryAdapter({}, folder)
    await adapter.open()
    fake_router = TopicRouter() if router else None
    yield Kit(Context({adapter.name: adapter}, folder, fake_router, sections=sections))
    await adapter.close()


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), DEADLINE))


def payloads(answers: list[dict[str, Any]]) -> list[bytes]:
    return [base64.b64decode(one["payload"]) for page in answers for one in page["messages"]]
