"""An open listener over real sockets, with a pack that does what a test says."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from robustmq_broker.config import ListenerConfig
from robustmq_broker.event_loop import new_event_loop
from robustmq_broker.listeners.listener import Gate, Listener, ListenerSetup
from robustmq_broker.listeners.tcp import TcpListener
from robustmq_common.config.quantities import parse_address
from robustmq_common.testing import FakeMetrics, FakeTimers, RecordingLog

DEADLINE = 10.0
LOOPS = pytest.mark.parametrize("loop_factory", [new_event_loop, asyncio.new_event_loop])


class PackConnection:
    """Keeps what happens to it."""

    def __init__(self, pack: "Pack", transport: Any) -> None:
        self.pack = pack
        self.transport = transport
        self.data = b""
        self.ended: list[str] = []
        self.paused: list[bool] = []

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.pack.changed()

    def eof_received(self) -> None:
        self.ended.append("eof")
        self.pack.changed()

    def connection_lost(self) -> None:
        self.ended.append("lost")
        self.pack.changed()

    def pause_writing(self) -> None:
        self.paused.append(True)
        self.pack.changed()

    def resume_writing(self) -> None:
        self.paused.append(False)
        self.pack.changed()


class Pack:
    name = "test"

    def __init__(self) -> None:
        self.connections: list[PackConnection] = []
        self._changed = asyncio.Event()

    def connection(self, transport: Any) -> PackConnection:
        self.connections.append(PackConnection(self, transport))
        self.changed()
        return self.connections[-1]

    def changed(self) -> None:
        self._changed.set()

    async def until(self, condition: Callable[[], Any]) -> None:
        """Return when the condition holds; it is looked at whenever something happens."""
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


class Listening:
    """An open listener and its clients."""

    def __init__(
        self,
        pack: Pack | None = None,
        gates: tuple[Gate, ...] = (),
        transport: Callable[[ListenerSetup], Listener] = TcpListener,
        **settings: Any,
    ) -> None:
        self.pack = pack or Pack()
        self.log = RecordingLog()
        self.metrics = FakeMetrics()
        self.timers = FakeTimers()
        values = {
            "bind": "127.0.0.1:0",
            "max_connections": 100,
            "high_watermark": 65_536,
            **settings,
        }
        config = ListenerConfig(protocol="test", **values)
        self.listener = transport(
            ListenerSetup(
                "tcp",
                config,
                self.pack,  # type: ignore[arg-type]
                self.log,
                self.metrics,
                self.timers,
                gates,
            )
        )
        self.address = ""
        self.clients: list[asyncio.StreamWriter] = []

    async def client(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = parse_address(self.address)
        reader, writer = await asyncio.open_connection(host, port)
        self.clients.append(writer)
        return reader, writer

    async def connection(self, count: int = 1) -> PackConnection:
        await self.pack.until(lambda: len(self.pack.connections) >= count)
        return self.pack.connections[count - 1]

    async def close(self) -> None:
        for writer in self.clients:
            writer.transport.abort()
        self.listener.stop_accepting()
        await self.listener.wait_closed(DEADLINE)


Work = Callable[[Listening], Awaitable[None]]


def run(
    work: Work,
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
    pack: Pack | None = None,
    **settings: Any,
) -> Listening:
    """Run `work` with an open listener, and close it; no connection may be left over."""
    made: list[Listening] = []

    async def whole() -> None:
        listening = Listening(pack, **settings)
        made.append(listening)
        listening.address = await listening.listener.open()
        try:
            await work(listening)
        finally:
            await listening.close()
        assert listening.listener.connections == set()
        assert all(one.ended.count("lost") == 1 for one in listening.pack.connections)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(whole())
    return made[0]
