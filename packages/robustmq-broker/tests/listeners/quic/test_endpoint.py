"""Datagrams of nobody, handshakes and tickets, over real UDP."""

import asyncio
from functools import partial
from typing import Any

import pytest
from listener_kit import Listening, PackConnection
from quic_kit import Serve, connect, endpoint

from certificates import Authority
from quic_client import client_configuration, quic_client
from robustmq_common.config.quantities import parse_address

pytest_plugins = ("quic_fixtures",)


def test_garbage_is_ignored_and_counted(serve: Serve, authority: Authority) -> None:
    garbage = [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x40" + bytes(30),
        b"\xc0\x00\x00\x00\x01\x08" + bytes(8),  # an Initial that is too short
        b"\xc3\x00\x00\x00\x01\x08" + bytes(1300),  # one that cannot be decrypted
        b"\xe0\x00\x00\x00\x01\x08" + bytes(1300),  # Handshake for nobody
        b"\x80\x00\x00\x00\x00\x08" + bytes(1300),  # Version Negotiation
        b"\xff" * 1400,
    ]

    async def work(listening: Listening) -> None:
        loop = asyncio.get_running_loop()
        address = parse_address(listening.address)
        transport, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=address
        )
        for data in garbage[1:]:
            transport.sendto(data)
        endpoint(listening).datagram_received(b"", ("127.0.0.1", 1))
        async with connect(listening, authority) as client:
            client.send(b"x")
            await listening.connection()
            ignored = listening.metrics.snapshot()["quic.datagrams.ignored"]
            assert ignored >= len(garbage) - 1
            assert len(listening.listener.connections) == 1
        transport.close()

    serve(work)


def test_other_versions_are_told_ours(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        configuration = client_configuration(authority.file)
        configuration.supported_versions = [0x1A2A3A4A, 1]
        configuration.original_version = 0x1A2A3A4A
        async with quic_client(parse_address(listening.address), configuration) as client:
            assert client.quic._version == 1

    serve(work)


def test_retry(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            assert client.quic._retry_count == 1
            client.send(b"x")
            await listening.connection()
        assert listening.metrics.snapshot()["quic.retries.sent"] == 1

    serve(work, quic={"retry": "always"})


@pytest.mark.serial
def test_half_open_handshakes(serve: Serve, authority: Authority) -> None:
    """A thousand clients that go no further are forgotten; others come in all the same."""
    from aioquic.quic.connection import QuicConnection

    async def work(listening: Listening) -> None:
        loop = asyncio.get_running_loop()
        address = parse_address(listening.address)
        transport, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=address
        )
        async with connect(listening, authority) as early:
            early.send(b"early")
            first = await listening.connection()
            metrics = listening.metrics
            for number in range(1000):
                quic = QuicConnection(configuration=client_configuration(authority.file))
                quic.connect(address, now=loop.time())
                for data, _ in quic.datagrams_to_send(now=loop.time()):
                    transport.sendto(data)
                if number % 50 == 0:
                    await early.ping()
            async with connect(listening, authority) as late:
                assert late.quic._retry_count == 1
                late.send(b"late")
                await listening.connection(2)
            await early.ping()
            early.send(b"!")
            await listening.pack.until(lambda: first.data == b"early!")
            assert endpoint(listening).known()["handshakes"] == 16
            assert metrics.snapshot()["quic.retries.sent"] > 100
            listening.timers.advance(15.1)
            await early.ping()
            assert endpoint(listening).known()["handshakes"] == 0
            assert metrics.snapshot()["connections.refused.handshake_timeout"] == 16
        transport.close()

    serve(work, quic={"max_handshakes": 64})


def test_the_oldest_handshake_makes_room(serve: Serve, authority: Authority) -> None:
    from aioquic.quic.connection import QuicConnection

    async def work(listening: Listening) -> None:
        server = endpoint(listening)
        loop = asyncio.get_running_loop()
        server._wants_retry = lambda: False
        for number in range(6):
            quic = QuicConnection(configuration=client_configuration(authority.file))
            quic.connect(("127.0.0.1", 1), now=loop.time())
            for data, _ in quic.datagrams_to_send(now=loop.time()):
                server.datagram_received(data, ("127.0.0.1", 40_000 + number))
        assert server.known()["handshakes"] == 4
        assert listening.metrics.snapshot()["quic.handshakes.given_up"] == 2
        assert len(listening.listener.connections) == 4

    serve(work, quic={"max_handshakes": 4})


def test_max_connections(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            client.send(b"x")
            await listening.connection()
            async with connect(listening, authority, connected=False) as other:
                await client.ping()
                assert not other._connected
            assert listening.metrics.snapshot()["connections.refused.max_connections"] >= 1

    serve(work, max_connections=1)


def early(connection: PackConnection) -> bool:
    return connection.data == b"early"


def test_early_data(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        tickets: list[Any] = []
        address = parse_address(listening.address)
        configuration = client_configuration(authority.file)
        async with quic_client(
            address, configuration, session_ticket_handler=tickets.append
        ) as client:
            await client.until(lambda: tickets)
        assert len(endpoint(listening).tickets) == 1
        for accepted in (True, False):  # a ticket is taken once
            configuration = client_configuration(authority.file)
            configuration.session_ticket = tickets[0]
            async with quic_client(address, configuration, connected=False) as client:
                client.send(b"early")
                await client.wait_connected()
                assert client.early == accepted
                connection = await listening.connection(2 if accepted else 3)
                await listening.pack.until(partial(early, connection))

    serve(work, quic={"zero_rtt": True})


def test_no_early_data_unless_asked_for(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        tickets: list[Any] = []
        async with connect(listening, authority, session_ticket_handler=tickets.append) as client:
            client.send(b"x")
            await listening.connection()
            await client.ping()
            assert tickets == []

    serve(work)
