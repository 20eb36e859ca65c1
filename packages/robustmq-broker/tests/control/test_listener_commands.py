"""listeners.* on an open listener over real sockets."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from listener_kit import DEADLINE, Listening, run

from robustmq_broker.control.command import Context
from robustmq_broker.control.commands import perform
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.errors import CallerError, NotRunning


async def ask(listening: Listening | None, command: str, **arguments: Any) -> list[dict[str, Any]]:
    listeners = None if listening is None else {"tcp": listening.listener}
    adapter = MemoryAdapter({}, Path())
    context = Context({"memory": adapter}, Path(), listeners=listeners)
    return [one async for one in perform(context, command, arguments)]


def test_stop_and_start_without_and_with_disconnecting() -> None:
    async def work(listening: Listening) -> None:
        reader, writer = await listening.client()
        kept = await listening.connection()
        (facts,) = await ask(listening, "listeners.list")
        assert facts["accepting"] is True
        assert facts["connections"] == 1
        assert facts["address"] == listening.address
        (facts,) = await ask(listening, "listeners.stop", listener="tcp")
        assert facts["accepting"] is False
        with pytest.raises(ConnectionRefusedError):
            await listening.client()
        writer.write(b"still here")
        await listening.pack.until(lambda: kept.data == b"still here")
        (facts,) = await ask(listening, "listeners.start", listener="tcp")
        listening.address = facts["address"]
        await listening.client()
        await listening.connection(2)
        with pytest.raises(CallerError, match="accepts connections already"):
            await ask(listening, "listeners.start", listener="tcp")
        await ask(listening, "listeners.stop", listener="tcp", disconnect=True)
        await listening.pack.until(lambda: kept.ended == ["lost"])
        try:
            assert await asyncio.wait_for(reader.read(), DEADLINE) == b""
        except ConnectionResetError:
            pass

    run(work, asyncio.new_event_loop)


def test_what_is_refused() -> None:
    async def work(listening: Listening) -> None:
        with pytest.raises(
            CallerError, match="there is no listener 'x'; the enabled ones are: tcp"
        ):
            await ask(listening, "listeners.stop", listener="x")
        with pytest.raises(CallerError, match="has no certificates to load"):
            await ask(listening, "listeners.reload", listener="tcp")
        assert await ask(listening, "listeners.reload") == []
        with pytest.raises(NotRunning):
            await ask(None, "listeners.list")

    run(work, asyncio.new_event_loop)
