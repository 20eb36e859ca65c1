"""The PROXY protocol on a listener over real sockets."""

import asyncio
from typing import Any

import pytest
from listener_kit import DEADLINE, LOOPS, Listening, run

from robustmq_broker.listeners.listener import Refusal
from robustmq_broker.listeners.proxy import trusts

HEADER = b"PROXY TCP4 192.0.2.1 192.0.2.2 5 1883\r\n"


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), DEADLINE) == b""
    except ConnectionResetError:
        return True


def reasons(listening: Listening) -> list[str]:
    return [fields["reason"] for _, event, fields in listening.log.entries]


@LOOPS
def test_the_pack_sees_the_client_and_nothing_of_the_header(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        reader, writer = await listening.client()
        writer.write(HEADER[:20])
        await writer.drain()
        assert listening.pack.connections == []
        writer.write(HEADER[20:] + b"first")
        connection = await listening.connection()
        await listening.pack.until(lambda: connection.data == b"first")
        assert connection.transport.peer == "192.0.2.1:5"
        writer.write(b" second")
        await listening.pack.until(lambda: connection.data == b"first second")
        connection.transport.write(b"answer")
        assert await reader.readexactly(6) == b"answer"
        # Nothing of the layer is left.
        assert connection.transport.connection is connection
        assert listening.listener.handshakes.running == set()

    run(work, loop_factory, proxy_protocol=True)


@LOOPS
def test_strangers_bad_headers_and_slow_ones(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        reader, writer = await listening.client()
        writer.write(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04test")
        assert await ended(reader)
        reader, writer = await listening.client()
        writer.write(b"PROXY ")
        while not listening.listener.handshakes.running:  # noqa: ASYNC110
            await asyncio.sleep(0)
        listening.timers.advance(3.0)
        assert await ended(reader)
        assert listening.pack.connections == []
        assert listening.metrics["connections.refused.proxy"] == 2
        assert reasons(listening) == [
            "expected a PROXY header, but there is no PROXY header; "
            "this is an MQTT CONNECT without TLS or PROXY header",
            "the PROXY header took too long",
        ]

    run(work, loop_factory, proxy_protocol=True)


@LOOPS
def test_a_proxy_that_is_not_trusted(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        reader, writer = await listening.client()
        writer.write(HEADER)
        assert await ended(reader)
        assert listening.pack.connections == []
        assert reasons(listening) == ["it is not among listeners.tcp.trusted_proxies"]

    run(work, loop_factory, proxy_protocol=True, trusted_proxies=["10.0.0.0/8"])


@LOOPS
def test_gates_are_asked_about_the_client(loop_factory: Any) -> None:
    asked: list[str] = []

    def gate(_listener: str, peer: str) -> Refusal:
        asked.append(peer)
        return Refusal("banned", "no")

    async def work(listening: Listening) -> None:
        reader, writer = await listening.client()
        writer.write(HEADER)
        assert await ended(reader)
        assert asked == ["192.0.2.1:5"]

    run(work, loop_factory, gates=(gate,), proxy_protocol=True)


@LOOPS
def test_who_leaves_before_the_header_is_no_news(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        reader, writer = await listening.client()
        writer.write_eof()
        assert await ended(reader)
        assert listening.log.entries == []

    run(work, loop_factory, proxy_protocol=True)


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("10.1.2.3:5", True),
        ("[::ffff:10.1.2.3]:5", True),
        ("[fd00::1]:5", True),
        ("[fe80::1%eth0]:5", False),
        ("11.1.2.3:5", False),
        ("unix", True),
    ],
)
def test_networks(peer: str, trusted: bool) -> None:
    assert trusts(["10.0.0.0/8", "fd00::/8"])(peer) is trusted
