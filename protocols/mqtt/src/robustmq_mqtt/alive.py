"""[H] Notes every second that the broker runs, for the expiry of sessions it may be killed under.

The session of a client that is connected ends some time after its connection; when a broker that
was killed starts again, this is how it knows when that was. Nothing is written while no durable
session is connected.
"""

import struct
from typing import TYPE_CHECKING, Final

from robustmq_common.spi.operations import Put
from robustmq_mqtt import stored_form

if TYPE_CHECKING:
    from robustmq_common.spi.services import TimerHandle
    from robustmq_common.spi.storage import StorageAdapter
    from robustmq_mqtt.context import Context

SECONDS: Final = 1.0
_TIME: Final = struct.Struct("!d")


class AliveMark:
    """Writes the time as long as it is started, from the first moment on."""

    def __init__(self, context: "Context") -> None:
        self._context = context
        self._timer: TimerHandle | None = None

    def start(self) -> None:
        context = self._context
        now: float = context.clock.wall
        context.storage.write(Put(stored_form.BROKER, stored_form.ALIVE, _TIME.pack(now)))
        # With fsync, a power loss must not take the mark: sessions would expire too soon.
        context.storage.when_committed(_ignore)
        self._timer = context.timers.after(SECONDS, self.start)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def connections_ended_at(adapter: "StorageAdapter", now: float) -> float:
    """When the connections of a broker that was killed ended, at the latest; times as in `time`."""
    stored = await adapter.get(stored_form.BROKER, stored_form.ALIVE)
    if stored is None:
        return now
    last: float = _TIME.unpack(stored)[0]
    return min(last + 2 * SECONDS, now)


def _ignore(_error: Exception | None) -> None:
    """A failure is told to those who wrote something that matters."""
