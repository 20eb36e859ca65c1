"""[P] What the broker offers to protocol packs: plain methods, called directly.

Nothing here blocks. What may have to wait (authentication, storage) takes a callback, which may be
called before the method returns.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from robustmq_common.message import Message
from robustmq_common.spi.access import AuthResult, ClientInfo, EnhancedAuthenticator
from robustmq_common.spi.consumers import ConsumerGroups
from robustmq_common.spi.storage import Storage
from robustmq_common.spi.topics import TopicLogs, TopicPolicy

if TYPE_CHECKING:
    from robustmq_common.spi.pack import ConnectedClient

Shared = TypeVar("Shared")


class Clock(Protocol):
    """Coarse time, refreshed once per tick of the timer wheel: reading it costs an attribute."""

    @property
    def monotonic(self) -> float:
        """Seconds, for intervals; at most one tick (100 ms) old."""
        ...

    @property
    def wall(self) -> float:
        """Seconds since the epoch, for expiry that outlives the process."""
        ...


class TimerHandle(Protocol):
    """A callback that may still be called off."""

    def cancel(self) -> None:
        """Forget the callback; harmless after it has run."""


class Timers(Protocol):
    """The broker's one coarse timer wheel."""

    def after(self, seconds: float, callback: Callable[[], None]) -> TimerHandle:
        """Call back once, no earlier than asked and at most about one tick later."""
        ...


class Subscriber(Protocol):
    """Where a subscription delivers to: a session of some pack.

    Hashable, and equal to nothing but itself: subscriptions are kept by it.
    """

    @property
    def client_id(self) -> str: ...


class Subscription(Protocol):
    """One (subscriber, filter). `deliver` is the hot path of the whole broker."""

    @property
    def subscriber(self) -> Subscriber: ...

    @property
    def topic_filter(self) -> str:
        """The filter it was subscribed with, without the prefix of a shared subscription."""
        ...

    def deliver(self, message: Message) -> bool:
        """Take the message, or say False: this subscriber cannot have it now (or ever)."""
        ...

    def stores(self) -> bool:
        """Whether `deliver` writes QoS 1 and 2 messages to storage."""
        ...

    def available(self) -> bool:
        """Whether a shared group should prefer this member (it is connected)."""
        ...

    def merged(self, others: list["Subscription"]) -> "Subscription":
        """One subscription standing for several of the same subscriber that match one topic."""
        ...


class Route(Protocol):
    """Who gets what is published to one topic; valid for the call it was asked for."""

    @property
    def topic(self) -> str: ...

    @property
    def policy(self) -> TopicPolicy | None:
        """What the rules for topics say of this one; None if they say nothing."""
        ...

    def is_empty(self) -> bool:
        """Whether nobody has subscribed."""
        ...

    def stores(self) -> bool:
        """Whether a QoS 1 or 2 message of this topic may be written to storage.

        For a subscriber, or in the log of the topic.
        """
        ...

    def deliver(self, message: Message) -> int:
        """Hand the message to every matching subscriber; returns how many took it."""
        ...


class Router(Protocol):
    """The subscription tree and its cache of match results."""

    def route(self, topic: str) -> Route:
        """The route of a valid topic name."""
        ...

    def route_cache(self) -> dict[bytes, Any]:
        """The cache itself, topic in UTF-8 to Route, for packs to look into before `route`.

        The dict is never replaced, only emptied; entries vanish when a subscription changes.
        Looking up the undecoded bytes saves decoding and checking a topic seen before.
        """
        ...

    def new_route(self, topic: str, key: bytes) -> Route:
        """The route of a topic that is not in the cache under `key`, its name in UTF-8."""
        ...

    def subscribe(self, topic_filter: str, subscription: Subscription, group: str = "") -> None:
        """Add a subscription; it replaces the subscriber's own on the same filter and group."""
        ...

    def unsubscribe(self, topic_filter: str, subscriber: Subscriber, group: str = "") -> bool:
        """Remove a subscription; False if there was none."""
        ...

    def subscription(
        self, topic_filter: str, subscriber: Subscriber, group: str = ""
    ) -> Subscription | None:
        """What a subscriber has subscribed to a filter with, or None."""
        ...

    def redispatch(
        self, topic_filter: str, group: str, message: Message, connected_only: bool = False
    ) -> bool:
        """Give a message that a leaving member did not acknowledge to another member."""
        ...


class Metrics(Protocol):
    """Named counters and gauges: names are dotted, such as "messages.dropped.queue_full"."""

    def count(self, name: str, amount: int = 1) -> None: ...
    def gauge(self, name: str, read: Callable[[], int]) -> None:
        """Register a value that is read when someone looks."""

    def snapshot(self) -> dict[str, int]: ...


