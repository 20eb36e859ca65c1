"""[D] The transports "tcp" and "tls"."""

import socket

from robustmq_broker.listeners.stream_listener import StreamListener
from robustmq_common.config.quantities import format_address, parse_address


class TcpListener(StreamListener):
    """Listens on an address and a port."""

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
