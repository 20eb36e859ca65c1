"""[H] What all connections and sessions of one pack share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, final

from robustmq_mqtt.limits import Limits
from robustmq_mqtt.retained import RetainedTree
from robustmq_mqtt.retained_delivery import RetainedLine
from robustmq_mqtt.stats import Stats

if TYPE_CHECKING:
    from robustmq_mqtt.connection import Connection
    from robustmq_mqtt.interfaces import SessionStore
    from robustmq_mqtt.session import Session


@final
class Context:
    """The pack's state: sessions, retained messages, counters, and the broker's services.

    `wrote` is set by whatever writes to storage, so that an acknowledgement knows it has to wait.
    """

    def __init__(
        self, services: Any, limits: Limits, store: SessionStore, new_client: Callable[..., Any]
    ) -> None:
        self.services = services
        self.clock = services.clock
        self.timers = services.timers
        self.router = services.router
        self.storage = services.storage
        self.log = services.log
        self.routes: dict[bytes, Any] = self.router.route_cache()
        self.authorizes: bool = services.authorizes()
        self.events: tuple[Any, ...] = services.listener_events()
        self.limits = limits
        self.stats = Stats()
        self.store = store
        self.new_client = new_client
        self.retained = RetainedTree()
        self.retained_timers: dict[str, Any] = {}
        self.retained_line = RetainedLine(services)
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.wrote = False
        self.stopping = False
        self.dirty: list[Connection] = []
        self.receiving = False

    def notify(self, event: str, *facts: Any) -> None:
        """Tell the plugins that listen to events; what they raise is theirs, not the client's."""
        for listener in self.events:
            try:
                getattr(listener, event)(*facts)
            except Exception as error:
                self.log.error(
                    "event listener failed", listener=listener.name, on=event, exc_info=error
                )

    def mark_dirty(self, connection: Connection) -> None:
        """Have a connection's output written when what was received has been handled.

        Outside of that, in timers and callbacks, at the end of this turn of the event loop.
        """
        if not self.dirty and not self.receiving:
            self.services.soon(self.flush)
        self.dirty.append(connection)

    def flush(self) -> None:
        """One write per connection that has something to say."""
        dirty = self.dirty
        self.dirty = []
        for connection in dirty:
            connection.flush()
