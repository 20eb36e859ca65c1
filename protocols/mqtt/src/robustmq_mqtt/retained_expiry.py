"""[H] Removing retained messages when they expire, whether somebody asks or not (3.3.2.3.3).

Messages that expire within the same second share one timer, and leave some in each turn of the
event loop: a million published together expire together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from robustmq_mqtt.retain import remove_retained
from robustmq_mqtt.retained_message import GONE

if TYPE_CHECKING:
    from robustmq_mqtt.context import Context
    from robustmq_mqtt.retained_message import RetainedMessage

SWEEP_MAX: Final = 64
"""Messages removed in one turn; each is a write to storage of some microseconds."""


@final
class ExpiringSecond:
    """The messages that expire by second `number` since the epoch, by topic."""

    def __init__(self, owner: RetainedExpiry, number: int) -> None:
        self.owner = owner
        self.number = number
        self.messages: dict[bytes, RetainedMessage] = {}
        self.timer: Any = None

    def due(self) -> None:
        self.owner.fall_due(self)


@final
class RetainedExpiry:
    """All retained messages that expire."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.seconds: dict[int, ExpiringSecond] = {}
        self.overdue: list[ExpiringSecond] = []

    def add(self, message: RetainedMessage) -> None:
        """Remove the message when it expires, if it does."""
        if message.expires_at == 0.0:
            return
        number = second_after(message.expires_at)
        second = self.seconds.get(number)
        if second is None:
            second = ExpiringSecond(self, number)
            now: float = self.context.clock.wall
            second.timer = self.context.timers.after(max(number - now, 0.0), second.due)
            self.seconds[number] = second
        second.messages[message.topic_bytes] = message

    def discard(self, message: RetainedMessage) -> None:
        """The message was replaced or removed: let go of it."""
        if message.expires_at == 0.0:
            return
        number = second_after(message.expires_at)
        second = self.seconds.get(number)
        if second is None:
            return  # overdue, and known to be gone when its turn comes
        second.messages.pop(message.topic_bytes, None)
        if not second.messages:
            second.timer.cancel()
            del self.seconds[number]

    def fall_due(self, second: ExpiringSecond) -> None:
        del self.seconds[second.number]
        if not self.overdue:
            self.context.services.soon(self.sweep)
        self.overdue.append(second)

    def sweep(self) -> None:
        """Remove some of what has expired, and the rest in later turns."""
        overdue = self.overdue
        left = SWEEP_MAX
        while overdue and left:
            messages = overdue[-1].messages
            if not messages:
                overdue.pop()
                continue
            left -= 1
            topic, message = messages.popitem()
            if message.serial != GONE:
                remove_retained(self.context, topic.decode())
        if overdue:
            self.context.services.soon(self.sweep)


def second_after(moment: float) -> int:
    """The first whole second that is not before a time."""
    second = int(moment)
    return second + 1 if second < moment else second
