"""[H] Clients whose credentials end: they are disconnected when that is so.

Few clients have such, so the timers are kept with the context and not with every connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from robustmq_mqtt.codec.reason_codes import MAXIMUM_CONNECT_TIME

if TYPE_CHECKING:
    from robustmq_mqtt.connection import Connection

LOOK_AGAIN: Final = 3600.0
"""Seconds after which the clock is looked at in any case: somebody may have set it."""


def watch_expiry(connection: Connection) -> None:
    """Go by what `client.expires_at` says now; called again when that may have changed."""
    forget_expiry(connection)
    expires_at: float | None = connection.client.expires_at
    if expires_at is not None:
        Expiry(connection, expires_at).wait()


def forget_expiry(connection: Connection) -> None:
    """The connection has ended, or has other credentials."""
    timer = connection.context.expiries.pop(connection, None)
    if timer is not None:
        timer.cancel()


@final
class Expiry:
    """The callback for the end of a client's credentials."""

    def __init__(self, connection: Connection, expires_at: float) -> None:
        self.connection = connection
        self.expires_at = expires_at

    def wait(self) -> None:
        connection = self.connection
        context = connection.context
        now: float = context.clock.wall
        seconds = min(max(self.expires_at - now, 0.0), LOOK_AGAIN)
        context.expiries[connection] = context.timers.after(seconds, self.due)

    def due(self) -> None:
        connection = self.connection
        context = connection.context
        context.expiries.pop(connection, None)
        now: float = context.clock.wall
        if now < self.expires_at:
            self.wait()
            return
        context.stats.credentials_expired += 1
        connection.disconnect(MAXIMUM_CONNECT_TIME, "the client's credentials have expired")
