"""TCP listeners over real sockets, with a pack that does what a test says."""

import asyncio
import socket
from typing import Any

import pytest
from listener_kit import DEADLINE, LOOPS, Listening, run

from robustmq_broker.event_loop import new_event_loop
from robustmq_broker.listeners.listener import Refusal
from robustmq_broker.listeners.stream_connection import CLOSE_SECONDS, LINGER_SECONDS
from robustmq_broker.listeners.tcp import bound_socket
from robustmq_common.errors import ListenError


@LOOPS
def test_bytes_go_both_ways(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        reader, writer = await listening.client()
        writer.write(b"question")
        connection = await listening.connection()
        await listening.pack.until(lambda: connection.data == b"question")
        connection.transport.write(b"answer")
        assert await asyncio.wait_for(reader.readexactly(6), DEADLINE) == b"answer"
        host, port = writer.get_extra_info("sockname")
        assert connection.transport.peer == f"{host}:{port}"
        assert connection.transport.listener == "tcp"
        assert connection.transport.certificate is None
        assert connection.transport.buffered() == 0

    listening = run(work, loop_factory)
    assert listening.address.startswith("127.0.0.1:")


@LOOPS
def test_a_peer_that_goes_is_told_once(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        _, writer = await listening.client()
        connection = await listening.connection()
        writer.write(b"last")
        writer.write_eof()
        await listening.pack.until(lambda: "lost" in connection.ended)
        assert connection.data == b"last"
        assert connection.ended == ["eof", "lost"]
        # Whatever the pack still does with it is harmless.
        connection.transport.write(b"too late")
        connection.transport.pause_reading()
        connection.transport.resume_reading()
        connection.transport.close()
        connection.transport.abort()

    run(work, loop_factory)


@LOOPS
def test_a_gate_sees_the_address_before_the_pack_hears_of_it(loop_factory: Any) -> None:
    asked: list[tuple[str, str]] = []

    def gate(listener: str, peer: str) -> Refusal | None:
        asked.append((listener, peer))
        return Refusal("banned", "not this one") if len(asked) == 1 else None

    async def work(listening: Listening) -> None:
        reader, writer = await listening.client()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await asyncio.wait_for(reader.readexactly(1), DEADLINE)
        host, port = writer.get_extra_info("sockname")
        assert asked == [("tcp", f"{host}:{port}")]
        assert listening.pack.connections == []
        assert listening.metrics["connections.refused.banned"] == 1
        await listening.client()
        await listening.connection()

    listening = run(work, loop_factory, gates=(gate,))
    ((_, event, fields),) = [entry for entry in listening.log.entries if entry[0] == "warning"]
    assert (event, fields["reason"]) == ("connection refused", "not this one")


@LOOPS
def test_who_was_accepted_as_the_listener_stopped_is_sent_away(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        listening.listener.accepting = False
        reader, _ = await listening.client()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await asyncio.wait_for(reader.readexactly(1), DEADLINE)
        assert listening.pack.connections == []

    run(work, loop_factory)


@LOOPS
def test_more_connections_than_allowed_are_refused(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        await listening.client()
        await listening.client()
        await listening.connection(2)
        reader, _ = await listening.client()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await asyncio.wait_for(reader.readexactly(1), DEADLINE)
        assert len(listening.pack.connections) == 2
        assert listening.metrics["connections.refused.max_connections"] == 1
        listening.clients[0].transport.abort()
        await listening.pack.until(lambda: "lost" in listening.pack.connections[0].ended)
        await listening.client()
        await listening.connection(3)

    listening = run(work, loop_factory, max_connections=2)
    ((_, _, fields),) = [entry for entry in listening.log.entries if entry[0] == "warning"]
    assert fields["reason"] == "listeners.tcp.max_connections = 2 is reached"


@LOOPS
def test_the_last_words_arrive_although_input_was_left_unread(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        reader, writer = await listening.client()
        connection = await listening.connection()
        connection.transport.pause_reading()
        writer.write(bytes(300_000))
        connection.transport.write(b"why")
        connection.transport.close()
        connection.transport.close()
        assert await asyncio.wait_for(reader.read(), DEADLINE) == b"why"
        writer.close()
        await listening.pack.until(lambda: "lost" in connection.ended)

    run(work, loop_factory)


@LOOPS
def test_who_does_not_close_is_closed(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        reader, _ = await listening.client()
        connection = await listening.connection()
        connection.transport.close()
        assert await asyncio.wait_for(reader.read(), DEADLINE) == b""
        assert connection.ended == []
        listening.timers.advance(LINGER_SECONDS)
        await listening.pack.until(lambda: "lost" in connection.ended)

    run(work, loop_factory)


@LOOPS
def test_who_does_not_read_is_cut_off(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        _, writer = await listening.client()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        connection = await listening.connection()
        connection.transport.write(bytes(30_000_000))
        assert connection.transport.buffered() > 0
        connection.transport.close()
        listening.timers.advance(LINGER_SECONDS)
        assert connection.ended == []
        listening.timers.advance(CLOSE_SECONDS)
        await listening.pack.until(lambda: "lost" in connection.ended)

    run(work, loop_factory)


@LOOPS
def test_a_slow_reader_pauses_writing(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        reader, writer = await listening.client()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        connection = await listening.connection()
        sent = 0
        while not connection.paused:
            connection.transport.write(bytes(65_536))
            sent += 65_536
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert len(await asyncio.wait_for(reader.readexactly(sent), DEADLINE)) == sent
        await listening.pack.until(lambda: connection.paused == [True, False])

    run(work, loop_factory, high_watermark=65_536)


@LOOPS
def test_what_comes_while_reading_is_paused_comes_later(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        _, writer = await listening.client()
        connection = await listening.connection()
        connection.transport.pause_reading()
        writer.write(b"waiting")
        await writer.drain()
        # Another connection shows that the loop has had the time to read it.
        _, other = await listening.client()
        other.write(b"x")
        second = await listening.connection(2)
        await listening.pack.until(lambda: second.data == b"x")
        assert connection.data == b""
        connection.transport.resume_reading()
        await listening.pack.until(lambda: connection.data == b"waiting")

    run(work, loop_factory)


@LOOPS
def test_abort_ends_at_once(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        await listening.client()
        connection = await listening.connection()
        connection.transport.abort()
        await listening.pack.until(lambda: connection.ended == ["lost"])

    run(work, loop_factory)


@LOOPS
def test_waiting_for_the_end_has_a_limit(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        reader, _ = await listening.client()
        connection = await listening.connection()
        listening.listener.stop_accepting()
        await listening.listener.wait_closed(0.01)
        await listening.pack.until(lambda: connection.ended == ["lost"])
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await asyncio.wait_for(reader.readexactly(1), DEADLINE)

    run(work, loop_factory)


@LOOPS
def test_after_the_stop_nobody_comes_in(loop_factory: Any) -> None:
    async def work(listening: Listening) -> None:
        listening.listener.stop_accepting()
        with pytest.raises(ConnectionRefusedError):
            await listening.client()

    run(work, loop_factory)


def test_acknowledgements_do_not_wait_for_more_to_send() -> None:
    async def work(listening: Listening) -> None:
        await listening.client()
        connection = await listening.connection()
        sock = connection.transport.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0

    run(work, new_event_loop)


def occupied() -> tuple[socket.socket, int]:
    sock = socket.create_server(("127.0.0.1", 0))
    return sock, sock.getsockname()[1]


@LOOPS
def test_a_port_that_is_taken_is_told_with_the_key_to_change(loop_factory: Any) -> None:
    sock, port = occupied()

    async def work() -> None:
        listening = Listening(bind=f"127.0.0.1:{port}")
        with pytest.raises(ListenError) as refused:
            await listening.listener.open()
        assert str(refused.value) == (
            f"listener 'tcp' cannot listen on 127.0.0.1:{port}: Address already in use; "
            "stop what listens there, or set listeners.tcp.bind"
        )
        # Closing what never opened is harmless.
        listening.listener.stop_accepting()
        await listening.listener.wait_closed(1.0)

    with sock, asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(work())


def test_sockets_do_not_block_and_may_be_bound_again() -> None:
    with bound_socket("127.0.0.1", 0) as sock:
        assert sock.getblocking() is False
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) != 0
    with pytest.raises(OSError, match=r"assign requested address|not known|Cannot assign"):
        bound_socket("192.0.2.1", 0)
