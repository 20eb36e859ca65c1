"""QoS 1 arrives, QoS 2 arrives once, over lost connections, crashes and slow storage.

Publishers and subscriber are correct clients with sessions that last. Everything else goes wrong:
each connection may end at any time, acknowledgements are late, the broker stops or crashes between
two turns of its loop, and commits take long. Order is looked at where it is promised: while the
connections last.
"""

import random

import pytest

from memory_broker import MemoryBroker
from memory_client import MemoryClient
from wire import Puback, Pubcomp, Publish, Pubrec, Pubrel, code, encode, prop

STEPS = 400


class Peer:
    """A client that comes back, whatever happens to its connection."""

    def __init__(self, broker: MemoryBroker, name: str, level: int) -> None:
        self.broker = broker
        self.name = name
        self.level = level
        self.client: MemoryClient | None = None

    def connected(self) -> MemoryClient:
        """The connection; a new one if there is none."""
        if self.client is None or self.client.closed:
            properties = [(prop.SESSION_EXPIRY_INTERVAL, 1_000)] if self.level == code.V5 else []
            self.client = MemoryClient(self.broker, self.level)
            self.client.send(
                encode.connect(
                    self.level, self.name, clean=False, keep_alive=0, properties=properties
                )
            )
            self.greet()
        return self.client

    def greet(self) -> None:
        """A new connection is there."""

    def drop(self) -> None:
        if self.client is not None:
            self.client.drop()
            self.client = None


class Sender(Peer):
    """Publishes numbers; repeats what is not acknowledged when it is connected again."""

    def __init__(self, broker: MemoryBroker, name: str, level: int, qos: int) -> None:
        super().__init__(broker, name, level)
        self.qos = qos
        self.sent = 0
        self.unacknowledged: dict[int, bytes] = {}
        self.released: set[int] = set()

    def greet(self) -> None:
        for packet_id, payload in self.unacknowledged.items():
            self.publish(packet_id, payload, dup=True)

    def publish(self, packet_id: int, payload: bytes, *, dup: bool) -> None:
        client = self.connected()
        if packet_id in self.released:
            client.ack(code.PUBREL, packet_id)
        else:
            client.send_publish("t", payload, self.qos, packet_id=packet_id, dup=dup)

    def send_next(self) -> None:
        client = self.connected()
        free = [number for number in range(1, 6) if number not in self.unacknowledged]
        if free and not client.closed:
            payload = f"{self.name} {self.sent}".encode()
            self.sent += 1
            self.unacknowledged[free[0]] = payload
            self.publish(free[0], payload, dup=False)

    def read(self) -> None:
        client = self.connected()
        for packet in client.packets():
            if isinstance(packet, Puback | Pubcomp):
                self.unacknowledged.pop(packet.packet_id, None)
                self.released.discard(packet.packet_id)
            elif isinstance(packet, Pubrec) and packet.packet_id in self.unacknowledged:
                self.released.add(packet.packet_id)
                client.ack(code.PUBREL, packet.packet_id)


class Receiver(Peer):
    """Notes what it gets; QoS 2 once, by its identifier."""

    def __init__(self, broker: MemoryBroker, name: str, level: int) -> None:
        super().__init__(broker, name, level)
        self.got: list[str] = []
        self.unreleased: set[int] = set()

    def read(self, chance: random.Random | None = None) -> bool:
        """Handle what has come; perhaps only some of it, as if the connection had ended then."""
        client = self.connected()
        found = client.packets()
        for packet in found:
            if chance is not None and chance.random() < 0.1:
                self.drop()
                break
            if isinstance(packet, Publish):
                packet_id = packet.packet_id
                assert packet_id is not None
                if packet.qos == 1 or packet_id not in self.unreleased:
                    self.got.append(packet.payload.decode())
                if packet.qos == 2:
                    self.unreleased.add(packet_id)
                client.ack(code.PUBACK if packet.qos == 1 else code.PUBREC, packet_id)
            elif isinstance(packet, Pubrel):
                self.unreleased.discard(packet.packet_id)
                client.ack(code.PUBCOMP, packet.packet_id)
        return bool(found)


