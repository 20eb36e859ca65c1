"""[A] One broker: plugins, storage, services, packs and listeners, wired together."""

import asyncio
import inspect
import resource
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from robustmq_broker.access.chains import Links, access_control
from robustmq_broker.access.hashing.verification import Argon2Cost
from robustmq_broker.access.users.new_user import NewPassword, new_user
from robustmq_broker.access.users.user_rows import (
    HASHES,
    PLACES,
    Columns,
    Row,
    collect,
    read_csv,
    read_json,
)
from robustmq_broker.backup.restore import (
    Progress,
    check_backup,
    drop_everything,
    is_empty,
    restore_backup,
)
from robustmq_broker.config import (
    SECTIONS,
    AccessConfig,
    ListenerConfig,
    StorageConfig,
    check_exposure,
    check_names,
)
from robustmq_broker.control.command import Answers, Context
from robustmq_broker.control.commands import perform
from robustmq_broker.control.server import SOCKET_NAME, ControlServer
from robustmq_broker.event_loop import new_event_loop
from robustmq_broker.garbage import FullCollections, relax_garbage_collector
from robustmq_broker.listeners.listener import Gate, Listener, ListenerSetup
from robustmq_broker.listeners.transports import TRANSPORTS
from robustmq_broker.protection.protection import Protection
from robustmq_broker.services import Services
from robustmq_broker.storage.adapters import Adapters
from robustmq_broker.topics.rules import TopicRules
from robustmq_broker.topics.topic_config import TopicConfig, adapter_durability
from robustmq_common import implementation
from robustmq_common.config import Settings
from robustmq_common.errors import ConfigError, ListenError
from robustmq_common.plugins.registry import Registry
from robustmq_common.spi.pack import ProtocolPack
from robustmq_common.spi.services import Log
from robustmq_common.spi.storage import StorageAdapter
from robustmq_common.structured_log import structlog

__all__ = [
    "HASHES",
    "PLACES",
    "SECTIONS",
    "SOCKET_NAME",
    "Argon2Cost",
    "Broker",
    "Columns",
    "NewPassword",
    "Offline",
    "Progress",
    "Row",
    "StorageAdapter",
    "check_backup",
    "collect",
    "drop_everything",
    "is_empty",
    "new_event_loop",
    "new_user",
    "raise_file_limit",
    "read_csv",
    "read_json",
    "relax_garbage_collector",
    "restore_backup",
    "run",
    "serve",
]

Ready = Callable[[dict[str, str]], Any]
CLOSE_SECONDS = 3.0
"""How long clients have to take their last bytes at shutdown."""


class Broker:
    """A broker that can be started and stopped inside a running event loop."""

    def __init__(
        self, settings: Settings, registry: Registry, adapter: StorageAdapter | None = None
    ) -> None:
        self.settings = settings
        self.registry = registry
        self.log: Log = structlog.get_logger("robustmq.broker")
        self.adapters = self._make_adapters(adapter)
        self.adapter = self.adapters.default
        self.services: Services
        self.packs: dict[str, ProtocolPack] = {}
        self._access_parts: list[Any] = []
        self.listeners: list[Listener] = []
        self.addresses: dict[str, str] = {}

    def _make_adapters(self, default: StorageAdapter | None) -> Adapters:
        """The adapters that the configuration names; `default` in place of `storage.adapter`."""
        storage: StorageConfig = self.settings.section("storage")
        if default is None:
            default = self._make_adapter(storage.adapter, storage.settings)
        others: dict[str, StorageAdapter] = {}
        rules: list[TopicConfig] = self.settings.section("topics")
        # Of the rules for one adapter, whichever has settings for it goes first.
        for rule in sorted(rules, key=lambda rule: not rule.settings):
            name = rule.adapter
            if name is not None and name != default.name and name not in others:
                try:
                    others[name] = self._make_adapter(name, rule.settings)
                except ConfigError as error:
                    raise ConfigError(f"adapter {name} of [[topics]]: {error}") from error
        return Adapters(default, *others.values())

    def _make_adapter(self, name: str, settings: dict[str, Any]) -> StorageAdapter:
        kind: Callable[..., StorageAdapter] = self.registry.storage_adapters()[name]
        adapter = kind(dict(settings), Path(self.settings.section("broker").data_dir))
        adapter.durability = adapter_durability(
            self.settings.section("topics"), self.settings.section("storage").durability
        )
        return adapter

    async def start(self) -> None:
        """Open storage, start the packs, listen. Raises RobustMQError with nothing left open."""
        await self.adapters.open()
        try:
            self.services = await self._make_services()
            self.services.timers.start()
            self.services.protection = Protection(self.services)
            await self.services.protection.start()
            self.services.sweep_storage(self.settings.section("storage").sweep_interval)
            for name, listener in self._enabled():
                await self._listen(name, listener)
        except BaseException:
            await self.stop()
            raise
        self.log.info(
            "broker started",
            version=self.services.version,
            node=self.services.node,
            storage=self.adapter.name,
            implementation=implementation.running(),
            plugins=[plugin.name for plugin in self.registry.plugins()],
        )

    def _enabled(self) -> list[tuple[str, ListenerConfig]]:
        listeners: dict[str, ListenerConfig] = self.settings.section("listeners")
        return [(name, one) for name, one in listeners.items() if one.enabled]

    async def _make_services(self) -> Services:
        links = Links(self.registry)
        access: AccessConfig = self.settings.section("access")
        control = access_control(self.settings, links, self.log)
        methods = {
            method: make()
            for method, make in self.registry.enhanced_authenticators().items()
            if getattr(make, "authenticator", None) in {None, *links.authenticators}
        }
        services = Services(
            self.settings.section,
            self.settings.section("broker").node,
            self.adapter,
            control,
            methods,
            self.registry.event_listeners(),
            self.log,
            others=[one for one in self.adapters.values() if one is not self.adapter],
            rules=self._rules(),
            packs=self.packs.values,
            decision_cache=(access.cache_size, access.cache_ttl),
        )
        self.services = services  # to be closed, should one of these not start
        for part in (*links.all(), *methods.values()):
            started = part.start(services) if hasattr(part, "start") else None
            if inspect.isawaitable(started):
                await started
            self._access_parts.append(part)
        return services

    def reload(self) -> None:
        """Have access control and listeners read their files again, where they have any."""
        for listener in self.listeners:
            self.services.run(listener.reload(), _reloaded)
        for part in self._access_parts:
            reloaded = part.reload() if hasattr(part, "reload") else None
            if inspect.iscoroutine(reloaded):
                self.services.run(reloaded, self._reloaded)

    def _reloaded(self, _result: object, error: Exception | None) -> None:
        if error is not None:
            self.log.error("not read again; what was read before stays", reason=str(error))

    def _rules(self) -> TopicRules | None:
        topics: list[TopicConfig] = self.settings.section("topics")
        durability = self.settings.section("storage").durability
        return TopicRules(topics, self.adapter.name, durability) if topics else None

    async def _pack(self, name: str) -> ProtocolPack:
        """The pack that serves a protocol, started when the first listener wants it."""
        if name not in self.packs:
            pack = self.registry.protocol_packs()[name]()
            await pack.start(self.services)
            self.packs[name] = pack
        return self.packs[name]

    async def _listen(self, name: str, config: ListenerConfig) -> None:
        setup = ListenerSetup(
            name,
            config,
            await self._pack(config.protocol),
            self.log,
            self.services.metrics,
            self.services.timers,
            self._gates(),
        )
        listener = TRANSPORTS[config.transport](setup)
        self.addresses[name] = await listener.open()
        self.listeners.append(listener)
        self.log.info(
            "listener started",
            listener=name,
            protocol=config.protocol,
            transport=config.transport,
            address=self.addresses[name],
            storage=self.adapter.name,
            implementation=implementation.running(),
        )

    def _gates(self) -> tuple[Gate, ...]:
        """Who is asked about the address of a peer before anything is made for it."""
        assert self.services.protection is not None
        return (self.services.protection.gate,)

    async def stop(self) -> None:
        """Say goodbye, finish what is acknowledged, close everything."""
        for listener in self.listeners:
            listener.stop_accepting()
        for pack in self.packs.values():
            pack.stopping()
        await asyncio.gather(*(one.wait_closed(CLOSE_SECONDS) for one in self.listeners))
        if hasattr(self, "services"):
            await self.services.close()
        for pack in self.packs.values():
            await pack.stop()
        for part in self._access_parts:
            if hasattr(part, "stop"):
                await part.stop()
        await self.adapters.close()
        self.log.info("broker stopped")


