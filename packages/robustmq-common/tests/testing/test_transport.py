"""The transport in memory collects writes, and tells how it was closed."""

from robustmq_common.spi.access import Certificate
from robustmq_common.spi.pack import Transport
from robustmq_common.testing import MemoryTransport


def test_facts_on_the_peer() -> None:
    certificate = Certificate("CN=a", "a")
    transport: Transport = MemoryTransport("[::1]:9", "tls", certificate)
    assert transport.peer == "[::1]:9"
    assert transport.listener == "tls"
    assert transport.certificate is certificate
    assert MemoryTransport().certificate is None


def test_writes_are_collected_until_taken() -> None:
    transport = MemoryTransport()
    transport.write(b"ab")
    transport.write(b"c")
    assert transport.written == b"abc"
    assert transport.take() == b"abc"
    assert transport.take() == b""
    assert transport.buffered() == 0


def test_after_close_nothing_is_written() -> None:
    transport = MemoryTransport()
    transport.write(b"before")
    transport.close()
    transport.write(b"after")
    assert transport.closed
    assert not transport.aborted
    assert transport.take() == b"before"


def test_abort_drops_what_is_buffered() -> None:
    transport = MemoryTransport()
    transport.stalled = True
    transport.write(b"abc")
    transport.abort()
    transport.write(b"def")
    assert transport.aborted
    assert not transport.closed
    assert transport.buffered() == 0
    assert transport.take() == b"abc"


def test_a_peer_that_does_not_read() -> None:
    transport = MemoryTransport()
    transport.stalled = True
    transport.write(b"abc")
    transport.write(b"de")
    assert transport.buffered() == 5
    transport.drain()
    assert transport.buffered() == 0
    assert transport.take() == b"abcde"


def test_reading_pauses_and_resumes() -> None:
    transport = MemoryTransport()
    states = [transport.reading]
    transport.pause_reading()
    states.append(transport.reading)
    transport.resume_reading()
    states.append(transport.reading)
    assert states == [True, False, True]
