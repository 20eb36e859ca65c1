"""[D] Where connections are opened: the one place that knows it is TCP."""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Final

WRITE_BUFFER: Final = 256 * 1024
"""Bytes that may wait in a connection before its publisher is told to pause."""

_REASONS: Final = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ENETUNREACH: "network unreachable",
    errno.ETIMEDOUT: "connection timed out",
    errno.EMFILE: "too many open files (raise the limit with ulimit -n)",
    errno.EADDRNOTAVAIL: "no free local port (the address has used them all)",
}


async def open_transport(
    host: str, port: int, protocol: Callable[[], asyncio.Protocol]
) -> asyncio.Transport:
    """Connect to a broker. Raises OSError, which `reason` turns into words."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(protocol, host, port)
    transport.set_write_buffer_limits(high=WRITE_BUFFER)
    return transport


def reason(error: OSError) -> str:
    """Say in a few words, which are the same for the same cause, why a connection failed."""
    if isinstance(error, socket.gaierror):
        return "host name not found"
    number = error.errno
    if number is None and str(error).startswith("Multiple exceptions"):
        # asyncio's sum of one error for each address of a name.
        return "connection refused" if "refused" in str(error) else "connection failed"
    return _REASONS.get(number or 0) or (error.strerror or str(error)).lower()
