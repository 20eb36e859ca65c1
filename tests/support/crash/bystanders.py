"""Clients for what else is promised: wills, session expiry, retained messages, subscriptions."""

import asyncio
import random
from typing import Final

from crash.client import Client
from crash.publisher import number_of
from crash.subscriber import Subscriber
from crash.world import DAY, World
from wire import Connack, Packet, Publish, Suback, Unsuback, Will, code, encode, prop

WILL_PATIENCE: Final = 15.0
"""Seconds after its delay within which a will has to come, with all the restarts meanwhile."""

TICK: Final = 0.1
"""Seconds by which a broker's clock may lag behind: it looks at the time ten times a second."""

EXPIRY_PATIENCE: Final = 1.0
"""Seconds after its expiry within which a session has to be gone."""

SETTLED: Final = 0.5
"""Seconds after which a DISCONNECT has certainly been handled, if the broker lived as long."""

RETAINED_SECONDS: Final = 20.0


class Watcher(Subscriber):
    """A durable subscriber of all wills, with QoS 1; `came`: when each of them did first."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "watcher", code.V5, "will/#", 1)
        self.came: dict[tuple[str, int], float] = {}

    def message(self, topic: str, payload: bytes, packet: Publish) -> None:
        number = int(payload)
        self.world.ledger.note(topic, number, "the will came")
        self.came.setdefault((topic, number), asyncio.get_running_loop().time())


class Mourned(Client):
    """A client with a will that stays away when its broker died, until the will has come.

    delay: of the will, in seconds (5.0). expiry: 0 for a session that ends with its connection.
    """

    def __init__(
        self, world: World, name: str, level: int, watcher: Watcher, *, delay: int, expiry: int
    ) -> None:
        super().__init__(world, name, level, expiry)
        self.watcher = watcher
        self.delay = delay
        self.topic = f"will/{name}"
        self.number = 0
        self.armed = False
        self.outstanding = False
        self._arm()

    def _arm(self) -> None:
        properties = [(prop.WILL_DELAY_INTERVAL, self.delay)] if self.delay else []
        self.will = Will(self.topic, b"%d" % self.number, 1, properties=properties)

    def greeting(self, connack: Connack) -> None:
        self.armed = True
        self.world.ledger.note(self.topic, self.number, "connected with this will")

    async def stay_away(self) -> None:
        if not self.armed or self.world.ended.is_set():
            return
        self.armed = False
        loop = asyncio.get_running_loop()
        lost = min(loop.time(), self.world.killed_at)
        self.world.ledger.note(self.topic, self.number, "connection lost")
        self.outstanding = True
        key = (self.topic, self.number)
        await self.world.until(lambda: key in self.watcher.came, self.delay + WILL_PATIENCE)
        self.outstanding = False
        came = self.watcher.came.pop(key, None)
        what = f"the will {self.topic} {self.number} with a delay of {self.delay} s"
        ledger = self.world.ledger
        if came is None:
            ledger.violation(f"{what} did not come", self.topic, [self.number])
        elif came - lost < self.delay - TICK:
            ledger.violation(f"{what} came after {came - lost:.2f} s", self.topic, [self.number])
        self.number += 1
        self._arm()


class Returning(Client):
    """A client with a will whose delay is longer than it is ever away: it is never published."""

    def __init__(self, world: World, name: str, watcher: Watcher) -> None:
        super().__init__(world, name, code.V5)
        self.watcher = watcher
        self.topic = f"will/{name}"
        properties = [(prop.WILL_DELAY_INTERVAL, 3600)]
        self.will = Will(self.topic, b"0", 1, properties=properties)

    def greeting(self, connack: Connack) -> None:
        if (self.topic, 0) in self.watcher.came:
            del self.watcher.came[self.topic, 0]
            what = f"the will {self.topic} came, though its client was back in time"
            self.world.ledger.violation(what, self.topic, [0])
        self.world.ledger.note(self.topic, 0, "connected with this will")


class Expiring(Client):
    """A client whose session lives for a short while only; downtime of the broker counts.

    expiry: in seconds.
    """

    def __init__(self, world: World, name: str, expiry: int) -> None:
        super().__init__(world, name, code.V5, expiry)
        self.chance = random.Random(world.chance.random())
        self.confirmed = False
        """Whether the broker has certainly handled the end of the last connection."""
        self.left = 0.0
        self.ended = 0.0
        self.checked = {True: 0, False: 0}
        self._connecting = 0.0
        self._there = False
        self._welcome = False

    async def connect(self) -> bool:
        self._connecting = asyncio.get_running_loop().time()
        return await super().connect()

    def check_session(self, *, present: bool) -> None:
        now = asyncio.get_running_loop().time()
        self._welcome = True
        longest, shortest = now - self.left, self._connecting - self.ended
        what = f"session with expiry {self.expiry} s, away for {shortest:.2f} to {longest:.2f} s"
        self.world.ledger.note_client(self.name, f"{what}, present {int(present)}")
        if self._there and longest < self.expiry:
            self.checked[True] += 1
            if not present:
                self.violation(f"{what}: it is gone too early")
        elif self._there and self.confirmed and shortest > self.expiry + EXPIRY_PATIENCE:
            self.checked[False] += 1
            if present:
                self.violation(f"{what}: it is still there")
        self._there = present
        if not present:
            # An acknowledged subscription makes the session something to be kept.
            self.send(encode.subscribe(self.level, 1, [(f"expiring/{self.name}", 1)]))

    def received(self, packet: Packet) -> None:
        if isinstance(packet, Suback):
            self._there = True

    async def live(self) -> None:
        assert self.link is not None
        await self.world.first_of([self.link.lost], self.chance.uniform(0.1, 1.0))

    async def leave(self, *, politely: bool = False) -> None:
        if self.link is None:
            return
        loop = asyncio.get_running_loop()
        died = self.link.lost.is_set()
        if self._welcome:
            # Without a CONNACK the broker may not have known of this connection.
            self.left = self.world.killed_at if died else loop.time()
        await super().leave(politely=True)
        self.ended = loop.time()
        if not died:
            await self.world.first_of([self.world.ended], SETTLED)
        self.confirmed = self._welcome and not died and self.world.killed_at < self.left
        self._welcome = False

    async def stay_away(self) -> None:
        away = self.chance.choice([0.0, 0.2, self.expiry + EXPIRY_PATIENCE + 0.1])
        await self.world.first_of([self.world.ended], self.chance.uniform(away, away + 1))


class Fickle(Client):
    """Subscribes and unsubscribes; what was acknowledged last holds after a crash.

    It finds out by publishing to itself: what it gets is what the broker takes it for.
    """

    def __init__(self, world: World, name: str, level: int) -> None:
        super().__init__(world, name, level)
        self.topic = f"fickle/{name}"
        self.chance = random.Random(world.chance.random())
        self.subscribed = False
        self.doubtful = False
        self.checks = 0
        self._probe = 0
        self._got: set[int] = set()
        self._answer: Packet | None = None
        self._answered = asyncio.Event()

    async def live(self) -> None:
        assert self.link is not None
        while self.online and not self.world.ended.is_set():
            if not await self._check() or not await self._change():
                return
            await self.world.first_of([self.link.lost], self.chance.uniform(0.05, 0.5))

    async def _ask(self, data: bytes) -> Packet | None:
        """The broker's answer; None if the connection ends before it."""
        assert self.link is not None
        self._answer = None
        self._answered.clear()
        self.send(data)
        await self.world.first_of([self._answered, self.link.lost], DAY)
        return self._answer

    async def _check(self) -> bool:
        self._probe += 1
        probe = encode.publish(self.level, self.topic, b"%d" % self._probe, qos=0)
        # QoS 0 to itself comes before the answer to what is sent after it.
        if await self._ask(probe + encode.PINGREQ) is None:
            return False
        active = self._probe in self._got
        self._got.clear()
        self.checks += 1
        if not self.doubtful and active != self.subscribed:
            here = "is subscribed" if active else "is not subscribed"
            self.violation(f"{here}, though the opposite was acknowledged")
        self.subscribed, self.doubtful = active, False
        return True

    async def _change(self) -> bool:
        self.doubtful = True
        if self.subscribed:
            wish = encode.unsubscribe(self.level, 1, [self.topic])
        else:
            wish = encode.subscribe(self.level, 1, [(self.topic, 0)])
        if await self._ask(wish) is None:
            return False
        self.session_known = True
        self.subscribed, self.doubtful = not self.subscribed, False
        self.world.ledger.note_client(self.name, f"subscribed {int(self.subscribed)}")
        return True

    def received(self, packet: Packet) -> None:
        if isinstance(packet, Publish):
            self._got.add(int(packet.payload))
        else:
            if isinstance(packet, Suback | Unsuback) and max(packet.reasons, default=0) >= 0x80:
                self.violation(f"refused a subscription: {packet}")
            self._answer = packet
            self._answered.set()


