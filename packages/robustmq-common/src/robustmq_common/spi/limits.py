"""[P] What a client that was let in is limited to, for packs to keep to."""

from collections.abc import Callable
from typing import Protocol


class ClientLimits(Protocol):
    """The limits of one connected client. Without any, there is no such object.

    max_topic_levels: of the topics that it publishes and subscribes to; 0 for what the pack allows.
    drops_qos0: whether what needs no acknowledgement is dropped rather than waited for.
    """

    drops_qos0: bool
    max_topic_levels: int

    def take(self, size: int) -> bool:
        """Whether a message of `size` bytes may be handled now; if so, it counts."""
        ...

    def wait(self, resume: Callable[[], None]) -> None:
        """Call back once, when what `take` has refused may be tried again.

        Nothing is read until then. Whoever waits already keeps its place.
        """
        ...

    def dropped(self) -> None:
        """Count a message that was dropped because `take` has refused it."""
        ...

    def grants_subscription(self, count: int) -> bool:
        """Whether a client with `count` subscriptions may have another; if so, it counts."""
        ...

    def subscribed(self, count: int) -> None:
        """Tell how many subscriptions the client has now."""
        ...
