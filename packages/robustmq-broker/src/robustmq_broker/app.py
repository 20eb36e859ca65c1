"""[A] One broker: plugins, storage, services, packs and listeners, wired together."""

import asyncio
import resource
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from robustmq_broker.access import AccessControl
from robustmq_broker.config import (
    SECTIONS,
    AccessConfig,
    ListenerConfig,
    StorageConfig,
    anonymous_allowed,
    check_exposure,
    check_names,
)
from robustmq_broker.event_loop import new_event_loop
from robustmq_broker.garbage import FullCollections, relax_garbage_collector
from robustmq_broker.listeners.tcp import TcpListener
from robustmq_broker.services import Services
from robustmq_broker.storage.adapters import Adapters
from robustmq_broker.topics.rules import TopicRules
from robustmq_broker.topics.topic_config import TopicConfig, adapter_durability
from robustmq_common import implementation
from robustmq_common.config import Settings
from robustmq_common.config.quantities import parse_address
from robustmq_common.errors import ConfigError
from robustmq_common.plugins.registry import Registry
from robustmq_common.spi.pack import ProtocolPack
from robustmq_common.spi.services import Log
from robustmq_common.spi.storage import StorageAdapter
from robustmq_common.structured_log import structlog

__all__ = [
    "SECTIONS",
    "Broker",
    "new_event_loop",
    "raise_file_limit",
    "relax_garbage_collector",
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
        self.listeners: list[TcpListener] = []
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
            self.services = self._make_services()
            self.services.timers.start()
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

    def _make_services(self) -> Services:
        access: AccessConfig = self.settings.section("access")
        authenticators = self.registry.authenticators()
        authorizers = self.registry.authorizers()
        enhanced = self.registry.enhanced_authenticators()
        links = [authenticators[name]() for name in access.authenticators]
        rules = [authorizers[name]() for name in access.authorizers]
        methods = {method: make() for method, make in enhanced.items()}
        control = AccessControl(
            links,
            rules,
            anonymous_allowed(self.settings),
            self.log,
        )
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
        )
        for part in (*links, *rules, *methods.values()):
            start = getattr(part, "start", None)
            if start is not None:
                start(services)
        return services

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
        listener = TcpListener(
            name,
            await self._pack(config.protocol),
            parse_address(config.bind),
            self.log,
            self.services.metrics,
            self.services.timers,
            max_connections=config.max_connections,
            backlog=config.backlog,
            high_watermark=config.high_watermark,
            nodelay=config.nodelay,
        )
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
        await self.adapters.close()
        self.log.info("broker stopped")


async def serve(settings: Settings, registry: Registry, ready: Ready | None) -> None:
    """Run a broker until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    broker = Broker(settings, registry)
    await broker.start()
    FullCollections(broker.services.timers).start()
    try:
        if ready is not None:
            ready(broker.addresses)
        await stop.wait()
    finally:
        # Always: uvloop does not come back from closing a loop that still listens.
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
            "transports": ["tcp"],
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
