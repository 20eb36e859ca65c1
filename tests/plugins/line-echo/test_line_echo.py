"""The sample pack, tested the way every pack can be: with fakes, and without a broker."""

import asyncio

import pytest
from line_echo import LineEchoConfig, LineEchoPack

from robustmq_common.spi.pack import Connection, ProtocolPack
from robustmq_common.testing import FakeServices, MemoryTransport


@pytest.fixture
def services() -> FakeServices:
    return FakeServices({"line_echo": LineEchoConfig(max_line=10)})


@pytest.fixture
def pack(services: FakeServices) -> ProtocolPack:
    pack = LineEchoPack()
    asyncio.run(pack.start(services))
    return pack


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport(peer="127.0.0.1:7")


@pytest.fixture
def connection(pack: ProtocolPack, transport: MemoryTransport) -> Connection:
    return pack.connection(transport)


def test_lines_come_back(connection: Connection, transport: MemoryTransport) -> None:
    connection.data_received(b"hello\nwor")
    assert transport.take() == b"hello\n"
    connection.data_received(b"ld\n\n")
    assert transport.take() == b"world\n\n"


def test_byte_by_byte(connection: Connection, transport: MemoryTransport) -> None:
    for byte in b"one\ntwo\n":
        connection.data_received(bytes([byte]))
    assert transport.take() == b"one\ntwo\n"


@pytest.mark.parametrize("data", [b"12345678901\n", b"12345678901", b"ok\n12345678901\nok\n"])
def test_a_line_too_long_costs_the_connection(
    data: bytes, services: FakeServices, connection: Connection, transport: MemoryTransport
) -> None:
    connection.data_received(data)
    assert transport.aborted
    assert transport.take() == b""
    assert services.log.entries == [("warning", "line too long", {"peer": "127.0.0.1:7"})]


def test_a_line_of_the_longest_size_is_fine(
    connection: Connection, transport: MemoryTransport
) -> None:
    connection.data_received(b"1234567890\n")
    assert transport.take() == b"1234567890\n"
    assert not transport.aborted


def test_a_client_that_does_not_read_is_not_read_from(
    connection: Connection, transport: MemoryTransport
) -> None:
    connection.pause_writing()
    reading = [transport.reading]
    connection.resume_writing()
    reading.append(transport.reading)
    assert reading == [False, True]


def test_the_end_of_input_closes(connection: Connection, transport: MemoryTransport) -> None:
    connection.eof_received()
    assert transport.closed


def test_connections_are_counted_and_closed_at_the_end(
    services: FakeServices, pack: ProtocolPack
) -> None:
    transports = [MemoryTransport(), MemoryTransport()]
    connections = [pack.connection(transport) for transport in transports]
    assert services.metrics["line_echo.connections"] == 2
    connections[0].connection_lost()
    assert services.metrics["line_echo.connections"] == 1
    pack.stopping()
    assert [transport.closed for transport in transports] == [False, True]
    asyncio.run(pack.stop())
    assert services.metrics["line_echo.connections"] == 0
