"""A protocol pack in one file: every line that a client sends comes back to it."""

from typing import Any

from pydantic import Field

from robustmq_common.config.model import Bytes, Section
from robustmq_common.plugins import hookimpl
from robustmq_common.spi.pack import Transport
from robustmq_common.spi.services import BrokerServices


class LineEchoConfig(Section):
    """The table `[line_echo]` of the configuration."""

    max_line: Bytes = Field(4096, ge=1, le=1_048_576, description="Longest line that is accepted.")


class LineEchoConnection:
    """One client: keeps what it sent of a line that is not complete yet."""

    def __init__(self, pack: "LineEchoPack", transport: Transport) -> None:
        self.pack = pack
        self.transport = transport
        self.rest = b""
        pack.connections.add(self)

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        if max(map(len, [*lines, self.rest])) > self.pack.max_line:
            # Everything a client can make grow has a bound; beyond it, it loses its connection.
            self.pack.services.log.warning("line too long", peer=self.transport.peer)
            self.rest = b""
            self.transport.abort()
            return
        for line in lines:
            self.transport.write(line + b"\n")

    def eof_received(self) -> None:
        self.transport.close()

    def connection_lost(self) -> None:
        self.pack.connections.discard(self)

    def pause_writing(self) -> None:
        # A client that does not take its echo gets to send nothing more.
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.transport.resume_reading()


class LineEchoPack:
    """The protocol "line-echo"."""

    name = "line-echo"

    async def start(self, services: BrokerServices) -> None:
        self.services = services
        self.max_line: int = services.section("line_echo").max_line
        self.connections: set[LineEchoConnection] = set()
        services.metrics.gauge("line_echo.connections", lambda: len(self.connections))

    def connection(self, transport: Transport) -> LineEchoConnection:
        return LineEchoConnection(self, transport)

    def connected(self) -> tuple[()]:
        """It asks nobody who they are."""
        return ()

    def access_changed(self) -> None:
        """It authorizes nothing."""

    def stopping(self) -> None:
        for connection in list(self.connections):
            connection.transport.close()

    async def stop(self) -> None:
        self.connections.clear()


@hookimpl
def robustmq_protocol_packs() -> list[type[Any]]:
    """What `protocol = "line-echo"` stands for."""
    return [LineEchoPack]


@hookimpl
def robustmq_config_sections() -> dict[str, type[Any]]:
    """What may be written below `[line_echo]`."""
    return {"line_echo": LineEchoConfig}
