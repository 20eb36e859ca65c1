"""Flow cases: from the bytes of one client to the bytes for others, in a whole broker in memory."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from bench.counted.case import WARM_UP, Case, Ready
from bench.counted.disk import broker_on_disk
from bench.counted.peers import (
    PAYLOAD,
    TOPIC,
    Answers,
    Peer,
    Sink,
    connect,
    open_connection,
)
from memory_broker import MemoryBroker
from robustmq_common.spi.access import ALLOW, ClientInfo
from wire import code, encode

BATCH: Final = 20
"""Messages in one read, as they come from a publisher that does not wait."""
SUBSCRIBERS: Final = 50
RETAINED: Final = 100
STEPS: Final = 100
VERSIONS: Final = {code.V311: "v3.1.1", code.V5: "v5"}


class AllowAll:
    """Rules of which every client knows what they say: how many there are makes no difference."""

    name = "allow-all"

    def authorize(
        self,
        client: ClientInfo,  # noqa: ARG002 - whatever it is
        action: str,  # noqa: ARG002
        topic: str,  # noqa: ARG002
        qos: int,  # noqa: ARG002
        retain: bool,  # noqa: ARG002
    ) -> int:
        return ALLOW


def cases() -> Iterator[Case]:
    for level, version in VERSIONS.items():
        for qos in (0, 1, 2):
            prepare = partial(_pair, level, qos)
            yield Case(f"pair/qos{qos} {version}", "message", prepare, BATCH, STEPS)
    for qos in (0, 1):
        rules = partial(_pair, code.V311, qos, make=partial(MemoryBroker, authorizers=[AllowAll()]))
        yield Case(f"pair/qos{qos} with rules, known answers", "message", rules, BATCH, STEPS)
    durable = partial(_pair, code.V311, 1, durable=True)
    yield Case("pair/qos1 durable session", "message", durable, BATCH, STEPS)
    on_disk = partial(_pair, code.V311, 1, durable=True, make=broker_on_disk)
    yield Case("pair/qos1 durable session on disk", "message", on_disk, BATCH, STEPS)
    for qos in (0, 1):
        fan_out = partial(_fan_out, qos)
        yield Case(f"fan-out/qos{qos} to 50", "delivery", fan_out, SUBSCRIBERS, STEPS)
    yield Case("acknowledge/PUBACK to the broker", "message", _puback, BATCH, STEPS)
    yield Case("acknowledge/stored for an absent client", "message", _stored, BATCH, STEPS)
    yield Case("connect/connect, subscribe, disconnect", "connection", _connect, steps=STEPS)
    yield Case("retained/deliver", "message", _deliver_retained, RETAINED, steps=20)
    yield Case("retained/replace", "message", _replace_retained, BATCH, STEPS)


def _pair(
    level: int,
    qos: int,
    *,
    durable: bool = False,
    make: Callable[[], MemoryBroker] = MemoryBroker,
) -> Ready:
    broker = make()
    subscriber = Peer(broker, "subscriber", level, durable=durable)
    subscriber.subscribe(TOPIC, qos)
    publisher = Peer(broker, "publisher", level)
    data = publisher.batch(qos, BATCH)
    step = _exchange(qos, broker, publisher, subscriber, data)

    def check() -> None:
        step()
        kept = b"".join(subscriber.transport.kept)
        assert kept.count(PAYLOAD) >= BATCH
        assert not broker.bugs(), broker.bugs()
        if broker.context.authorizes:  # about the filter and the topic, once each
            assert broker.metric("authorization.cache_miss") == 2
        if qos:
            answer = code.PUBACK if qos == 1 else code.PUBCOMP
            assert publisher.last()[0] >> 4 == answer, publisher.last()
            session = broker.context.sessions["subscriber"]
            assert session.waiting() == 0, session.waiting()

    return Ready(step, check)


def _exchange(
    qos: int, broker: MemoryBroker, publisher: Peer, subscriber: Peer, data: bytes
) -> Callable[[], None]:
    """A step that takes a batch from its PUBLISH to its last acknowledgement."""
    run = broker.run_until_idle
    pubacks = Answers(code.PUBACK, BATCH)
    pubrecs = Answers(code.PUBREC, BATCH)
    pubrels = Answers(code.PUBREL, BATCH)
    pubcomps = Answers(code.PUBCOMP, BATCH)

    def qos0() -> None:
        publisher.receive(data)
        run()

    def qos1() -> None:
        publisher.receive(data)
        run()
        subscriber.receive(pubacks.to_publishes(subscriber.last()))
        run()

    def qos2() -> None:
        publisher.receive(data)
        run()
        publisher.receive(pubrels.to_acks(publisher.last()))
        run()
        subscriber.receive(pubrecs.to_publishes(subscriber.last()))
        run()
        subscriber.receive(pubcomps.to_acks(subscriber.last()))
        run()

    return (qos0, qos1, qos2)[qos]


def _fan_out(qos: int) -> Ready:
    broker = MemoryBroker()
    run = broker.run_until_idle
    subscribers = [Peer(broker, f"subscriber-{number}") for number in range(SUBSCRIBERS)]
    for subscriber in subscribers:
        subscriber.subscribe(TOPIC, qos)
    publisher = Peer(broker, "publisher")
    data = publisher.batch(qos, 1)
    readers = [(peer.receive, peer.transport.kept) for peer in subscribers]
    at = 4 + len(TOPIC)

    def step() -> None:
        publisher.receive(data)
        run()
        if qos:
            for receive, kept in readers:
                receive(b"\x40\x02" + kept[-1][at : at + 2])

    def check() -> None:
        for _, kept in readers:
            kept.clear()
        step()
        assert all(len(kept) == 1 and PAYLOAD in kept[0] for _, kept in readers)
        sessions = broker.context.sessions.values()
        assert not any(session.waiting() for session in sessions)

    return Ready(step, check)


def _puback() -> Ready:
    """What is acknowledged is sent before, so that nothing but the acknowledgements is counted."""
    broker = MemoryBroker(max_inflight=65_535)
    subscriber = Peer(broker, "subscriber")
    subscriber.subscribe(TOPIC, 1)
    publisher = Peer(broker, "publisher")
    data = publisher.batch(1, BATCH)
    answers = Answers(code.PUBACK, BATCH)
    acks = []
    for _ in range(WARM_UP + STEPS):
        publisher.receive(data)
        broker.run_until_idle()
        acks.append(answers.to_publishes(subscriber.last()))
    session = broker.context.sessions["subscriber"]
    waiting = iter((len(acks) * BATCH, 0))

    def check() -> None:
        assert session.waiting() == next(waiting)

    return Ready(partial(next, map(subscriber.receive, acks)), check)


def _stored() -> Ready:
    """QoS 1 to a durable session whose client is away: acknowledged once it is committed."""
    broker = MemoryBroker(max_queued_messages=0)
    subscriber = Peer(broker, "subscriber", durable=True)
    subscriber.subscribe(TOPIC, 1)
    subscriber.transport.lose()
    publisher = Peer(broker, "publisher")
    data = publisher.batch(1, BATCH)
    session = broker.context.sessions["subscriber"]

    def step() -> None:
        publisher.receive(data)
        broker.run_until_idle()

    def check() -> None:
        before = session.waiting()
        publisher.transport.kept.clear()
        step()
        assert session.waiting() == before + BATCH
        assert b"".join(publisher.transport.kept).count(b"\x40\x02") == BATCH

    return Ready(step, check)


def _connect() -> Ready:
    broker = MemoryBroker()
    hello = connect(code.V311, "client-1")
    subscribe = encode.subscribe(code.V311, 1, [(TOPIC, 1)])
    goodbye = encode.disconnect(code.V311)
    heard: list[bytes] = []

    def step() -> None:
        transport = Sink(broker)
        connection = open_connection(broker, transport)
        for data in (hello, subscribe, goodbye):
            connection.data_received(data)
            broker.run_until_idle()
        heard[:] = transport.kept

    def check() -> None:
        step()
        assert [data[0] >> 4 for data in heard] == [code.CONNACK, code.SUBACK]
        assert not broker.leftovers(), broker.leftovers()

    return Ready(step, check)


def _deliver_retained() -> Ready:
    broker = MemoryBroker()
    publisher = Peer(broker, "publisher")
    for number in range(RETAINED):
        publisher.publish(f"site/7/device/{number}/state", retain=True)
    subscriber = Peer(broker, "subscriber")
    subscribe = encode.subscribe(code.V311, 1, [("site/+/device/+/state", 0)])
    kept = subscriber.transport.kept

    def step() -> None:
        subscriber.receive(subscribe)
        broker.run_until_idle()

    def check() -> None:
        kept.clear()
        step()
        assert b"".join(kept).count(PAYLOAD) == RETAINED

    return Ready(step, check)


def _replace_retained() -> Ready:
    broker = MemoryBroker()
    publisher = Peer(broker, "publisher")
    data = b"".join(
        encode.publish(code.V311, f"site/7/device/{number}/state", PAYLOAD, retain=True)
        for number in range(BATCH)
    )

    def step() -> None:
        publisher.receive(data)
        broker.run_until_idle()

    def check() -> None:
        step()
        assert broker.context.retained.count == BATCH
        assert len(broker.stored()["mqtt/retained"]) == BATCH

    return Ready(step, check)