def trouble(broker: MemoryBroker, chance: random.Random, peers: list[Peer]) -> None:
    """Something goes wrong."""
    match chance.randrange(8):
        case 0 | 1 | 2:
            chance.choice(peers).drop()
        case 3:
            settle_storage(broker)
            broker.restart(crash=chance.random() < 0.5, away=chance.random())
        case 4:
            broker.adapter.slow = True
        case 5 | 6:
            settle_storage(broker)
        case 7:
            broker.advance(chance.random())


def settle_storage(broker: MemoryBroker) -> None:
    broker.adapter.slow = False
    while broker.adapter.waiting:
        broker.adapter.release()
        broker.run_until_idle()


@pytest.mark.parametrize("level", [code.V311, code.V5], ids=["v311", "v5"])
@pytest.mark.parametrize("qos", [1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_every_message_arrives(level: int, qos: int, seed: int) -> None:
    chance = random.Random(seed)
    broker = MemoryBroker(
        max_inflight=chance.choice([1, 3, 100]), max_queued_messages=0, receive_maximum=10
    )
    receiver = Receiver(broker, "receiver", level)
    receiver.connected().subscribe(("t", 2))
    senders = [Sender(broker, f"sender{number}", level, qos) for number in range(2)]
    peers: list[Peer] = [receiver, *senders]
    for _ in range(STEPS):
        step = chance.random()
        sender = chance.choice(senders)
        if step < 0.4:
            sender.send_next()
        elif step < 0.65:
            sender.read()
        elif step < 0.9:
            receiver.read(chance)
        else:
            trouble(broker, chance, peers)
    settle_storage(broker)
    rounds = 0
    while any(sender.unacknowledged for sender in senders) or receiver.read():
        for sender in senders:
            sender.read()
        receiver.read()
        rounds += 1
        assert rounds < 1_000, "the exchange does not come to its end"
    for sender in senders:
        expected = [f"{sender.name} {number}" for number in range(sender.sent)]
        got = [text for text in receiver.got if text.startswith(sender.name)]
        if qos == 2:
            assert sorted(got) == sorted(expected)
        assert set(got) == set(expected)
        assert sender.sent > 20
    assert broker.bugs() == []
    assert "mqtt/messages" not in broker.stored()


@pytest.mark.parametrize("level", [code.V311, code.V5], ids=["v311", "v5"])
@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_in_order_as_long_as_nobody_is_away(level: int, qos: int, seed: int) -> None:
    """Both connections last; windows, slow reading and slow storage do not change the order."""
    chance = random.Random(seed)
    broker = MemoryBroker(max_inflight=3, max_queued_messages=0, receive_maximum=1_000)
    receiver = MemoryClient(broker, level)
    receiver.connect("receiver", clean=False)
    receiver.subscribe(("t", qos))
    sender = MemoryClient(broker, level)
    sender.connect("sender")
    got: list[int] = []
    for number in range(300):
        sender.send_publish("t", number.to_bytes(2, "big"), qos, packet_id=number + 1 if qos else 0)
        if qos == 2:
            sender.ack(code.PUBREL, number + 1)
        step = chance.random()
        if step < 0.2:
            got += [int.from_bytes(one.payload, "big") for one in receiver.take()]
        elif step < 0.25:
            receiver.raw.stall()
        elif step < 0.4:
            receiver.raw.go_on()
        elif step < 0.45:
            broker.adapter.slow = True
        elif step < 0.6:
            settle_storage(broker)
    settle_storage(broker)
    receiver.raw.go_on()
    got += [int.from_bytes(one.payload, "big") for one in receiver.take()]
    assert got == list(range(300))
