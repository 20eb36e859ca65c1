"""[D] The transport "quic"."""

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

from robustmq_broker.listeners.listener import Listener, ListenerSetup
from robustmq_common.config.quantities import format_address, parse_address
from robustmq_common.errors import ConfigError, ListenError
from robustmq_common.spi.pack import Transport

if TYPE_CHECKING:
    from robustmq_broker.listeners.quic.certificates import QuicKeys
    from robustmq_broker.listeners.quic.endpoint import QuicEndpoint


class QuicListener(Listener):
    """Listens on a UDP port; aioquic is imported when it opens."""

    def __init__(self, setup: ListenerSetup) -> None:
        super().__init__(setup)
        self._endpoint: QuicEndpoint | None = None
        self._keys: QuicKeys | None = None
        self._watching: asyncio.Task[None] | None = None

    async def open(self) -> str:
        from robustmq_broker.listeners.quic.certificates import QuicKeys  # noqa: PLC0415
        from robustmq_broker.listeners.quic.endpoint import QuicEndpoint  # noqa: PLC0415

        keys = await asyncio.to_thread(QuicKeys, self.name, self.config)
        loop = asyncio.get_running_loop()
        try:
            sock = udp_socket(*parse_address(self.config.bind), self.config.quic.socket_buffer)
            _, self._endpoint = await loop.create_datagram_endpoint(
                lambda: QuicEndpoint(self, keys.configuration), sock=sock
            )
        except OSError as error:
            raise ListenError(
                f"listener {self.name!r} cannot listen on {self.config.bind} (UDP): "
                f"{error.strerror or error}; choose an address of this machine and a port that is "
                f"free with listeners.{self.name}.bind"
            ) from error
        self._keys = keys
        self._watching = loop.create_task(self._watch(keys))
        self.accepting = True
        self.address = format_address(*sock.getsockname()[:2])
        return self.address

    async def reload(self) -> bool:
        keys, endpoint = self._keys, self._endpoint
        if keys is None or endpoint is None:
            return False
        try:
            await asyncio.to_thread(keys.reload)
        except ConfigError as error:
            self.log.error(
                "certificates not loaded: the old ones stay", listener=self.name, reason=str(error)
            )
            raise
        endpoint.configuration = keys.configuration
        self.log.info("certificates loaded", listener=self.name, file=self.config.tls.certfile)
        return True

    async def _watch(self, keys: "QuicKeys") -> None:
        """Load the files anew whenever they have changed."""
        while True:
            await asyncio.sleep(self.config.tls.watch_interval)
            if await asyncio.to_thread(keys.changed):
                with contextlib.suppress(ConfigError):  # logged
                    await self.reload()

    def stop_accepting(self) -> None:
        self.accepting = False
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        self._close_if_empty()

    def closed(self, connection: Transport) -> None:
        super().closed(connection)
        if not self.accepting:
            self._close_if_empty()

    def _close_if_empty(self) -> None:
        """All connections share the socket, so it goes with the last of them."""
        if not self.connections and self._endpoint is not None:
            self._endpoint.close()
            self._endpoint = None

    async def wait_closed(self, seconds: float) -> None:
        await super().wait_closed(seconds)
        await asyncio.sleep(0)  # those that were cut off end in the next turn


def udp_socket(host: str, port: int, buffer: int) -> socket.socket:
    """A non-blocking UDP socket bound to the address; IPv6 if the host says so. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        sock.setblocking(False)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock
