"""[H] Saying goodbye: everyone is told, and what was acknowledged is delivered first.

A message that its publisher has an acknowledgement for may still wait for a slow subscriber. That
one keeps its connection until it has taken everything, or the time for it is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from robustmq_mqtt.codec.reason_codes import SERVER_SHUTTING_DOWN

if TYPE_CHECKING:
    from robustmq_mqtt.connection import Connection
    from robustmq_mqtt.context import Context

DRAIN_SECONDS: Final = 1.0
"""How long subscribers may take to read and acknowledge what waits for them."""


def begin_shutdown(context: Context) -> None:
    """Accept no more messages and disconnect whoever has nothing to wait for."""
    context.stopping = True
    for connection in list(context.connections):
        disconnect_if_drained(connection)
    if context.connections:
        context.timers.after(DRAIN_SECONDS, DrainTime(context).over)


def disconnect_if_drained(connection: Connection) -> None:
    """Disconnect a client that every message has reached."""
    session = connection.session
    if session is None or session.waiting() == 0:
        say_goodbye(connection)


def say_goodbye(connection: Connection) -> None:
    connection.disconnect(SERVER_SHUTTING_DOWN, "the server is shutting down")


@final
class DrainTime:
    """The callback that ends the waiting."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def over(self) -> None:
        for connection in list(self.context.connections):
            say_goodbye(connection)
