"""[H] Acknowledgements that wait until storage has what they promise.

An acknowledgement is sent at once unless the packet it answers wrote something, or an earlier one
is still waiting: their order is the order of the packets [MQTT-4.6.0-2].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from mypy_extensions import trait

from robustmq_mqtt.codec.reason_codes import UNSPECIFIED_ERROR
from robustmq_mqtt.connection_state import CLOSED

if TYPE_CHECKING:
    from robustmq_mqtt.connection import Connection


@trait
class Failed:
    """What becomes of a packet whose effect storage could not keep.

    Memory has to say the same as storage: what the packet has changed there is taken back.
    """

    def storage_failed(self) -> bool:
        """Take the packet back; True if its client is answered, False to have it disconnected.

        The connection may be closed already.
        """
        raise NotImplementedError


@final
class DeferredAcknowledgement:
    """A frame that is sent when everything written before it is as durable as promised.

    `failed` is told if that fails, whether the client is still there or not; its connection is
    closed then, unless `failed` has answered.
    """

    def __init__(self, connection: Connection, frame: bytes, failed: Failed | None) -> None:
        self.connection = connection
        self.frame = frame
        self.failed = failed

    def committed(self, error: Exception | None) -> None:
        connection = self.connection
        connection.deferred -= 1
        if error is not None:
            failed = self.failed
            answered = failed is not None and failed.storage_failed()
            if not answered and connection.state != CLOSED:
                # Nothing may be acknowledged, and 3.x has no way to say so but to close.
                connection.disconnect(UNSPECIFIED_ERROR, f"storage failed: {error}")
        elif connection.state != CLOSED:
            connection.send(self.frame)
        if (
            connection.deferred == 0
            and connection.held
            and connection.state != CLOSED
            and not connection.exchange_steps
        ):
            connection.resume()


def acknowledge(connection: Connection, frame: bytes, failed: Failed | None = None) -> None:
    """Send an acknowledgement now, or when storage has committed what `context.wrote` stands for.

    If storage fails, `failed` takes back what the packet has changed, and may answer; without an
    answer the connection is closed.
    """
    context = connection.context
    if not context.wrote and connection.deferred == 0:
        connection.send(frame)
        return
    connection.deferred += 1
    if connection.deferred >= context.limits.receive_maximum:
        # Storage is behind: take nothing more from this client until it has caught up.
        connection.suspend()
    deferred = DeferredAcknowledgement(connection, frame, failed)
    context.storage.when_committed(deferred.committed)
