"""Durable subscribers: they keep their side of QoS 2, and tell the ledger what they get."""

import asyncio
import random
import re
from typing import Final, TypedDict, Unpack

from crash.client import Client
from crash.ledger import Books, GroupBooks
from crash.publisher import number_of
from crash.world import DAY, World
from wire import Connack, Packet, Publish, Pubrel, Suback, code, encode

HELD_SECONDS: Final = 0.2
"""How long a subscriber that is slow to acknowledge may wait with it."""


class Habits(TypedDict, total=False):
    """What a subscriber does with its connection.

    absent: seconds it stays away on average, now and then; 0 for never. slow: whether it
    acknowledges late, many at once.
    """

    absent: float
    slow: bool


class Subscriber(Client):
    """A client with one subscription, made once; what comes later is the session's.

    qos: of the subscription.
    """

    def __init__(
        self,
        world: World,
        name: str,
        level: int,
        topic_filter: str,
        qos: int,
        **habits: Unpack[Habits],
    ) -> None:
        super().__init__(world, name, level)
        self.topic_filter = topic_filter
        self.qos = qos
        self.absent = habits.get("absent", 0.0)
        self.slow = habits.get("slow", False)
        self.chance = random.Random(world.chance.random())
        self.subscribed = asyncio.Event()
        self.unreleased: dict[int, tuple[str, bytes]] = {}
        self._owed: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def message(self, topic: str, payload: bytes, packet: Publish) -> None:
        """A message has come; of QoS 2 for the first time under its packet identifier."""

    # -- what it does --------------------------------------------------------------------------

    async def live(self) -> None:
        assert self.link is not None
        if not self.subscribed.is_set():
            self.send(encode.subscribe(self.level, 1, [(self.topic_filter, self.qos)]))
        lost, world = self.link.lost, self.world
        while self.online and not world.ended.is_set():
            stay = self.chance.uniform(0.1, 3.0) if self.absent else DAY
            await world.first_of([lost, world.ended], stay)
            if self.absent and self.subscribed.is_set() and not world.quiet.is_set():
                await self.leave(politely=self.chance.random() < 0.5)

    async def stay_away(self) -> None:
        if self.absent:
            await self.world.pause(self.chance.expovariate(1 / self.absent))

    async def leave(self, *, politely: bool = False) -> None:
        # Acknowledgements belong to the connection their messages came on.
        self._owed.clear()
        await super().leave(politely=politely)

    def greeting(self, connack: Connack) -> None:
        super().greeting(connack)
        if self.subscribed.is_set() and not connack.session_present:
            self.subscribed.clear()  # reported already; go on with a new session
            self.unreleased.clear()

    # -- what the broker sends -----------------------------------------------------------------

    def received(self, packet: Packet) -> None:
        if isinstance(packet, Suback):
            if packet.reasons != (self.qos,):
                self.violation(f"granted {packet.reasons}, not QoS {self.qos}")
            self.session_known = True
            self.subscribed.set()
            self.world.ledger.note_client(self.name, "subscribed")
        elif isinstance(packet, Publish):
            self._publish(packet)
        elif isinstance(packet, Pubrel):
            self.unreleased.pop(packet.packet_id, None)
            self._answer(encode.ack(self.level, code.PUBCOMP, packet.packet_id))
        else:
            self.violation(f"sent a subscriber {packet}")

    def _publish(self, packet: Publish) -> None:
        if packet.qos == 2:
            assert packet.packet_id is not None
            known = self.unreleased.get(packet.packet_id)
            self._answer(encode.ack(self.level, code.PUBREC, packet.packet_id))
            if known is not None:
                self._again(packet, known)
                return
            self.unreleased[packet.packet_id] = (packet.topic, packet.payload)
        elif packet.qos == 1:
            assert packet.packet_id is not None
            self._answer(encode.ack(self.level, code.PUBACK, packet.packet_id))
        self.message(packet.topic, packet.payload, packet)

    def _again(self, packet: Publish, known: tuple[str, bytes]) -> None:
        """A PUBLISH under a packet identifier that the broker has not released."""
        topic, number = packet.topic, number_of(packet.topic, packet.payload)
        ledger = self.world.ledger
        ledger.note(topic, number, f"{self.name} got it again, not released yet")
        what = f"the broker, to {self.name}: PUBLISH {packet.packet_id} again before its PUBREL"
        if known != (packet.topic, packet.payload):
            other = f"{known[0]} {number_of(*known)}"
            ledger.violation(f"{what}, {topic} {number} in place of {other}", topic, [number])
        elif not packet.dup:
            ledger.violation(f"{what}, without DUP", topic, [number])

    def _answer(self, data: bytes) -> None:
        if not self.slow:
            self.send(data)
            return
        self._owed.append(data)
        if self._timer is None:
            delay = self.chance.uniform(0.0, HELD_SECONDS)
            self._timer = asyncio.get_running_loop().call_later(delay, self._pay)

    def _pay(self) -> None:
        self._timer = None
        self.send(b"".join(self._owed))
        self._owed.clear()


class Reader(Subscriber):
    """A subscriber whose books are kept: it is to get everything, in order."""

    def __init__(
        self,
        world: World,
        name: str,
        level: int,
        topics: str,
        qos: int,
        **habits: Unpack[Habits],
    ) -> None:
        super().__init__(world, name, level, topics, qos, **habits)
        self.books = Books(world.ledger, name, qos)
        self._wanted = re.compile(topics.replace("+", "[^/]+").replace("#", ".*") + "$")

    def missing(self) -> list[str]:
        """What is acknowledged to its publisher and has not come."""
        return self.books.missing(self._wanted)

    def greeting(self, connack: Connack) -> None:
        self.books.connected()
        super().greeting(connack)

    def message(self, topic: str, payload: bytes, packet: Publish) -> None:
        number = number_of(topic, payload)
        if number < 0:
            self.violation(f"damaged message: {topic} {payload[:40]!r}")
        else:
            self.books.received(topic, number, packet.qos, dup=packet.dup)


class Member(Subscriber):
    """One of a shared subscription; the group has the books."""

    def __init__(
        self, world: World, name: str, level: int, books: GroupBooks, **habits: Unpack[Habits]
    ) -> None:
        super().__init__(world, name, level, f"$share/{books.name}/flow/#", 2, **habits)
        self.books = books

    def message(self, topic: str, payload: bytes, packet: Publish) -> None:
        number = number_of(topic, payload)
        if number < 0:
            self.violation(f"damaged message: {topic} {payload[:40]!r}")
        else:
            self.books.received(self.name, topic, number, packet.qos)
