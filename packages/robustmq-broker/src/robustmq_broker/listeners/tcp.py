"""[D] The transports "tcp" and "tls"."""

import asyncio
import socket

from robustmq_broker.listeners.idle import IdleSweep, can_tell
from robustmq_broker.listeners.stream_listener import StreamListener
from robustmq_common.config.quantities import format_address, parse_address
from robustmq_common.errors import ConfigError


class TcpListener(StreamListener):
    """Listens on an address and a port."""

    _idle: IdleSweep | None = None

    async def open(self) -> str:
        seconds = self.config.idle_timeout
        if seconds and not can_tell():
            raise ConfigError(f"listeners.{self.name}.idle_timeout: only Linux can tell")
        address = await super().open()
        if seconds and self._idle is None:  # it goes on for those who stay when it is stopped
            self._idle = IdleSweep(
                self.name,
                seconds,
                lambda: self.connections,
                self.timers,
                asyncio.get_running_loop().call_soon,
                self.log,
                self.metrics,
            )
        return address

    def bind(self) -> socket.socket:
        sock = bound_socket(*parse_address(self.config.bind))
        if self.config.nodelay:
            # Accepted sockets inherit it; an acknowledgement must not wait for the next one.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def bound_address(self, sock: socket.socket) -> str:
        return format_address(*sock.getsockname()[:2])


class TlsListener(TcpListener):
    """The same with TLS: the transport "tls"."""

    secure = True


def bound_socket(host: str, port: int) -> socket.socket:
    """A non-blocking TCP socket bound to the address; IPv6 if the host says so."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock
