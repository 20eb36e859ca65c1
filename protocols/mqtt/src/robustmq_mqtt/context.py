"""[H] What all connections and sessions of one pack share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, final

from mypy_extensions import i64

from robustmq_mqtt.limits import Limits
from robustmq_mqtt.refusal_log import RefusalLog
from robustmq_mqtt.retained import RetainedTree
from robustmq_mqtt.retained_delivery import RetainedLine
from robustmq_mqtt.retained_expiry import RetainedExpiry
from robustmq_mqtt.stats import Stats

if TYPE_CHECKING:
    from robustmq_mqtt.codec.publish import Publish
    from robustmq_mqtt.connection import Connection
    from robustmq_mqtt.interfaces import SessionStore
    from robustmq_mqtt.session import Session


@final
class Context:
    """The pack's state: sessions, retained messages, counters, and the broker's services.

    `wrote` is set by whatever writes to storage, so that an acknowledgement knows it has to wait;
    `unmounted` is what clients below the mountpoint `unmounted_by` see of the message `unmounting`.
    `topic_log` is the storage of the log that a message was written to as well. `unstored` counts
    the bytes of messages that wait for storage. `access_epoch` counts the changes of access rules.
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
        self.has_rules: bool = services.has_topic_rules()
        self.authorizes: bool = services.authorizes()
        self.access_epoch = 0
        self.cache_size: int = services.decision_cache[0]
        self.cache_ttl: float = services.decision_cache[1]
        self.refusals = RefusalLog(self)
        self.events: tuple[Any, ...] = services.listener_events()
        self.limits = limits
        self.stats = Stats()
        self.store = store
        self.new_client = new_client
        self.retained = RetainedTree()
        self.retained_expiry = RetainedExpiry(self)
        self.retained_line = RetainedLine(services)
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.expiries: dict[Connection, Any] = {}
        self.attended = 0
        self.wrote = False
        self.topic_log: Any = None
        self.durability = ""
        self.unstored = 0
        self.stopping = False
        self.dirty: list[Connection] = []
        self.touched: list[Connection] = []
        self.unmounting: Publish | None = None
        self.unmounted: Publish | None = None
        self.unmounted_by = b""
        self.receiving: i64 = 0  # the number of the connection whose input is being handled
        self.last_number: i64 = 0

    def notify(self, event: str, *facts: Any) -> None:
        """Tell the plugins that listen to events; what they raise is theirs, not the client's."""
        for listener in self.events:
            try:
                getattr(listener, event)(*facts)
            except Exception as error:
                self.log.error(
                    "event listener failed", listener=listener.name, on=event, exc_info=error
                )

    def set_attended(self, session: Session, attended: bool) -> None:
        """Count the connected sessions that are in storage."""
        if session.attended != attended:
            session.attended = attended
            self.attended += 1 if attended else -1
            if self.attended == (1 if attended else 0):
                self.store.attended(attended)

    def begin(self) -> None:
        """A packet is handled: nothing is written for it yet."""
        self.wrote = False
        if self.has_rules:
            self.topic_log = None
            self.durability = ""

    def number(self) -> i64:
        """A number for a new connection, never given twice."""
        self.last_number += 1
        return self.last_number

    def mark_dirty(self, connection: Connection) -> None:
        """Have a connection's output written, soon: see `received`."""
        if self.receiving:
            self.touched.append(connection)
        else:
            self.write_later(connection)

    def write_later(self, connection: Connection) -> None:
        """Write a connection's output at the end of this turn of the event loop."""
        if not self.dirty:
            self.services.soon(self.flush)
        self.dirty.append(connection)

    def received(self, source: i64) -> None:
        """A read of connection `source` was handled: write what came of it.

        At once to a connection whose last output came from there, too: that saves a pass of the
        event loop (paced, a tenth of the CPU per message). Others gather what comes from several
        sources in this turn: writing fan-in at once took 1.5 times as long.
        """
        touched = self.touched
        self.touched = []
        for connection in touched:
            if connection.source == source:
                connection.flush()
            else:
                connection.source = source
                self.write_later(connection)

    def flush(self) -> None:
        """One write per connection that has something to say."""
        dirty = self.dirty
        self.dirty = []
        for connection in dirty:
            connection.flush()