def _reloaded(_done: bool | None, _error: Exception | None) -> None:
    """The listener has logged what there is to say."""


class Offline:
    """The storage adapters that a broker would have, opened without one."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._adapters = Broker(settings, registry).adapters
        data_dir = Path(settings.section("broker").data_dir)
        self._context = Context(self._adapters, data_dir, sections=settings.section)

    async def open(self) -> None:
        """Open all. Raises StorageError with none left open."""
        await self._adapters.open()

    async def close(self) -> None:
        """Close all."""
        await self._adapters.close()

    def adapter(self, name: str) -> StorageAdapter:
        """An adapter by its name, the default one for "". Raises CallerError."""
        return self._context.adapter(name)

    def perform(self, command: str, arguments: Mapping[str, Any]) -> Answers:
        """Carry out a command of the control socket that can do without a broker."""
        return perform(self._context, command, arguments)


def control_server(broker: Broker) -> ControlServer:
    """The control socket of a broker that has started; not open yet."""
    data_dir = Path(broker.settings.section("broker").data_dir)
    services = broker.services
    listeners = {one.name: one for one in broker.listeners}
    context = Context(
        broker.adapters,
        data_dir,
        services.router,
        services,
        listeners,
        broker.settings.section,
    )

    def answers(command: str, arguments: Mapping[str, Any]) -> Answers:
        return perform(context, command, arguments)

    return ControlServer(data_dir / SOCKET_NAME, answers, broker.log)


async def serve(settings: Settings, registry: Registry, ready: Ready | None) -> None:
    """Run a broker until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    broker = Broker(settings, registry)
    await broker.start()
    loop.add_signal_handler(signal.SIGHUP, broker.reload)
    FullCollections(broker.services.timers).start()
    control = control_server(broker)
    try:
        if settings.section("broker").control:
            try:
                await control.open()
            except ListenError as error:
                # Clients are served all the same; `robust-ctl` says where to look.
                broker.log.warning("there is no control socket", reason=str(error))
        if ready is not None:
            ready(broker.addresses)
        await stop.wait()
    finally:
        # Always: uvloop does not come back from closing a loop that still listens.
        await control.close()
        await broker.stop()


def run(settings: Settings, registry: Registry, ready: Ready | None = None) -> int:
    """Run a broker in the foreground; returns the exit code.

    Raises RobustMQError if it cannot start.

    `ready` is called once clients can connect, with the address of each listener by its name.
    """
    check_exposure(settings)
    check_names(
        settings,
        {
            "protocol packs": registry.protocol_packs(),
            "transports": TRANSPORTS,
            "storage adapters": registry.storage_adapters(),
            "authenticators": registry.authenticators(),
            "authorizers": registry.authorizers(),
        },
    )
    raise_file_limit()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(settings, registry, ready))
    return 0


def raise_file_limit() -> None:
    """Every connection is a file: allow as many as the system lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
