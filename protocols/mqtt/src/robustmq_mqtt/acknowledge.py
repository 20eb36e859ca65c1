"""[H] Acknowledgements that wait until storage has what they promise.

An acknowledgement is sent at once unless the packet it answers wrote something, or an earlier one
is still waiting: their order is the order of the packets [MQTT-4.6.0-2].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from robustmq_mqtt.codec.reason_codes import UNSPECIFIED_ERROR
from robustmq_mqtt.connection_state import CLOSED

if TYPE_CHECKING:
    from robustmq_mqtt.connection import Connection


@final
class DeferredAcknowledgement:
    """A frame that is sent when everything written before it is as durable as promised."""

    def __init__(
        self, connection: Connection, frame: bytes, failure: bytes, packet_id: int
    ) -> None:
        self.connection = connection
        self.packet_id = packet_id
        self.frame = frame
        self.failure = failure

    def committed(self, error: Exception | None) -> None:
        connection = self.connection
        connection.deferred -= 1
        if connection.state == CLOSED:
            return
        if error is None:
            connection.send(self.frame)
        elif self.failure:
            session = connection.session
            if self.packet_id and session is not None:
                session.incoming.pop(self.packet_id, None)
            connection.send(self.failure)
        else:
            # Nothing may be acknowledged, and 3.x has no way to say so but to close.
            connection.disconnect(UNSPECIFIED_ERROR, f"storage failed: {error}")
        if connection.deferred == 0 and connection.held and not connection.exchange_steps:
            connection.resume()


def acknowledge(
    connection: Connection, frame: bytes, failure: bytes = b"", packet_id: int = 0
) -> None:
    """Send an acknowledgement now, or when storage has committed what `context.wrote` stands for.

    `failure` is sent instead if storage fails, and the QoS 2 message `packet_id` is forgotten;
    without a `failure` the connection is closed then.
    """
    context = connection.context
    if not context.wrote and connection.deferred == 0:
        connection.send(frame)
        return
    connection.deferred += 1
    if connection.deferred >= context.limits.receive_maximum:
        # Storage is behind: take nothing more from this client until it has caught up.
        connection.suspend()
    deferred = DeferredAcknowledgement(connection, frame, failure, packet_id)
    context.storage.when_committed(deferred.committed)
