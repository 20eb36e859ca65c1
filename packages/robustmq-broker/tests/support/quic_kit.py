"""An open QUIC listener with a pack of the test, and the certificates for it."""

from collections.abc import Awaitable, Callable
from typing import Any

from listener_kit import Listening, PackConnection

from certificates import Authority
from quic_client import client_configuration, quic_client
from robustmq_common.config.quantities import parse_address

Work = Callable[[Listening], Awaitable[None]]
Serve = Callable[..., Listening]


def endpoint(listening: Listening) -> Any:
    return listening.listener._endpoint  # type: ignore[attr-defined]


async def heard(listening: Listening) -> PackConnection:
    """The first connection, once its client has said something: its stream is open then."""
    connection = await listening.connection()
    await listening.pack.until(lambda: connection.data)
    return connection


def connect(listening: Listening, authority: Authority, **options: Any) -> Any:
    return quic_client(
        parse_address(listening.address), client_configuration(authority.file), **options
    )
