"""[D] HTTP requests that cannot cost more than they may: in time, in memory, in connections.

aiohttp is imported with the first client: most brokers have none, and it takes a tenth of a second.
"""

import asyncio
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robustmq_common.errors import ConfigError, WorldError

if TYPE_CHECKING:
    import aiohttp


class HttpFailed(WorldError):
    """There was no answer that could be used."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered."""

    status: int
    body: bytes


class HttpClient:
    """Keeps a few connections to a service.

    timeout, connect_timeout: seconds for the whole of a request, and for its connection.
    max_size: bytes of a body; more is a failure. tls: for https, see `tls_context`.
    """

    def __init__(
        self,
        timeout: float,
        connect_timeout: float,
        connections: int,
        max_size: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        import aiohttp  # noqa: PLC0415 - not with the first request: everybody would wait

        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._connections = connections
        self._max_size = max_size
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Response:
        """Send a request and read the answer. `url` is sent as it is. Raises HttpFailed."""
        import aiohttp  # noqa: PLC0415
        from yarl import URL  # noqa: PLC0415

        try:
            async with asyncio.timeout(self._timeout):
                session = self._open()
                # A redirect would take the request, and the password in it, to anyone.
                async with session.request(
                    method,
                    URL(url, encoded=True),
                    headers={"Accept-Encoding": "identity", **headers},
                    data=body,
                    allow_redirects=False,
                ) as answer:
                    return Response(answer.status, await self._read(answer))
        except TimeoutError:
            raise HttpFailed(f"no answer within {self._timeout:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The message of some of them quotes the address, in which a password may be.
            raise HttpFailed(_told(error)) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _open(self) -> "aiohttp.ClientSession":
        import aiohttp  # noqa: PLC0415

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ssl=self._tls or True),
                timeout=aiohttp.ClientTimeout(
                    total=self._timeout, sock_connect=self._connect_timeout
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                # Bytes of what may be compressed say nothing of how many come out.
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    async def _read(self, answer: "aiohttp.ClientResponse") -> bytes:
        length = answer.content_length
        if length is not None and length > self._max_size:
            answer.close()
            raise HttpFailed(f"the answer has {length} bytes; {self._max_size} are allowed")
        body = bytearray()
        async for piece in answer.content.iter_any():
            body += piece
            if len(body) > self._max_size:
                answer.close()
                raise HttpFailed(f"the answer has more than {self._max_size} bytes")
        return bytes(body)


def tls_context(
    url: str, ca_file: str | None, cert_file: str | None = None, key_file: str | None = None
) -> ssl.SSLContext | None:
    """What https:// needs, None for http://; certificates and host names are always checked.

    Without `ca_file` the system's authorities count. Raises ConfigError for files that do not do.
    """
    if not url.startswith("https:"):
        return None
    try:
        context = ssl.create_default_context(cafile=ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if cert_file is not None:
            context.load_cert_chain(cert_file, key_file)
    except OSError as error:  # SSLError is one
        files = ", ".join(one for one in (ca_file, cert_file, key_file) if one)
        raise ConfigError(f"certificates for {url} cannot be read ({files}): {error}") from error
    return context


def _told(error: Any) -> str:
    reason = getattr(error, "os_error", None) or error
    if isinstance(reason, ssl.SSLError):
        return f"TLS failed: {reason.reason or 'certificate not accepted'}"
    if isinstance(reason, OSError) and reason.errno is not None and reason.errno > 0:
        return os.strerror(reason.errno)
    return type(error).__name__
