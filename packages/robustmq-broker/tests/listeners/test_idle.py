"""Who says nothing for too long is cut off, whoever says something stays."""

import asyncio
import socket
from typing import Any

import pytest
from listener_kit import DEADLINE, LOOPS, Listening, run

from robustmq_broker.listeners import idle, tcp
from robustmq_broker.listeners.idle import silent_seconds
from robustmq_broker.listeners.unix import UnixListener
from robustmq_common.errors import ConfigError, ListenError
from robustmq_common.testing import FakeMetrics, FakeTimers, RecordingLog


@LOOPS
def test_silence_ends_a_connection(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        silent, _ = await listening.client()
        _, speaking = await listening.client()
        ended = asyncio.ensure_future(silent.read())
        deadline = asyncio.get_running_loop().time() + DEADLINE
        while not ended.done():
            speaking.write(b"here")
            await asyncio.wait([ended], timeout=0.1)
            listening.timers.advance(0.3)
            assert asyncio.get_running_loop().time() < deadline
        assert await ended == b""
        kept = await listening.connection(2)
        assert kept.ended == []

    run(work, loop_factory, idle_timeout=1.0)


def test_who_is_not_read_from_is_not_silent() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        accepted, _ = server.accept()
        with accepted:
            assert silent_seconds(accepted) < DEADLINE
            client.sendall(b"unread")
            accepted.recv(1, socket.MSG_PEEK)
            assert silent_seconds(accepted) == 0.0
        assert silent_seconds(accepted) == 0.0  # closed


@pytest.mark.parametrize("many", [idle.SLICE + 1])
def test_many_are_asked_in_slices(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "silent_seconds", lambda _sock: 60.0)
    closed: list[int] = []

    class Connection:
        peer = "127.0.0.1:1"
        transport = type("T", (), {"get_extra_info": lambda *_: object()})()

        def close(self) -> None:
            closed.append(1)

    soon: list[Any] = []
    timers, log, metrics = FakeTimers(), RecordingLog(), FakeMetrics()
    idle.IdleSweep("tcp", 60, lambda: [Connection()] * many, timers, soon.append, log, metrics)
    timers.advance(15.1)
    assert len(closed) == idle.SLICE
    soon.pop()()
    assert len(closed) == many
    assert soon == []
    assert metrics.snapshot()["connections.closed.idle"] == many


def test_where_it_cannot_be_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    async def work() -> None:
        await Listening(idle_timeout=1.0).listener.open()

    async def unix() -> None:
        listening = Listening(transport=UnixListener, bind=str(tmp_path / "s"), idle_timeout=1.0)
        await listening.listener.open()

    with pytest.raises(ListenError, match="idle_timeout: not with a Unix socket"):
        asyncio.run(unix())
    monkeypatch.setattr(tcp, "can_tell", lambda: False)
    with pytest.raises(ConfigError, match="idle_timeout: only Linux can tell"):
        asyncio.run(work())
