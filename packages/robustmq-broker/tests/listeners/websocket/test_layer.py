import random
import zlib

import pytest
from websocket_kit import MemoryWebSocket, client_frame, request

from robustmq_broker.listeners.websocket.frames import FLUSHED


def close_code(frame: bytes) -> int:
    assert frame[0] == 0x88
    return int.from_bytes(frame[2:4], "big")


@pytest.mark.parametrize("step", [1, 10, 10_000])
def test_a_request_in_pieces_with_frames_behind(step: int) -> None:
    ws = MemoryWebSocket()
    stream = request() + client_frame(b"hello")
    got = b"".join(ws.receive(stream[at : at + step]) for at in range(0, len(stream), step))
    assert got.startswith(b"HTTP/1.1 101 ")
    assert ws.above.data == b"hello"
    assert ws.handshakes.running == set()


def test_the_pack_pays_for_nobody_before_the_handshake() -> None:
    ws = MemoryWebSocket()
    ws.receive(request()[:-1])
    assert ws.made == []
    ws.below.connection.connection_lost()
    assert ws.handshakes.running == set()


def test_writes_are_frames() -> None:
    ws = MemoryWebSocket().open()
    ws.above.transport.write(b"hello")
    assert ws.below.take() == b"\x82\x05hello"
    big = random.Random(1).randbytes(300_000)
    ws.above.transport.write(big)
    assert ws.below.take() == b"\x82\x7f" + len(big).to_bytes(8, "big") + big


