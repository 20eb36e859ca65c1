"""[D] Listeners on stream sockets: what is accepted, and the layers that are put on it."""

import asyncio
import errno
import socket

from robustmq_broker.listeners.layer import StreamTransport, Upper
from robustmq_broker.listeners.listener import Listener, ListenerSetup
from robustmq_broker.listeners.stream_connection import StreamConnection
from robustmq_common.errors import ListenError
from robustmq_common.spi.pack import Connection


class StreamListener(Listener):
    """Accepts connections from a listening socket, which subclasses make.

    `upper` is what is put on each socket, the pack's connection itself unless a subclass puts a
    layer in between, as it does in `prepare`.
    """

    def __init__(self, setup: ListenerSetup) -> None:
        super().__init__(setup)
        self.upper: Upper = self.pack_connection
        self.high_watermark = setup.config.high_watermark
        self._server: asyncio.Server | None = None

    def pack_connection(self, transport: StreamTransport) -> Connection:
        return self.pack.connection(transport)

    def lets_in(self, peer: str) -> bool:
        """Whether an accepted socket may stay; called before anything is put on it."""
        return self.has_room(peer) and self.admits(peer)

    def prepare(self) -> None:
        """Get ready what the layers need, such as certificates, and set `upper`.

        Raises ConfigError or ListenError.
        """

    def bind(self) -> socket.socket:
        """A non-blocking socket bound to the configured address. Raises OSError, ListenError."""
        raise NotImplementedError

    def bound_address(self, sock: socket.socket) -> str:
        """The address that clients connect to."""
        raise NotImplementedError

    async def open(self) -> str:
        self.prepare()
        loop = asyncio.get_running_loop()
        try:
            sock = self.bind()
            self._server = await loop.create_server(
                self._accepted, sock=sock, backlog=self.config.backlog
            )
        except OSError as error:
            raise ListenError(
                f"listener {self.name!r} cannot listen on {self.config.bind}: "
                f"{error.strerror or error}; {_what_to_do(error)} listeners.{self.name}.bind"
            ) from error
        self.accepting = True
        self.address = self.bound_address(sock)
        return self.address

    def _accepted(self) -> StreamConnection:
        return StreamConnection(self)

    def stop_accepting(self) -> None:
        self.accepting = False
        if self._server is not None:
            self._server.close()
            self._server = None


def _what_to_do(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "stop what listens there, or set"
    return "choose an address of this machine and a port that is allowed with"
