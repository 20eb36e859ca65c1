"""[D] What packs get from the broker: `robustmq_common.spi.services.BrokerServices`."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from typing import Any, Protocol

from robustmq_broker import __version__
from robustmq_broker.access.control import AccessControl, answer
from robustmq_broker.access.sweep import AccessSweep
from robustmq_broker.consumers.groups import StoredGroups
from robustmq_broker.metrics import MetricSet
from robustmq_broker.protection.guarded_exchange import guarded
from robustmq_broker.protection.protection import Protection
from robustmq_broker.router import TopicRouter
from robustmq_broker.storage.adapter_metrics import AdapterMetrics
from robustmq_broker.storage.draining import drain
from robustmq_broker.storage.group_commit import GroupCommit
from robustmq_broker.storage.step import run_in_task, run_now_or_later
from robustmq_broker.storage.sweeper import Sweeper
from robustmq_broker.timers import TimerDriver
from robustmq_broker.topics.logs import StoredTopicLogs
from robustmq_broker.topics.rules import TopicRules
from robustmq_common.errors import BugError
from robustmq_common.spi.access import ALLOW, AuthResult, ClientInfo, EnhancedAuthenticator
from robustmq_common.spi.events import EventListener
from robustmq_common.spi.pack import ConnectedClient, ProtocolPack
from robustmq_common.spi.services import Clock, Log, Shared, TimerHandle
from robustmq_common.spi.storage import StorageAdapter


class EventLoop(Protocol):
    """What the services need of an event loop."""

    def call_soon(self, callback: Callable[[], None], /) -> object: ...
    def create_task(self, work: Coroutine[Any, Any, Any], /) -> asyncio.Task[Any]: ...


class TimerSource(Protocol):
    """What the services need of a timer driver."""

    @property
    def clock(self) -> Clock: ...
    def after(self, seconds: float, callback: Callable[[], None]) -> TimerHandle: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


class Services:
    """One broker's services; made inside its running event loop, unless it is given another.

    others: the storage adapters that rules for topics name beside `adapter`.
    packs: those that have started, now and later.
    decision_cache: answers of authorizers kept for one connection, and for how many seconds.
    """

    def __init__(
        self,
        sections: Callable[[str], Any],
        node: str,
        adapter: StorageAdapter,
        access: AccessControl,
        enhanced: dict[str, EnhancedAuthenticator],
        listeners: tuple[EventListener, ...],
        log: Log,
        loop: EventLoop | None = None,
        timers: TimerSource | None = None,
        others: Sequence[StorageAdapter] = (),
        rules: TopicRules | None = None,
        packs: Callable[[], Iterable[ProtocolPack]] = tuple,
        decision_cache: tuple[int, float] = (256, 60.0),
    ) -> None:
        self._sections = sections
        self._access = access
        self._sweep = AccessSweep(self.connected, self.soon, log)
        self._packs = packs
        self._decision_cache = decision_cache
        self._enhanced = enhanced
        self._listeners = listeners
        self._loop: EventLoop = loop or asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._shared: dict[type[Any], Any] = {}
        self.protection: Protection | None = None
        self.version = __version__
        self.node = node
        self.log = log
        self.metrics = MetricSet()
        self.router = TopicRouter(None if rules is None else rules.policy)
        self.timers: TimerSource = timers or TimerDriver(log)
        self.clock = self.timers.clock
        self.storage = GroupCommit(adapter, self.soon, self.run_at_once, self.metrics, log)
        self._storages = {adapter.name: self.storage}
        for other in others:
            metrics = AdapterMetrics(self.metrics, other.name)
            storage = GroupCommit(other, self.soon, self.run_at_once, metrics, log)
            self._storages[other.name] = storage
        self.consumers = StoredGroups(adapter)
        self.topic_logs = StoredTopicLogs(self.storage_of, self.metrics)
        self.metrics.gauge("subscriptions.count", lambda: self.router.subscription_count)
        self.metrics.gauge(
            "subscriptions.shared.count", lambda: self.router.shared_subscription_count
        )

    def section(self, name: str) -> Any:
        return self._sections(name)

    def storage_of(self, adapter: str) -> GroupCommit:
        storage = self._storages.get(adapter)
        if storage is None:
            raise BugError(f"storage adapter {adapter!r} is asked for but was not opened")
        return storage

    def has_topic_rules(self) -> bool:
        return self.router.policy_of is not None

    def soon(self, callback: Callable[[], None]) -> None:
        self._loop.call_soon(callback)

    def token(self, size: int) -> bytes:
        return secrets.token_bytes(size)

    def authenticate(
        self, client: ClientInfo, password: bytes | None, done: Callable[[AuthResult], None]
    ) -> None:
        protection = self.protection
        if not self._access.authenticates(client.listener):
            # Without plugins in the chain there is nothing to wait for, and nothing to guess.
            refused = None if protection is None else protection.refuses_authentication(client)
            done(refused or self._access.unauthenticated(client))
            return

        def ask(answered: Callable[[AuthResult], None]) -> None:
            self.run(self._access.authenticate(client, password), answer(answered))

        if protection is None:
            ask(done)
        else:
            protection.authenticate(client, ask, done)

    def admit(self, client: ClientInfo) -> AuthResult:
        admitted = self._access.mount(client)
        if self.protection is None or admitted.verdict != ALLOW:
            return admitted
        return self.protection.admit(client) or admitted

    def left(self, client: ClientInfo, reason_code: int = 0) -> None:
        if self.protection is not None:
            self.protection.left(client, reason_code)

    def connected(self) -> Iterator[ConnectedClient]:
        for pack in self._packs():
            yield from list(pack.connected())

    @property
    def access(self) -> AccessControl:
        """The access chains, for commands."""
        return self._access

    def authorizes(self) -> bool:
        return self._access.authorizes()

    def authorize(
        self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool
    ) -> bool | None:
        return self._access.authorize(client, action, topic, qos, retain)

    def authorize_later(
        self,
        client: ClientInfo,
        action: str,
        topic: str,
        qos: int,
        retain: bool,
        done: Callable[[bool], None],
    ) -> None:
        work = self._access.authorize_later(client, action, topic, qos, retain)
        self.run(work, lambda allowed, error: done(error is None and allowed is True))

    @property
    def decision_cache(self) -> tuple[int, float]:
        return self._decision_cache

    def access_changed(self) -> None:
        for pack in self._packs():
            pack.access_changed()
        self._sweep.begin()

    def enhanced_authenticator(self, method: str, listener: str) -> EnhancedAuthenticator | None:
        found = self._enhanced.get(method)
        link = getattr(found, "authenticator", None)
        if link is not None and not self._access.has_authenticator(listener, link):
            return None
        if found is None or self.protection is None:
            return found
        return guarded(found, self.protection)

    def shared(self, kind: type[Shared], make: Callable[[], Shared]) -> Shared:
        if kind not in self._shared:
            self._shared[kind] = make()
        found: Shared = self._shared[kind]
        return found

    def listener_events(self) -> tuple[EventListener, ...]:
        return self._listeners

    def run(
        self, work: Coroutine[Any, Any, Any], done: Callable[[Any, Exception | None], None]
    ) -> None:
        run_in_task(work, done, self._task)

    def run_at_once(
        self, work: Coroutine[Any, Any, Any], done: Callable[[Any, Exception | None], None]
    ) -> None:
        run_now_or_later(work, done, self._task)

    def _task(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = self._loop.create_task(work)
        self._tasks.add(task)  # the loop itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)
        return task

    def sweep_storage(self, interval: float) -> None:
        """Have what is expired in storage forgotten from now on, every `interval` seconds."""
        for storage in self._storages.values():
            Sweeper(storage.adapter, interval, self.timers, self.run, self.log)

    async def close(self) -> None:
        """Finish what is being written; cancel what else is under way."""
        storages = self._storages.values()
        while True:
            for storage in storages:
                await drain(storage)
            # A callback after the commit of one may have written to another.
            if not any(storage.pending() for storage in storages):
                break
        for task in list(self._tasks):
            task.cancel()
        self.timers.stop()
        for one in self._shared.values():
            if hasattr(one, "close"):
                one.close()
