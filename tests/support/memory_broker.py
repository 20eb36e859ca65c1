"""A whole MQTT broker in memory: every part is real but the clock, the timers and the sockets.

    broker = MemoryBroker(max_inflight=1)
    client = broker.connect_raw()
    client.send(bytes_of_a_connect)
    assert client.received() == bytes_of_a_connack
    broker.advance(90)
    assert client.closed

There is no event loop and nothing waits. A test that cares when something happens within a turn of
the loop sends, looks at `client.transport`, and calls `run_until_idle` itself.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from memory_loop import Gate, MemoryLoop, MemoryTimers, run_to_end
from robustmq_broker.access.control import AccessControl, Chains
from robustmq_broker.app import CLOSE_SECONDS
from robustmq_broker.config import SECTIONS, ListenerConfig
from robustmq_broker.protection.protection import Protection
from robustmq_broker.services import Services
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_broker.topics.rules import TopicRules
from robustmq_broker.topics.topic_config import TopicConfig
from robustmq_common.spi.access import Authenticator, Authorizer, EnhancedAuthenticator
from robustmq_common.spi.events import EventListener
from robustmq_common.spi.storage import WriteBatch
from robustmq_common.testing import FakeClock, MemoryTransport, RecordingLog
from robustmq_mqtt.config import MqttConfig
from robustmq_mqtt.connection import Connection
from robustmq_mqtt.context import Context
from robustmq_mqtt.pack import MqttPack

HIGH_WATERMARK: Final = 65_536
"""Bytes a stalled client leaves unread before the broker is told to stop writing."""

LISTENER: Final = "test"
"""The listener that clients come in by."""


class SlowAdapter(MemoryAdapter):
    """The memory adapter, with commits that wait and fail as a test says.

    slow, slow_sync: whether a commit or a sync waits for `release`.
    """

    def __init__(self, clock: FakeClock) -> None:
        super().__init__({}, Path())
        self._now = lambda: clock.wall
        self.slow = False
        self.slow_sync = False
        self.waiting: deque[Gate] = deque()

    async def commit(self, batch: WriteBatch) -> list[int]:
        if self.slow:
            gate = Gate()
            self.waiting.append(gate)
            await gate
        return await super().commit(batch)

    async def sync(self) -> None:
        if self.slow_sync:
            gate = Gate()
            self.waiting.append(gate)
            await gate

    def release(self, error: Exception | None = None) -> None:
        """Let the commit or sync that waits go on, or fail."""
        self.waiting.popleft().open(error=error)


class ClientTransport(MemoryTransport):
    """The server's side of a memory connection; closing it tells the pack, as a listener does."""

    def __init__(self, loop: MemoryLoop, peer: str) -> None:
        super().__init__(peer)
        self.loop = loop
        self.connection: Connection | None = None
        self.unread: list[bytes] = []
        self.late = b""
        self.writes = 0

    def write(self, data: bytes) -> None:
        if self.closed or self.aborted:
            self.late += data
            return
        super().write(data)
        self.writes += 1
        if self.buffered() > HIGH_WATERMARK and self.connection is not None:
            self.connection.pause_writing()

    def close(self) -> None:
        if not self.closed and not self.aborted:
            super().close()
            self.loop.call_soon(self.lose)

    def abort(self) -> None:
        if not self.closed and not self.aborted:
            super().abort()
            self.loop.call_soon(self.lose)

    def lose(self) -> None:
        """The connection is gone."""
        if self.connection is not None:
            connection, self.connection = self.connection, None
            connection.connection_lost()

    def resume_reading(self) -> None:
        super().resume_reading()
        self.loop.call_soon(self.deliver)

    def deliver(self) -> None:
        """Hand over what came while nobody read."""
        while self.unread and self.reading and self.connection is not None and not self.closed:
            self.connection.data_received(self.unread.pop(0))


class RawClient:
    """The client's end of a connection: bytes out, bytes in."""

    def __init__(self, broker: "MemoryBroker", transport: ClientTransport) -> None:
        self.broker = broker
        self.transport = transport

    def send(self, data: bytes) -> None:
        """Send bytes in one piece; what the server answers comes at the end of the turn."""
        transport = self.transport
        if transport.connection is None or transport.closed:
            return
        transport.unread.append(data)
        transport.deliver()

    def send_bytewise(self, data: bytes) -> None:
        for at in range(len(data)):
            self.send(data[at : at + 1])

    def received(self) -> bytes:
        """What has come since the last call, once the server is at rest."""
        self.broker.run_until_idle()
        return self.transport.take()

    @property
    def closed(self) -> bool:
        """Whether the server has closed the connection, or been told that it is gone."""
        self.broker.run_until_idle()
        return self.transport.connection is None or self.transport.closed

    def drop(self) -> None:
        """The network takes the connection away."""
        self.broker.run_until_idle()
        self.transport.lose()
        self.broker.run_until_idle()

    def stall(self) -> None:
        """Stop reading."""
        self.transport.stalled = True

    def go_on(self) -> None:
        """Read everything, and from now on."""
        self.transport.stalled = False
        self.transport.drain()
        if self.transport.connection is not None:
            self.transport.connection.resume_writing()
        self.broker.run_until_idle()


class MemoryServices(Services):
    """The broker's services with tokens that are the same in every run."""

    tokens = 0

    def token(self, size: int) -> bytes:
        self.tokens += 1
        return self.tokens.to_bytes(size, "big")


