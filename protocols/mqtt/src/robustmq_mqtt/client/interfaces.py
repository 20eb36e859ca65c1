"""[H] What a client's connection needs from its surroundings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from robustmq_mqtt.codec.packets import Connack, Suback
    from robustmq_mqtt.codec.publish import Publish


class Transport(Protocol):
    """Where bytes go; asyncio's and uvloop's transports are such."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...


class Clock(Protocol):
    """Microseconds since the epoch, by a clock that is never set back."""

    def __call__(self) -> int: ...


class ClientHandler(Protocol):
    """What happens to a client, as it happens."""

    def connected(self, connack: Connack) -> None:
        """The server has accepted the client."""

    def subscribed(self, suback: Suback) -> None:
        """The answer to SUBSCRIBE; some of its reason codes may be failures."""

    def message(self, publish: Publish) -> None:
        """A message; not called if the connection has a receiver."""

    def acknowledged(self) -> None:
        """Messages of QoS 1 or 2 are done with; called once per read, however many."""

    def not_acknowledged(self, packet_type: int, packet_id: int, reason_code: int) -> None:
        """The server has refused a message with PUBACK or PUBREC."""

    def closed(self, reason: str) -> None:
        """The connection is over, for a reason that is empty after `disconnect`."""
