"""[D] Closes TCP connections whose peers have been silent for too long.

The kernel knows when a socket last received something, so nothing is noted per read: every now and
then all connections of the listener are asked, some in each turn of the event loop.
"""

import fcntl
import socket
import struct
import sys
import termios
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from robustmq_common.spi.services import Log, Metrics, Timers

CHECKS: Final = 4
"""Times that connections are asked while a timeout passes: it is exceeded by a quarter at most."""
SLICE: Final = 1000
"""Connections that are asked in one turn, at about 1.5 us each."""
_LAST_DATA_RECV: Final = 52  # of struct tcp_info: milliseconds since data came


class Watched(Protocol):
    """What is asked of a connection."""

    peer: str
    transport: Any

    def close(self) -> None: ...


def can_tell() -> bool:
    """Whether this system's sockets say when they received something."""
    return sys.platform == "linux"


class IdleSweep:
    """Goes through the connections of a listener again and again.

    soon: calls back in the next turn of the event loop.
    """

    def __init__(
        self,
        listener: str,
        seconds: float,
        connections: Callable[[], Iterable[Any]],
        timers: Timers,
        soon: Callable[[Callable[[], None]], object],
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._listener = listener
        self._seconds = seconds
        self._connections = connections
        self._timers = timers
        self._soon = soon
        self._log = log
        self._metrics = metrics
        self._left: list[Watched] = []
        timers.after(seconds / CHECKS, self._begin)

    def _begin(self) -> None:
        self._left = list(self._connections())
        self._timers.after(self._seconds / CHECKS, self._begin)
        self._go_on()

    def _go_on(self) -> None:
        for _ in range(min(SLICE, len(self._left))):
            connection = self._left.pop()
            sock = connection.transport.get_extra_info("socket")
            if sock is not None and silent_seconds(sock) >= self._seconds:
                self._metrics.count("connections.closed.idle")
                self._log.info(
                    "connection closed",
                    peer=connection.peer,
                    listener=self._listener,
                    reason=f"nothing received for {self._seconds:g} s "
                    f"(listeners.{self._listener}.idle_timeout)",
                )
                connection.close()
        if self._left:
            self._soon(self._go_on)


def silent_seconds(sock: socket.socket) -> float:
    """How long a TCP socket has received nothing; 0 for one that is closed or not read to the end.

    Who is not read from because it is limited, or has to wait, is not silent.
    """
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_DATA_RECV + 4)
        unread = fcntl.ioctl(sock.fileno(), termios.FIONREAD, b"\0\0\0\0")
    except OSError:
        return 0.0
    if struct.unpack("i", unread)[0]:
        return 0.0
    milliseconds: int = struct.unpack_from("I", info, _LAST_DATA_RECV)[0]
    return milliseconds / 1000