class MemoryBroker:
    """A broker with the MQTT pack and memory storage; `topics` are the rules for topics.

    protection: the sections of that part that are not as by default, with the listener's; without,
    there is none.

    Keyword arguments that are not named here are keys of the configuration section `[mqtt]`;
    `sys_interval` is 0 unless given.
    """

    def __init__(
        self,
        *,
        authenticators: Sequence[Authenticator] = (),
        authorizers: Sequence[Authorizer] = (),
        allow_anonymous: bool = True,
        enhanced: Iterable[EnhancedAuthenticator] = (),
        listeners: Sequence[EventListener] = (),
        topics: Sequence[TopicConfig] = (),
        protection: Mapping[str, Any] | None = None,
        **mqtt: Any,
    ) -> None:
        self.config = MqttConfig(**{"sys_interval": 0, **mqtt})
        self.log = RecordingLog()
        self.clock = FakeClock()
        self.adapter = SlowAdapter(self.clock)
        self.access = AccessControl(
            Chains(authenticators, authorizers, allow_anonymous, not authorizers), {}, self.log
        )
        self._enhanced = {one.method: one for one in enhanced}
        self._listeners = tuple(listeners)
        self._rules = TopicRules(topics, self.adapter.name, "os") if topics else None
        self._protection = protection
        self._clients: list[RawClient] = []
        self.loop: MemoryLoop
        self.timers: MemoryTimers
        self.services: Services
        self.pack: MqttPack
        run_to_end(self.adapter.open())
        self.start()

    # -- life ----------------------------------------------------------------------------------

    def start(self) -> None:
        """A new process: nothing is left of the last one but what is in storage."""
        self.loop = MemoryLoop()
        self.timers = MemoryTimers(self.clock, self.loop)
        self.services = MemoryServices(
            self._section,
            "memory",
            self.adapter,
            self.access,
            self._enhanced,
            self._listeners,
            self.log,
            self.loop,
            self.timers,
            rules=self._rules,
            packs=lambda: (self.pack,),
        )
        if self._protection is not None:
            self.services.protection = Protection(self.services)
            run_to_end(self.services.protection.start())
        self.pack = MqttPack()
        run_to_end(self.pack.start(self.services))
        self.run_until_idle()

    def _section(self, name: str) -> Any:
        if name == "mqtt":
            return self.config
        given = {"listeners": {LISTENER: ListenerConfig(protocol="mqtt", bind="127.0.0.1:0")}}
        given.update(self._protection or {})
        return given[name] if name in given else SECTIONS[name]()

    def stop(self) -> None:
        """Stop as SIGTERM does, with the time that takes; storage stays open."""
        self.pack.stopping()
        self.run_until_idle()
        end = self.clock.monotonic + CLOSE_SECONDS
        while self.context.connections and self.clock.monotonic < end:
            self.advance(0.1)
        for client in self._clients:
            client.transport.lose()
        self.run_until_idle()
        run_to_end(self.services.close())
        run_to_end(self.pack.stop())
        self._clients = []

    def crash(self) -> None:
        """End without another step: what is not committed yet never was."""
        for client in self._clients:
            client.transport.connection = None
        self._clients = []
        self.timers.stop()

    def restart(self, *, crash: bool = False, away: float = 0.0) -> None:
        """Stop or crash, let `away` seconds pass, and start again on the same storage."""
        if crash:
            self.run_until_idle()
            self.crash()
        else:
            self.stop()
        self.clock.advance(away)
        self.start()

    def run_until_idle(self) -> None:
        """Let everything happen that needs no time."""
        self.loop.run_until_idle()

    def advance(self, seconds: float) -> None:
        """Let time pass; timers fire in order, each at its time."""
        self.run_until_idle()
        self.timers.advance(seconds)

    # -- clients -------------------------------------------------------------------------------

    def connect_raw(self, peer: str = "") -> RawClient:
        """Open a connection."""
        transport = ClientTransport(self.loop, peer or f"127.0.0.1:{50_000 + len(self._clients)}")
        transport.connection = self.pack.connection(transport)
        client = RawClient(self, transport)
        self._clients.append(client)
        return client

    # -- what can be seen of it ----------------------------------------------------------------

    @property
    def context(self) -> Context:
        assert self.pack.context is not None
        return self.pack.context

    def filters(self, client_id: str) -> set[str]:
        """What a session has subscribed to."""
        return {one.full_filter for one in self.context.sessions[client_id].subscriptions()}

    def metric(self, name: str) -> int:
        return self.services.metrics.snapshot().get(name, 0)

    def stored(self) -> dict[str, dict[bytes, bytes]]:
        """Everything committed but the time it was: keys and values by shard."""
        names = run_to_end(self.adapter.shards(limit=100_000))
        names = [name for name in names if name != "mqtt/broker"]
        return {name: dict(run_to_end(self.adapter.scan(name, limit=100_000))) for name in names}

    def bugs(self) -> list[str]:
        """What was logged as an error, with what was written to closed connections."""
        found = [
            f"{event}: {fields.get('exc_info')!r}"
            for level, event, fields in self.log.entries
            if level == "error"
        ]
        late = [client.transport.late for client in self._clients if client.transport.late]
        return found + [f"written after the close: {data.hex(' ')}" for data in late]

    def leftovers(self) -> list[str]:
        """What is still there of clients, for when no client should be."""
        context = self.context
        counts = {
            "connections": len(context.connections),
            "connected": context.stats.connected,
            "sessions": len(context.sessions),
            "subscriptions": self.services.router.subscription_count,
            "shared subscriptions": self.services.router.shared_subscription_count,
            "filters": 0 if self.services.router.trie.is_empty() else 1,
            "timers": self.timers.pending(),
            "unwritten connections": len(context.dirty),
            "uncommitted operations": self.services.storage.backlog(),
        }
        found = [f"{count} {what}" for what, count in counts.items() if count]
        return found + [name for name in self.stored() if name != "mqtt/retained"]


MakeBroker = Callable[..., MemoryBroker]
"""Makes a broker from the arguments of `MemoryBroker`: the fixture `make_broker`."""