class Log(Protocol):
    """A structured logger: an event, and what it happened to as keyword arguments."""

    def debug(self, event: str, **fields: Any) -> None: ...
    def info(self, event: str, **fields: Any) -> None: ...
    def warning(self, event: str, **fields: Any) -> None: ...
    def error(self, event: str, **fields: Any) -> None: ...


class BrokerServices(Protocol):
    """Everything a pack may use."""

    @property
    def clock(self) -> Clock: ...
    @property
    def timers(self) -> Timers: ...
    @property
    def router(self) -> Router: ...
    @property
    def metrics(self) -> Metrics: ...
    @property
    def storage(self) -> Storage:
        """What the `storage.adapter` keeps."""
        ...

    def storage_of(self, adapter: str) -> Storage:
        """The storage of an adapter that the configuration names; BugError for any other."""
        ...

    def has_topic_rules(self) -> bool:
        """Whether any route may have a policy; if not, none has to be asked for its own."""
        ...

    @property
    def topic_logs(self) -> TopicLogs: ...
    @property
    def consumers(self) -> ConsumerGroups:
        """Named positions in logs, for whoever reads them bit by bit."""
        ...

    @property
    def log(self) -> Log: ...
    @property
    def version(self) -> str: ...
    @property
    def node(self) -> str:
        """This broker's name in `$SYS/brokers/{node}/...`."""
        ...

    def section(self, name: str) -> Any:
        """The pack's own configuration: an instance of the model it registered under `name`."""
        ...

    def soon(self, callback: Callable[[], None]) -> None:
        """Call back at the end of this turn of the event loop, in the order asked."""
        ...

    def token(self, size: int) -> bytes:
        """Random bytes, fit for secrets."""
        ...

    def authenticate(
        self, client: ClientInfo, password: bytes | None, done: Callable[[AuthResult], None]
    ) -> None: ...

    def admit(self, client: ClientInfo) -> AuthResult:
        """Let a client in that is who it says, or not: bans and limits have the last word.

        Called once for every client, after authentication of any kind; it fills in what the
        listener adds, such as the mountpoint. Whoever was let in is reported by `left` later.
        """
        ...

    def left(self, client: ClientInfo, reason_code: int = 0) -> None:
        """The connection of a client that `admit` let in has ended.

        reason_code: MQTT 5's for why, whoever ended it: 0x00 for a client that said goodbye, 0x80
        for a connection that was lost.
        """
        ...

    def connected(self) -> Iterator["ConnectedClient"]:
        """Every client of every pack that is let in."""
        ...

    def authorizes(self) -> bool:
        """Whether `authorize` can say anything but yes; lets the hot path skip the call."""
        ...

    def authorize(
        self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool
    ) -> bool | None:
        """Whether a client may do something; None if that takes `authorize_later` to know.

        Subscriptions to `$SYS` are asked about also where `authorizes` is false.
        """
        ...

    def authorize_later(
        self,
        client: ClientInfo,
        action: str,
        topic: str,
        qos: int,
        retain: bool,
        done: Callable[[bool], None],
    ) -> None:
        """As `authorize`, with a callback; what goes wrong is a no."""
        ...

    @property
    def decision_cache(self) -> tuple[int, float]:
        """How many answers of `authorize` a pack keeps for a client, and for how many seconds."""
        ...

    def access_changed(self) -> None:
        """Something that authorizers go by has changed: have everyone asked about anew.

        Answers that were kept are forgotten at once, subscriptions looked at little by little.
        """
        ...

    def enhanced_authenticator(self, method: str, listener: str) -> EnhancedAuthenticator | None:
        """What serves an Authentication Method on a listener, None if nothing does."""
        ...

    def shared(self, kind: type[Shared], make: Callable[[], Shared]) -> Shared:
        """The one object of a kind that a broker has, made when it is first asked for.

        For what several plugins use together, such as the users. If it has a method `close`, that
        is called without arguments when the broker has stopped.
        """
        ...

    def run(self, work: Any, done: Callable[[Any, Exception | None], None]) -> None:
        """Drive a coroutine and call back with its result or its error."""
        ...

    def run_at_once(self, work: Any, done: Callable[[Any, Exception | None], None]) -> None:
        """As `run`, without a task if the coroutine does not wait: `done` is called before the end.

        For calls to storage. Until it first waits, the coroutine is in no task.
        """
        ...

    def listener_events(self) -> tuple[Any, ...]:
        """The event listeners that plugins registered, frozen at start."""
        ...