REFUSED = {
    "mqtt": (b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00", b"HTTP/1.1 400 ", "MQTT"),
    "tls": (b"\x16\x03\x01\x02\x00", b"HTTP/1.1 400 ", "TLS"),
    "endless line": (b"GET /" + b"x" * 20_000, b"HTTP/1.1 431 ", "16384"),
    "endless headers": (request()[:-2] + b"A: b\r\n" * 4000, b"HTTP/1.1 431 ", "16384"),
    "path": (request(line="GET /x HTTP/1.1"), b"HTTP/1.1 404 ", "/x"),
}


@pytest.mark.parametrize(("data", "response", "reason"), REFUSED.values(), ids=REFUSED)
def test_refusals_are_answered_counted_and_closed(
    data: bytes, response: bytes, reason: str
) -> None:
    ws = MemoryWebSocket()
    assert ws.receive(data).startswith(response)
    assert ws.below.closed
    assert ws.refusals[0][0] == "websocket"
    assert reason in ws.refusals[0][1]
    assert ws.receive(request()) == b""
    assert ws.made == []
    assert ws.handshakes.running == set()


def test_a_handshake_takes_too_long() -> None:
    ws = MemoryWebSocket(handshake_timeout=3)
    ws.receive(b"GET /mqtt HTTP/1.1\r\n")
    ws.timers.advance(2)
    ws.receive(b"Host: localhost\r\n")
    aborted_early = ws.below.aborted
    assert not aborted_early
    ws.timers.advance(1.1)
    assert ws.below.aborted
    assert ws.refusals == [("handshake_timeout", "no HTTP request within 3s")]
    assert ws.receive(b"\r\n") == b""


def test_who_leaves_during_the_handshake() -> None:
    ws = MemoryWebSocket()
    ws.below.connection.eof_received()
    assert ws.below.aborted


def test_the_gates_are_asked_about_the_forwarded_peer() -> None:
    ws = MemoryWebSocket(trusted_proxies=["127.0.0.1"])
    ws.open({"X-Forwarded-For": "192.0.2.1"})
    assert ws.asked == ["192.0.2.1:0"]
    assert ws.above.transport.peer == "192.0.2.1:0"
    ws = MemoryWebSocket(trusted_proxies=["127.0.0.1"], admits=False)
    assert ws.receive(request({"X-Forwarded-For": "192.0.2.1"})) == b""
    assert ws.below.aborted
    assert ws.made == []
    assert MemoryWebSocket().open().asked == []


def test_a_ping_is_answered_also_between_fragments() -> None:
    ws = MemoryWebSocket().open()
    got = ws.receive(client_frame(b"a", 0x02) + client_frame(b"?", 0x89) + client_frame(b"b", 0x80))
    assert got == b"\x8a\x01?"
    assert ws.above.data == b"ab"


def test_of_many_pings_in_a_read_the_last_is_answered() -> None:
    ws = MemoryWebSocket().open()
    assert ws.receive(client_frame(b"1", 0x89) * 500 + client_frame(b"2", 0x89)) == b"\x8a\x012"


@pytest.mark.parametrize("fragment", [b"", client_frame(b"a", 0x02)])
def test_the_client_closes(fragment: bytes) -> None:
    ws = MemoryWebSocket().open()
    got = ws.receive(fragment + client_frame(b"\x03\xe9bye", 0x88) + client_frame(b"late"))
    assert close_code(got) == 1001
    assert ws.below.closed
    assert ws.above.events == ["lost"]
    assert b"late" not in ws.above.data
    ws.above.transport.write(b"late, too")
    ws.above.transport.close()
    ws.below.connection.connection_lost()
    assert ws.below.take() == b""
    assert ws.above.events == ["lost"]


def test_the_pack_closes() -> None:
    ws = MemoryWebSocket().open()
    ws.above.transport.write(b"bye")
    ws.above.transport.close()
    ws.above.transport.close()
    assert ws.below.take() == b"\x82\x03bye\x88\x02\x03\xe8"
    assert ws.receive(client_frame(b"\x03\xe8", 0x88)) == b""
    ws.below.connection.connection_lost()
    assert ws.above.events == ["lost"]


def test_a_client_that_does_wrong_is_told_and_closed() -> None:
    ws = MemoryWebSocket().open()
    got = ws.receive(client_frame(b"before") + client_frame(b"text", 0x81))
    assert close_code(got) == 1003
    assert ws.above.data == b"before"
    assert ws.above.events == ["lost"]
    assert ws.below.closed
    assert ws.log.events()[-1] == "websocket closed"


def test_pauses_go_through() -> None:
    ws = MemoryWebSocket().open()
    ws.below.connection.pause_writing()
    ws.below.connection.resume_writing()
    assert ws.above.events == ["pause", "resume"]
    ws.above.transport.pause_reading()
    reading = [ws.below.reading]
    ws.above.transport.resume_reading()
    assert [*reading, ws.below.reading] == [False, True]
    ws.below.stalled = True
    ws.above.transport.write(b"1234")
    assert ws.above.transport.buffered() == 6
    ws.above.transport.abort()
    assert ws.below.aborted


DEFLATE: dict[str, str | None] = {"Sec-WebSocket-Extensions": "permessage-deflate"}


def compressed(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    whole = packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
    return client_frame(whole.removesuffix(FLUSHED), 0xC2)


def test_compression_both_ways() -> None:
    ws = MemoryWebSocket(compress=True).open(DEFLATE)
    ws.receive(compressed(b"hello" * 100))
    assert ws.above.data == b"hello" * 100
    ws.above.transport.write(b"hello" * 100)
    sent = ws.below.take()
    assert sent[0] == 0xC2
    assert len(sent) < 50


def test_a_pause_holds_within_a_compressed_message() -> None:
    ws = MemoryWebSocket(compress=True).open(DEFLATE)
    ws.above.pause_after = 2
    ws.receive(compressed(bytes(1_000_000)) + client_frame(b"\x03\xe8", 0x88))
    assert len(ws.above.reads) == 2
    assert ws.above.events == []
    ws.above.transport.resume_reading()
    assert len(ws.above.data) == 1_000_000
    assert ws.above.events == ["lost"]


def test_a_bomb() -> None:
    ws = MemoryWebSocket(compress=True, max_frame_size=100_000).open(DEFLATE)
    assert close_code(ws.receive(compressed(bytes(20_000_000)))) == 1009
    assert len(ws.above.data) < 200_000


def test_who_is_silent_for_too_long() -> None:
    ws = MemoryWebSocket(idle_timeout=10).open()
    ws.timers.advance(9)
    ws.receive(client_frame(b"x"))
    ws.timers.advance(9)
    assert not ws.below.closed
    ws.timers.advance(12)
    assert close_code(ws.below.take()) == 1001
    assert ws.above.events == ["lost"]


def test_pings_of_ours() -> None:
    ws = MemoryWebSocket(ping_interval=10).open()
    ws.below.take()
    for _ in range(3):
        ws.timers.advance(10)
        ws.timers.advance(10)
        assert ws.below.take().endswith(b"\x89\x00")
        ws.receive(client_frame(b"", 0x8A))
    ws.timers.advance(10)
    ws.timers.advance(10)
    ws.timers.advance(10)
    assert ws.below.closed


def test_no_timer_is_left() -> None:
    ws = MemoryWebSocket(idle_timeout=10).open()
    ws.below.connection.connection_lost()
    ws.timers.advance(1000)
    assert not ws.below.closed
