"""Unix sockets."""

import asyncio
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
from listener_kit import DEADLINE, LOOPS, Listening, run

from robustmq_broker.listeners.unix import UnixListener
from robustmq_common.errors import ListenError


@LOOPS
def test_clients_without_an_address(loop_factory: Any, tmp_path: Path) -> None:
    path = tmp_path / "mqtt.sock"

    async def work(listening: Listening) -> None:
        assert listening.address == str(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        reader, writer = await asyncio.open_unix_connection(path)
        listening.clients.append(writer)
        writer.write(b"question")
        connection = await listening.connection()
        await listening.pack.until(lambda: connection.data == b"question")
        assert connection.transport.peer == "unix"
        connection.transport.write(b"answer")
        assert await asyncio.wait_for(reader.readexactly(6), DEADLINE) == b"answer"

    run(work, loop_factory, transport=UnixListener, bind=str(path))
    assert not path.exists()


def failure(path: Path) -> str:
    async def work() -> None:
        await Listening(transport=UnixListener, bind=str(path)).listener.open()

    with pytest.raises(ListenError) as refused:
        asyncio.run(work())
    return str(refused.value)


def test_the_mode_is_configured_and_a_stale_socket_replaced(tmp_path: Path) -> None:
    path = tmp_path / "mqtt.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))

    async def work(listening: Listening) -> None:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660

    run(work, asyncio.new_event_loop, transport=UnixListener, bind=str(path), mode="660")


def test_what_is_in_the_way_stays(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("precious")
    assert "this is no socket" in failure(file)
    assert file.read_text() == "precious"
    live = tmp_path / "live"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(live))
        sock.listen()
        assert "another process listens on it" in failure(live)
    assert "longer than the 107 bytes" in failure(tmp_path / ("x" * 107))
    assert "cannot listen on" in failure(tmp_path / "missing" / "x")
