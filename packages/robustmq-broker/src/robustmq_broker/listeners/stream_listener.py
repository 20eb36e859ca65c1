"""[D] Listeners on stream sockets: what is accepted, and the layers that are put on it."""

import asyncio
import contextlib
import errno
import socket
from functools import partial
from typing import TYPE_CHECKING

from robustmq_broker.listeners.layer import StreamTransport, Upper
from robustmq_broker.listeners.listener import Listener, ListenerSetup
from robustmq_broker.listeners.proxy import ProxyLayer, trusts
from robustmq_broker.listeners.stream_connection import StreamConnection
from robustmq_common.errors import ConfigError, ListenError
from robustmq_common.spi.pack import Connection

if TYPE_CHECKING:
    from robustmq_broker.listeners.tls_keys import TlsKeys


class StreamListener(Listener):
    """Accepts connections from a listening socket, which subclasses make.

    A subclass makes the socket (`bind`), says in `secure` whether TLS is the first layer, and puts
    its own layers between that and the pack in `application`.
    """

    secure = False
    default_alpn: tuple[str, ...] = ("mqtt",)
    """Unless `tls.alpn` says otherwise."""

    def __init__(self, setup: ListenerSetup) -> None:
        super().__init__(setup)
        self.upper: Upper = self.pack_connection
        self.tls: TlsKeys | None = None
        self.high_watermark = setup.config.high_watermark
        self._server: asyncio.Server | None = None
        self._watching: asyncio.Task[None] | None = None

    def pack_connection(self, transport: StreamTransport) -> Connection:
        return self.pack.connection(transport)

    def lets_in(self, peer: str) -> bool:
        """Whether an accepted socket may stay; called before anything is put on it."""
        # Behind a proxy the gates are asked about the client, not about the proxy.
        return self.has_room(peer) and (self.config.proxy_protocol or self.admits(peer))

    def application(self) -> Upper:
        """What is put on the socket, or on its TLS; the pack's connection if nothing else is."""
        return self.pack_connection

    def make_upper(self) -> Upper:
        """All layers: those in front of `application` are the same for every stream transport.

        Raises ConfigError.
        """
        upper = self.application()
        if self.secure:
            # Not at the top: a broker without TLS does not pay for it.
            from robustmq_broker.listeners.tls_keys import TlsKeys  # noqa: PLC0415

            self.tls = TlsKeys(self.name, self.config.tls, self.default_alpn)
            upper = self.tls.over(self, upper)
        config = self.config
        if config.proxy_protocol:
            upper = partial(
                ProxyLayer,
                host=self,
                upper=upper,
                trusted=trusts(config.trusted_proxies),
                seconds=config.proxy_protocol_timeout,
            )
        return upper

    def bind(self) -> socket.socket:
        """A non-blocking socket bound to the configured address. Raises OSError, ListenError."""
        raise NotImplementedError

    def bound_address(self, sock: socket.socket) -> str:
        """The address that clients connect to."""
        raise NotImplementedError

    async def open(self) -> str:
        self.upper = self.make_upper()
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
        if self.tls is not None:
            self._watching = loop.create_task(self._watch(self.tls))
        self.address = self.bound_address(sock)
        return self.address

    def _accepted(self) -> StreamConnection:
        return StreamConnection(self)

    def stop_accepting(self) -> None:
        self.accepting = False
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None

    async def reload(self) -> bool:
        if self.tls is None:
            return False
        try:
            await asyncio.to_thread(self.tls.reload)
        except ConfigError as error:
            self.log.error(
                "certificates not loaded: the old ones stay", listener=self.name, reason=str(error)
            )
            raise
        self.log.info("certificates loaded", listener=self.name, file=self.config.tls.certfile)
        return True

    async def _watch(self, keys: "TlsKeys") -> None:
        """Load the files anew whenever they have changed."""
        while True:
            await asyncio.sleep(self.config.tls.watch_interval)
            if await asyncio.to_thread(keys.changed):
                with contextlib.suppress(ConfigError):  # logged
                    await self.reload()


def _what_to_do(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "stop what listens there, or set"
    return "choose an address of this machine and a port that is allowed with"
