"""What a connection does, with aioquic's client over real UDP."""

from functools import partial
from typing import Any

import pytest
from listener_kit import Listening, PackConnection
from quic_kit import Serve, connect, endpoint, heard

from certificates import Authority
from quic_client import Forwarder, QuicClient, client_configuration, quic_client
from robustmq_broker.listeners.listener import Refusal
from robustmq_common.config.quantities import parse_address

pytest_plugins = ("quic_fixtures",)

NO_APPLICATION_PROTOCOL = 0x178
STREAM_REFUSED = 0x01
STREAM_LIMIT_ERROR = 0x04


def has(connection: PackConnection, count: int) -> bool:
    return len(connection.data) == count


def got(client: QuicClient, count: int) -> bool:
    return len(client.received()) == count


def test_bytes_go_both_ways(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            assert client.negotiated == "mqtt"
            client.send(b"ping")
            connection = await heard(listening)
            await listening.pack.until(lambda: connection.data == b"ping")
            transport = connection.transport
            local = client._transport.get_extra_info("sockname")
            assert (transport.listener, transport.certificate) == ("tcp", None)
            assert transport.peer == f"127.0.0.1:{local[1]}"
            transport.write(b"po")
            transport.write(b"ng")
            await client.until(lambda: client.received() == b"pong")

    serve(work)


def test_writes_of_a_turn_are_one_datagram(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            client.send(b"x")
            connection = await heard(listening)
            sent: list[bytes] = []
            send = endpoint(listening).send
            await listening.pack.until(lambda: connection.data)

            def noted(data: bytes, address: Any) -> None:
                sent.append(data)
                send(data, address)

            endpoint(listening).send = noted
            for _ in range(100):
                connection.transport.write(b"123456")
            await client.until(lambda: len(client.received()) == 600)
            assert sum(len(one) > 600 for one in sent) == 1

    serve(work)


def test_large_payloads(serve: Serve, authority: Authority) -> None:
    body = bytes(range(256)) * 8192

    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            client.send(body)
            connection = await heard(listening)
            await listening.pack.until(lambda: len(connection.data) == len(body))
            assert connection.data == body
            connection.transport.write(body)
            await client.until(lambda: len(client.received()) == len(body))
            assert client.received() == body
            await listening.pack.until(lambda: connection.paused == [True, False])
            assert connection.transport.buffered() <= 65_536 // 4

    serve(work)


def test_who_is_not_read_may_not_send_on(serve: Serve, authority: Authority) -> None:
    """At most one window waits, however much is sent, and nothing is lost or reordered."""
    body = bytes(range(256)) * 4096
    window = 65_536

    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            client.send(b"!")
            connection = await heard(listening)
            await listening.pack.until(lambda: connection.data)
            transport = connection.transport
            transport.pause_reading()
            client.send(body)
            sender = client.quic._streams[0].sender
            while sender._buffer_start < window:
                await client.ping()
            await client.ping()
            assert sender.highest_offset == window
            assert sum(map(len, transport._held)) == window - 1
            assert connection.data == b"!"
            transport.resume_reading()
            await listening.pack.until(lambda: len(connection.data) == 1 + len(body))
            assert connection.data[1:] == body

    serve(work, quic={"receive_window": window})


def test_resuming_does_not_deliver_at_once(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            client.send(b"1")
            connection = await heard(listening)
            await listening.pack.until(lambda: connection.data)
            connection.transport.pause_reading()
            client.send(b"2")
            await client.ping()
            connection.transport.resume_reading()
            assert connection.data == b"1"
            await listening.pack.until(lambda: connection.data == b"12")

    serve(work)


def test_a_slow_reader_pauses_the_writer(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        configuration = client_configuration(authority.file)
        async with quic_client(parse_address(listening.address), configuration) as client:
            client.send(b"x")
            connection = await heard(listening)
            quic: Any = client.quic
            stopped = quic._write_stream_limits
            quic._write_stream_limits = lambda **_: None
            quic._write_connection_limits = lambda **_: None
            connection.transport.write(bytes(4_000_000))
            assert connection.paused == [True]
            await client.until(lambda: len(client.received()) == 1_048_576)
            assert connection.transport.buffered() >= 4_000_000 - 1_048_576
            assert connection.paused == [True]
            quic._write_stream_limits = stopped
            del quic._write_connection_limits
            await client.ping()
            await client.until(lambda: len(client.received()) == 4_000_000)
            await listening.pack.until(lambda: connection.paused == [True, False])

    serve(work)


def test_closing_sends_what_was_written(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            client.send(b"x")
            connection = await heard(listening)
            connection.transport.write(bytes(200_000))
            connection.transport.close()
            connection.transport.close()
            connection.transport.write(b"too late")
            ended = await client.ending()
            assert len(client.received()) == 200_000
            assert 0 in client.eof
            assert (ended.error_code, ended.frame_type) == (0, None)
            await listening.pack.until(lambda: connection.ended == ["lost"])
            assert connection.transport.buffered() == 0

    serve(work)


def test_who_does_not_take_the_rest_is_cut_off(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            client.send(b"x")
            connection = await heard(listening)
            client.transmit = lambda: None  # acknowledges nothing
            connection.transport.write(b"goodbye")
            connection.transport.close()
            listening.timers.advance(5.1)
            await listening.pack.until(lambda: connection.ended == ["lost"])
            del client.transmit

    serve(work)


def test_aborting(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            client.send(b"x")
            connection = await heard(listening)
            connection.transport.abort()
            connection.transport.abort()
            assert connection.ended == []
            assert (await client.ending()).error_code == 0x02
            await listening.pack.until(lambda: connection.ended == ["lost"])

    serve(work)


@pytest.mark.parametrize("how", ["close", "fin", "reset", "stop"])
def test_the_client_ends_it(serve: Serve, authority: Authority, how: str) -> None:
    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            client.send(b"x")
            connection = await heard(listening)
            await listening.pack.until(lambda: connection.data)
            if how == "close":
                client.close()
            elif how == "fin":
                client.send(b"y", end=True)
            elif how == "reset":
                client.quic.reset_stream(0, 7)
            else:
                client.quic.stop_stream(0, 7)
            client.transmit()
            await listening.pack.until(lambda: "lost" in connection.ended)
            assert connection.ended == (["eof", "lost"] if how == "fin" else ["lost"])
            assert connection.data == (b"xy" if how == "fin" else b"x")
            assert endpoint(listening).known() == {"connection ids": 0, "handshakes": 0}

    serve(work)


def test_only_the_first_stream_is_served(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            client.send(b"first", 0)
            client.send(b"second", 4)
            client.send(b"third", 8)
            client.send(b"one way", 2)
            await client.until(lambda: client.resets.keys() == {4, 8} and 2 in client.stopped)
            assert set(client.resets.values()) == {STREAM_REFUSED}
            assert client.stopped == {4: 1, 8: 1, 2: 1}
            connection = await heard(listening)
            await listening.pack.until(lambda: connection.data == b"first")
            connection.transport.write(b"still here")
            await client.until(lambda: client.received() == b"still here")
        assert listening.metrics.snapshot()["quic.streams.refused"] == 3

    serve(work)


def test_too_many_streams(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            client.quic._remote_max_streams_bidi = 100
            client.send(b"x", 4 * 4)
            assert (await client.ending()).error_code == STREAM_LIMIT_ERROR

    serve(work)


@pytest.mark.parametrize("alpn", [["h3"], []])
def test_another_application_protocol(serve: Serve, authority: Authority, alpn: list[str]) -> None:
    async def work(listening: Listening) -> None:
        configuration = client_configuration(authority.file, alpn)
        configuration.alpn_protocols = alpn or None
        address = parse_address(listening.address)
        async with quic_client(address, configuration, connected=False) as client:
            assert (await client.ending()).error_code == NO_APPLICATION_PROTOCOL
        assert listening.pack.connections == []

    serve(work)


def test_the_client_moves(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        forwarder = Forwarder(parse_address(listening.address))
        address = await forwarder.open()
        async with quic_client(address, client_configuration(authority.file)) as client:
            client.send(b"1")
            connection = await heard(listening)
            await listening.pack.until(lambda: connection.data == b"1")
            for number in (2, 3):
                port = (await forwarder.rebind())[1]
                client.send(b"%d" % number)
                await listening.pack.until(partial(has, connection, number))
                assert connection.transport.peer == f"127.0.0.1:{port}"
                connection.transport.write(bytes(20_000))
                await client.until(partial(got, client, (number - 1) * 20_000))
            client.change_connection_id()
            client.send(b"4")
            await listening.pack.until(lambda: connection.data == b"1234")
        assert listening.metrics.snapshot()["quic.migrations"] == 2
        assert len(listening.pack.connections) == 1
        forwarder.close()

    serve(work)


def test_gates_hold_after_a_move(serve: Serve, authority: Authority) -> None:
    banned: set[str] = set()

    def gate(listener: str, peer: str) -> Refusal | None:
        return Refusal("banned", "it is banned") if peer in banned else None

    async def work(listening: Listening) -> None:
        forwarder = Forwarder(parse_address(listening.address))
        address = await forwarder.open()
        async with quic_client(address, client_configuration(authority.file)) as client:
            client.send(b"1")
            connection = await heard(listening)
            host, port = await forwarder.rebind()
            banned.add(f"{host}:{port}")
            client.send(b"2")
            assert (await client.ending()).error_code == 0x03
            assert connection.ended == ["lost"]
        assert listening.metrics.snapshot()["connections.refused.banned"] == 1
        forwarder.close()

    serve(work, gates=(gate,))


def test_idle_connections_end(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        configuration = client_configuration(authority.file)
        configuration.idle_timeout = 1.0
        async with quic_client(parse_address(listening.address), configuration) as client:
            client.send(b"x")
            connection = await heard(listening)
            await listening.pack.until(lambda: connection.ended == ["lost"])

    serve(work)


def test_a_bug_costs_one_connection(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            client.send(b"x")
            connection = await heard(listening)

            def broken(*_: Any) -> None:
                raise RuntimeError("a bug")

            connection.transport.quic.receive_datagram = broken
            client.send(b"y")
            assert (await client.ending()).error_code == 0x04
            assert connection.ended == ["lost"]

    assert "a QUIC packet could not be handled" in serve(work).log.events()[0]
