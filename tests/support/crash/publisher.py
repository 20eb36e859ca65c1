"""A publisher that repeats what is not acknowledged, as section 4.4 of MQTT 5.0 asks."""

import asyncio
import random
import zlib
from dataclasses import dataclass
from typing import Final

from crash.client import Client
from crash.world import World
from wire import Connack, Packet, Puback, Pubcomp, Pubrec, code, encode

FAILURE: Final = 0x80
"""Reason codes from here on say that a message was not taken."""

LONGEST: Final = 400
LONG: Final = 6_000


def payload_of(topic: str, number: int) -> bytes:
    """The payload of a message: its number, and something that tells if it is damaged."""
    seed = zlib.crc32(f"{topic} {number}".encode())
    size = LONG if seed % 97 == 0 else seed % LONGEST
    return b"%d %08x " % (number, seed) + bytes([seed & 0xFF]) * size


def number_of(topic: str, payload: bytes) -> int:
    """The number of a message; -1 if its payload is not what was sent."""
    digits = payload.partition(b" ")[0]
    number = int(digits) if digits.isdigit() else -1
    return number if number >= 0 and payload == payload_of(topic, number) else -1


@dataclass
class Sent:
    """A message that is in flight; `released` once PUBREC has come."""

    topic: str
    number: int
    payload: bytes
    retain: bool
    released: bool = False


class Publisher(Client):
    """Publishes to its topics in bursts, at most `window` messages in flight.

    Its topics are "PREFIX/NAME/0" and so on, the last of them retained. rate: messages per second,
    on average.
    """

    prefix = "flow"

    def __init__(
        self, world: World, name: str, level: int, qos: int, *, window: int = 20, rate: float = 100
    ) -> None:
        super().__init__(world, name, level)
        self.qos = qos
        self.window = window
        self.rate = rate
        self.chance = random.Random(world.chance.random())
        self.topics = [f"{self.prefix}/{name}/{number}" for number in range(3)]
        self.in_flight: dict[int, Sent] = {}
        self._last_packet_id = 0
        self._progress = asyncio.Event()
        for topic in self.topics:
            world.ledger.flow(topic, qos)

    @property
    def idle(self) -> bool:
        """Whether everything is acknowledged."""
        return not self.in_flight

    def next_message(self) -> Sent:
        """A message that is to be sent now."""
        topic = self.chance.choice(self.topics)
        number = self.world.ledger.flows[topic].sent + 1
        return Sent(topic, number, payload_of(topic, number), topic == self.topics[-1])

    # -- what it does --------------------------------------------------------------------------

    async def live(self) -> None:
        assert self.link is not None
        lost, world = self.link.lost, self.world
        while self.online and not world.ended.is_set():
            if world.quiet.is_set():
                await world.first_of([lost, world.ended], 0.05)
                continue
            burst = self.chance.randint(1, self.window)
            for _ in range(min(burst, self.window - len(self.in_flight))):
                self._publish(self.next_message())
            pause = self.chance.expovariate(self.rate) * burst
            await world.first_of([lost, world.quiet, world.ended], pause)
            self._progress.clear()
            if len(self.in_flight) >= self.window:
                await world.first_of([lost, self._progress, world.ended], 1.0)

    def greeting(self, connack: Connack) -> None:
        super().greeting(connack)
        if not connack.session_present:
            # The broker has forgotten what it had received: all is sent anew.
            for sent in self.in_flight.values():
                sent.released = False
        for packet_id, sent in self.in_flight.items():
            # [MQTT-4.4.0-1], in the order of the first time [MQTT-4.6.0-1].
            if sent.released:
                self.send(encode.ack(self.level, code.PUBREL, packet_id))
            else:
                self._send(packet_id, sent, again=True)

    def _publish(self, sent: Sent) -> None:
        packet_id = self._last_packet_id % 0xFFFF + 1
        while packet_id in self.in_flight:
            packet_id = packet_id % 0xFFFF + 1
        self._last_packet_id = packet_id
        self.in_flight[packet_id] = sent
        self._send(packet_id, sent, again=False)

    def _send(self, packet_id: int, sent: Sent, *, again: bool) -> None:
        self.world.ledger.publishing(sent.topic, sent.number, packet_id, again=again)
        self.send(
            encode.publish(
                self.level,
                sent.topic,
                sent.payload,
                qos=self.qos,
                packet_id=packet_id,
                retain=sent.retain,
                dup=again,
            )
        )

    # -- what the broker answers ---------------------------------------------------------------

    def received(self, packet: Packet) -> None:
        if not isinstance(packet, Puback | Pubrec | Pubcomp):
            self.violation(f"sent a publisher {packet}")
            return
        sent = self.in_flight.get(packet.packet_id)
        if sent is None:
            self.violation(f"acknowledged packet id {packet.packet_id}, which is not in flight")
            return
        wanted = Puback if self.qos == 1 else Pubcomp if sent.released else Pubrec
        if type(packet) is not wanted:
            kind = type(packet).__name__.upper()
            self.world.ledger.violation(
                f"the broker, to {self.name}: {kind} {packet.packet_id}, not {wanted.__name__}",
                sent.topic,
                [sent.number],
            )
            return
        self.session_known = True
        if isinstance(packet, Pubrec) and packet.reason < FAILURE:
            sent.released = True
            self.world.ledger.note(sent.topic, sent.number, "PUBREC")
            self.send(encode.ack(self.level, code.PUBREL, packet.packet_id))
            return
        del self.in_flight[packet.packet_id]
        if packet.reason >= FAILURE and not isinstance(packet, Pubcomp):
            self.refused(sent, packet.reason)
        else:
            # PUBCOMP 0x92 too: the broker had released the message before it died, or has lost
            # it, which its subscribers tell.
            self.world.ledger.taken(sent.topic, sent.number)
        self._progress.set()

    def refused(self, sent: Sent, reason: int) -> None:
        """The broker did not take a message: with a healthy disk it has no reason."""
        self.world.ledger.refused(sent.topic, sent.number, reason)
        self.violation(f"refused {sent.topic} {sent.number} with 0x{reason:02x}")


class Eraser(Publisher):
    """Sets retained messages and clears them again, QoS 1; even numbers set, odd ones clear."""

    prefix = "erased"

    def next_message(self) -> Sent:
        sent = super().next_message()
        sent.retain = True
        if sent.number % 2:
            sent.payload = b""
        return sent
