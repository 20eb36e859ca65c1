"""[P] What a protocol pack gives to the broker's listeners, and what it is given.

A pack's connection gets bytes and does no I/O of its own: it writes through the `Transport`, asks
`BrokerServices` for everything else, and is told the time.
"""

from collections.abc import Iterable
from typing import Protocol

from robustmq_common.spi.access import Certificate, ClientInfo
from robustmq_common.spi.services import BrokerServices


class Transport(Protocol):
    """The byte stream under a connection, the same for every kind of listener."""

    peer: str
    """Address of the other end, "host:port"; "?" until the connection is made."""
    listener: str
    """Name of the listener it came in by."""
    certificate: Certificate | None
    """The verified client certificate, known before the first bytes arrive."""

    def write(self, data: bytes) -> None:
        """Queue bytes for sending; never blocks and never raises for a broken connection."""
        ...

    def close(self) -> None:
        """Close once everything written has been sent (or a bounded time has passed)."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...

    def buffered(self) -> int:
        """Bytes written but not yet taken by the peer's socket."""
        ...

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class Connection(Protocol):
    """A pack's end of one connection. Every method returns at once."""

    def data_received(self, data: bytes) -> None: ...
    def eof_received(self) -> None: ...
    def connection_lost(self) -> None: ...
    def pause_writing(self) -> None:
        """The peer reads too slowly: more than the high-water mark is buffered."""

    def resume_writing(self) -> None: ...


class ConnectedClient(Protocol):
    """A client that was let in."""

    @property
    def client(self) -> ClientInfo: ...

    def disconnect(self, reason_code: int, reason: str) -> None:
        """Tell it why, as its protocol allows, and close. The code is one of MQTT 5's."""
        ...

    def access_changed(self) -> None:
        """The rules changed: give up subscriptions that are not granted any more."""
        ...


class ProtocolPack(Protocol):
    """One protocol. Instances live as long as the broker."""

    name: str
    """What a listener's `protocol` key says, such as "mqtt"."""

    async def start(self, services: BrokerServices) -> None:
        """Load what the pack keeps in storage; listeners open after this returns."""
        ...

    def connection(self, transport: Transport) -> Connection:
        """A client has connected."""
        ...

    def connected(self) -> Iterable[ConnectedClient]:
        """Everyone who is let in, in no order; it may change while it is gone through."""
        ...

    def access_changed(self) -> None:
        """The rules changed: forget what `BrokerServices.authorize` has said.

        Of each that is in `connected`, the subscriptions are looked at afterwards.
        """
        ...

    def stopping(self) -> None:
        """No more connections will come: say goodbye to those that are open, and close them."""
        ...

    async def stop(self) -> None:
        """Everything is closed; release what `start` took."""
        ...
