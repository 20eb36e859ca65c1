import asyncio
from pathlib import Path

import pytest

from robustmq_broker.consumers.positions import resolve
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.spi.consumers import AtOffset, AtTime, Edge, Position
from robustmq_common.spi.storage import Append, Trim, WriteBatch


@pytest.mark.parametrize(
    ("position", "offset"),
    [
        (Edge.EARLIEST, 2),
        (Edge.LATEST, 10),
        (AtOffset(0), 2),
        (AtOffset(5), 5),
        (AtOffset(99), 10),
        (AtTime(0.0), 2),
        (AtTime(106.5), 7),
        (AtTime(1e12), 10),
    ],
)
def test_a_place_is_an_offset_of_the_log(position: Position, offset: int) -> None:
    async def scenario() -> None:
        adapter = MemoryAdapter({}, Path())
        await adapter.open()
        await adapter.commit(
            WriteBatch([*(Append("s", b"", timestamp=100.0 + n) for n in range(10)), Trim("s", 2)])
        )
        assert await resolve(adapter, "s", position) == offset
        assert await resolve(adapter, "nowhere", position) == 0

    asyncio.run(scenario())
