import asyncio

import pytest
from listener_kit import LOOPS, Listening, run
from websocket_kit import client_frame, request

from robustmq_broker.listeners.listener import Refusal
from robustmq_broker.listeners.websocket.listener import (
    SecureWebSocketListener,
    WebSocketListener,
)
from robustmq_common.errors import ConfigError

FORWARDED: dict[str, str | None] = {"X-Forwarded-For": "192.0.2.1"}


@LOOPS
def test_a_client_comes_and_goes(loop_factory: type[asyncio.AbstractEventLoop]) -> None:
    async def work(listening: Listening) -> None:
        reader, writer = await listening.client()
        writer.write(request() + client_frame(b"hello"))
        response = await reader.readuntil(b"\r\n\r\n")
        assert response.startswith(b"HTTP/1.1 101 ")
        connection = await listening.connection()
        await listening.pack.until(lambda: connection.data == b"hello")
        connection.transport.write(b"hi")
        assert await reader.readexactly(4) == b"\x82\x02hi"
        connection.transport.close()
        assert await reader.read() == b"\x88\x02\x03\xe8"
        writer.close()
        await listening.pack.until(lambda: connection.ended == ["eof", "lost"])

    run(work, loop_factory, transport=WebSocketListener)


@LOOPS
def test_slow_handshakes_hold_up_nobody(
    loop_factory: type[asyncio.AbstractEventLoop],
) -> None:
    async def work(listening: Listening) -> None:
        slow = [await listening.client() for _ in range(80)]
        for _, writer in slow:
            writer.write(b"GET /mqtt HTTP/1.1\r\nHost: lo")
        reader, writer = await listening.client()
        writer.write(request() + client_frame(b"hello"))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        connection = await listening.connection()
        await listening.pack.until(lambda: connection.data == b"hello")
        assert len(listening.listener.handshakes.running) == 80
        listening.timers.advance(11)
        for waiting, _ in slow:
            assert await waiting.read() == b""
        assert listening.metrics["connections.refused.handshake_timeout"] == 80
        assert not connection.ended
        assert len(listening.pack.connections) == 1

    run(work, loop_factory, transport=WebSocketListener)


def _banned(_listener: str, peer: str) -> Refusal | None:
    return Refusal("banned", "banned") if peer.startswith(("127.0.0.1", "192.0.2.1:")) else None


@pytest.mark.parametrize("headers", [FORWARDED, {}])
def test_gates_see_who_is_forwarded(headers: dict[str, str | None]) -> None:
    """The proxy itself is 127.0.0.1, and banned clients come through it as others do."""

    async def work(listening: Listening) -> None:
        reader, writer = await listening.client()
        writer.write(request(headers))
        assert await reader.read() == b""
        reader, writer = await listening.client()
        writer.write(request({"X-Forwarded-For": "192.0.2.2"}))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        assert (await listening.connection()).transport.peer == "192.0.2.2:0"

    run(
        work,
        asyncio.new_event_loop,
        transport=WebSocketListener,
        gates=(_banned,),
        websocket={"trusted_proxies": ["127.0.0.0/8"]},
    )


def test_without_trust_gates_are_asked_at_once() -> None:
    async def work(listening: Listening) -> None:
        reader, _ = await listening.client()
        assert await reader.read() == b""

    run(work, asyncio.new_event_loop, transport=WebSocketListener, gates=(_banned,))


def test_a_check_that_lets_nobody_in() -> None:
    async def work(_listening: Listening) -> None:
        raise AssertionError

    with pytest.raises(ConfigError, match=r"listeners\.tcp\.websocket\.allowed_origins"):
        run(
            work,
            asyncio.new_event_loop,
            transport=WebSocketListener,
            websocket={"check_origin": True},
        )


def test_tls_below_needs_a_certificate() -> None:
    async def work(_listening: Listening) -> None:
        raise AssertionError

    with pytest.raises(ConfigError, match="certfile"):
        run(work, asyncio.new_event_loop, transport=SecureWebSocketListener)