class Inspector(Client):
    """Looks at all retained messages, with a session of its own each time."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name, code.V5, expiry=0)
        self.found: dict[str, Publish] = {}
        self.replaced: set[str] = set()
        self._pinged = asyncio.Event()

    async def inspect(self) -> int:
        """Compare what is retained with what was acknowledged; returns how many topics.

        -1 if the broker died meanwhile.
        """
        world = self.world
        at_least = {topic: flow.acknowledged for topic, flow in world.ledger.flows.items()}
        if not await self.connect():
            return -1
        assert self.link is not None
        link = self.link
        self.send(encode.subscribe(self.level, 1, [("erased/#", 0), ("flow/+/2", 0)]))
        expected = {topic for topic, number in at_least.items() if self._is_set(topic, number)}
        await world.until(lambda: self._have(expected) or link.lost.is_set(), RETAINED_SECONDS)
        if not link.lost.is_set():
            self.send(encode.PINGREQ)
            await world.first_of([self._pinged, link.lost], RETAINED_SECONDS)
        alive = self._pinged.is_set()
        await self.leave(politely=True)
        if not alive:
            return -1
        for topic in expected - self.found.keys() - self.replaced:
            self._complain(topic, at_least[topic], "none")
        for topic, message in self.found.items():
            self._judge(topic, message, at_least.get(topic, -1))
        return len(self.found)

    def _have(self, expected: set[str]) -> bool:
        return not expected - self.found.keys() - self.replaced

    def _is_set(self, topic: str, number: int) -> bool:
        """Whether a retained message with at least this number is certainly there."""
        if topic.startswith("erased/"):
            # Even numbers set and odd ones clear; one that is under way may have done so already.
            return number >= 0 and number % 2 == 0 and number == self.world.ledger.flows[topic].sent
        return number >= 0 and topic.endswith("/2")

    def _judge(self, topic: str, message: Publish, at_least: int) -> None:
        number = number_of(topic, message.payload)
        flow = self.world.ledger.flows.get(topic)
        if flow is None or not at_least <= number <= flow.sent:
            self._complain(topic, at_least, f"{number} ({message.payload[:20]!r})")

    def _complain(self, topic: str, at_least: int, found: str) -> None:
        what = f"retained for {topic}: {found}, though {at_least} is acknowledged"
        self.world.ledger.violation(what, topic, [at_least])

    def greeting(self, connack: Connack) -> None:
        pass

    def received(self, packet: Packet) -> None:
        if isinstance(packet, Publish):
            if packet.retain:
                self.found[packet.topic] = packet
            else:
                # Published while the broker walks what is retained: it may skip the old one.
                self.replaced.add(packet.topic)
        elif isinstance(packet, Suback):
            if max(packet.reasons) >= 0x80:
                self.violation(f"refused a subscription: {packet}")
        else:
            self._pinged.set()
