import asyncio
import errno
import socket

import pytest
from misbehaving_broker import Behaviour, MisbehavingBroker

from robustmq_cli.bench import transport


async def open_and_close(host: str, port: int) -> object:
    opened = await transport.open_transport(host, port, asyncio.Protocol)
    address = opened.get_extra_info("peername")
    opened.close()
    return address


def test_a_connection_is_opened() -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        address = asyncio.run(open_and_close("127.0.0.1", broker.port))
        assert address == ("127.0.0.1", broker.port)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_closed_port_refuses(host: str, free_port: int) -> None:
    with pytest.raises(OSError) as caught:  # noqa: PT011 - asyncio has several
        asyncio.run(open_and_close(host, free_port))
    assert transport.reason(caught.value) == "connection refused"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "host name not found"),
        (ConnectionResetError(errno.ECONNRESET, "reset by peer"), "connection reset"),
        (BrokenPipeError(errno.EPIPE, "pipe"), "connection reset"),
        (OSError(errno.EMFILE, "files"), "too many open files (raise the limit with ulimit -n)"),
        (OSError(errno.EACCES, "Permission denied"), "permission denied"),
        (OSError("Multiple exceptions: [Errno 111] refused, [Errno 111] refused"), "refused"),
        (OSError("Multiple exceptions: [Errno 113] x, [Errno 111] y"), "connection failed"),
    ],
)
def test_reasons_are_few_words(error: OSError, reason: str) -> None:
    assert transport.reason(error).endswith(reason)
