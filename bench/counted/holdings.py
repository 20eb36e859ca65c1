"""What stays in memory: connections, sessions, subscriptions, retained messages.

Measured without the transport, which belongs to the listener, and the buffers of the kernel.
Sessions and retained messages count with what the memory adapter keeps of them.
"""

from collections.abc import Iterator

from bench.counted.case import Held, Holding
from bench.counted.peers import Peer, Sink, connect, open_connection
from memory_broker import MemoryBroker
from wire import code


def held() -> Iterator[Held]:
    yield Held("held/idle connection v3.1.1", "connection", lambda: _connections(code.V311))
    yield Held("held/idle connection v5", "connection", lambda: _connections(code.V5))
    yield Held("held/session of an absent client", "session", _sessions)
    yield Held("held/subscription", "subscription", lambda: _subscriptions("site/{}/state"))
    wildcard = "held/subscription with a wildcard"
    yield Held(wildcard, "subscription", lambda: _subscriptions("site/{}/+"))
    durable = "held/subscription of a durable session"
    yield Held(durable, "subscription", lambda: _subscriptions("site/{}/state", durable=True))
    yield Held("held/retained message of 64 bytes", "message", _retained)


def _tidy(broker: MemoryBroker) -> None:
    # Timers in memory stay in their list until time passes, cancelled or not.
    broker.advance(0.0)
    broker.log.entries.clear()


def _connections(level: int) -> Holding:
    broker = MemoryBroker()
    transport = Sink(broker)

    def add(number: int) -> None:
        connection = open_connection(broker, transport)
        connection.data_received(connect(level, f"client-{number}"))
        broker.run_until_idle()

    return Holding(add, lambda: _tidy(broker))


def _sessions() -> Holding:
    broker = MemoryBroker()

    def add(number: int) -> None:
        Peer(broker, f"client-{number}", durable=True).transport.lose()
        broker.run_until_idle()

    return Holding(add, lambda: _tidy(broker))


def _subscriptions(topic_filter: str, *, durable: bool = False) -> Holding:
    broker = MemoryBroker()
    peer = Peer(broker, "client-1", durable=durable)

    def add(number: int) -> None:
        peer.subscribe(topic_filter.format(number), 1)

    def tidy() -> None:
        peer.transport.kept.clear()
        _tidy(broker)

    return Holding(add, tidy)


def _retained() -> Holding:
    broker = MemoryBroker()
    peer = Peer(broker, "client-1")

    def add(number: int) -> None:
        peer.publish(f"site/7/device/{number}/state", retain=True)

    return Holding(add, lambda: _tidy(broker))
