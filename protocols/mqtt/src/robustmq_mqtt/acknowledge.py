"""[H] Acknowledgements that wait until storage has what they promise.

An acknowledgement is sent at once unless the packet it answers wrote something, or an earlier one
is still waiting: their order is the order of the packets [MQTT-4.6.0-2]. How long a failure of
storage is waited for is up to the storage; meanwhile clients fill their windows and are read no
more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from mypy_extensions import trait

from robustmq_mqtt.codec.reason_codes import UNSPECIFIED_ERROR
from robustmq_mqtt.connection_state import CLOSED

if TYPE_CHECKING:
    from robustmq_mqtt.connection import Connection

UNSTORED_MAX: Final = 64 * 1024 * 1024
"""Payload in bytes, of all clients, that waits for storage before they are read no more."""


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

    `waiting` counts the storages that have not said so yet; the message's own durability may be
    another one than that of those before it, and its topic may have a log elsewhere.
    """

    def __init__(
        self, connection: Connection, frame: bytes, failed: Failed | None, size: int
    ) -> None:
        self.connection = connection
        self.frame = frame
        self.failed = failed
        self.size = size
        self.waiting = 0
        self.error: Exception | None = None

    def committed(self, error: Exception | None) -> None:
        self.waiting -= 1
        if error is not None:
            self.error = error
        connection = self.connection
        acks = connection.acks
        while acks and acks[0].waiting == 0:
            acks.pop(0).finish()
        if (
            not acks
            and connection.held
            and connection.state != CLOSED
            and not connection.awaits_answer
        ):
            connection.resume()

    def finish(self) -> None:
        """Send the frame, or what is to be said instead."""
        connection = self.connection
        connection.context.unstored -= self.size
        if self.error is not None:
            failed = self.failed
            answered = failed is not None and failed.storage_failed()
            if not answered and connection.state != CLOSED:
                # Nothing may be acknowledged, and 3.x has no way to say so but to close.
                connection.disconnect(UNSPECIFIED_ERROR, f"storage failed: {self.error}")
        elif connection.state != CLOSED:
            connection.send(self.frame)


def acknowledge(
    connection: Connection, frame: bytes, failed: Failed | None = None, size: int = 0
) -> None:
    """Send an acknowledgement now, or when storage has what this packet has written.

    That is what `context.wrote` and `context.topic_log` stand for, as durable as
    `context.durability` says. If storage fails, `failed` takes back what the packet has changed,
    and may answer; without an answer the connection is closed. `size` is how many bytes wait.
    """
    context = connection.context
    acks = connection.acks
    topic_log = context.topic_log
    wrote = context.wrote
    if not wrote and topic_log is None and not acks:
        connection.send(frame)
        return
    deferred = DeferredAcknowledgement(connection, frame, failed, size)
    if not acks:
        acks = connection.acks = []
    acks.append(deferred)
    context.unstored += size
    if len(acks) >= context.limits.receive_maximum or context.unstored > UNSTORED_MAX:
        # Storage is behind: take nothing more from this client until it has caught up.
        connection.suspend()
    durability = context.durability
    deferred.waiting = int(wrote) + int(topic_log is not None)
    if topic_log is not None:
        context.topic_log = None
        topic_log.when_committed(deferred.committed, durability)
    if wrote:
        context.storage.when_committed(deferred.committed, durability)
