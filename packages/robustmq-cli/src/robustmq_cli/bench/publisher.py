"""[D] A client that publishes: as fast as its window allows, or at a rate."""

from typing import Final

from robustmq_cli.bench.client import BenchClient, Surroundings
from robustmq_cli.bench.plan import PUBLISHER, ROUNDTRIP
from robustmq_cli.bench.progress import Progress
from robustmq_mqtt.client import MAX_PUBLISHERS, Connack, PublishBatch, source_of

BATCH_BYTES: Final = 64 * 1024
"""Bytes of one write, about."""
NO_IDENTIFIERS: Final[list[int]] = []


class Publisher(BenchClient):
    """One publisher. `finished` once it has sent all, or cannot send any more.

    A window's message is under way until the server has acknowledged it (QoS 1 and 2) and, in a
    round trip, all `copies` have arrived.
    """

    def __init__(
        self, around: Surroundings, number: int, run: int, progress: Progress | None
    ) -> None:
        super().__init__(around, PUBLISHER, number)
        plan = around.plan
        payload = None if plan.payload is None else plan.payload.encode()
        source = source_of(run, number)
        topic = plan.topic_of(number)
        self.batch = PublishBatch(
            topic, plan.size, source, plan.qos, plan.retain, plan.level, payload
        )
        self.sent = 0
        self.copies = 0
        self.finished = False
        self.starved = False
        """Whether it would send more if its window allowed."""
        self._progress = progress if plan.command == ROUNDTRIP else None
        self._window = min(plan.under_way(), MAX_PUBLISHERS - 2)
        self._most = max(1, BATCH_BYTES // self.batch.frame_size)
        self._limit = plan.count or (1 << 32) - 1
        self._started = 0.0

    @property
    def bounded(self) -> bool:
        """Whether a window holds it back; else it is the socket."""
        return self.batch.qos > 0 or self._progress is not None

    def accepted(self, connack: Connack) -> None:
        properties = connack.properties
        if properties is not None and properties.receive_maximum is not None and self.batch.qos:
            self._window = min(self._window, properties.receive_maximum)  # [MQTT-3.3.4-9]

    def start(self, at: float, copies: int) -> None:
        """Begin at a time of the event loop; each message goes to so many subscribers.

        A round trip without any is over before it begins.
        """
        self._started = at
        self.copies = copies
        pointless = self._progress is not None and copies == 0
        self.finished = pointless or not self.usable

    def due(self, now: float) -> int:
        """How many messages it should have sent by now."""
        rate = self.around.plan.rate
        if not rate:
            return self._limit
        if now < self._started:
            return 0
        return min(self._limit, int((now - self._started) * rate) + 1)

    def next_due(self) -> float:
        """When, on the event loop's clock, the message after the last one is to go."""
        return self._started + self.sent / self.around.plan.rate

    def under_way(self) -> int:
        waiting = len(self.client.in_flight)
        progress = self._progress
        if progress is not None:
            arrived = progress.total(self.number) // self.copies
            return max(waiting, self.sent - arrived)
        return waiting

    def fill(self, now: float) -> bool:
        """Send what may be sent now, one write of it; whether there is more to send at once."""
        if self.finished or self.paused or not self.usable:
            return False
        wanted = self.due(now) - self.sent
        room = self._window - self.under_way() if self.bounded else self._most
        # Waiting until a quarter of the window is free makes a few large writes of many small ones.
        if room < (1 if self.around.plan.rate else max(1, self._window // 4)) and self.bounded:
            self.starved = wanted > 0
            return False
        count = min(wanted, room, self._most)
        if count > 0:
            self._send(count)
        self.finished = self.sent >= self._limit
        more = wanted > count
        self.starved = more and self.bounded and room <= count
        return more and not self.starved

    def acknowledged(self) -> None:
        self.around.wake(self.number)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.around.wake(self.number)

    def closed(self, reason: str) -> None:
        self.finished = True
        super().closed(reason)
        self.around.wake(self.number)

    def buffered(self) -> int:
        """Bytes that the broker has not taken yet."""
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    def _send(self, count: int) -> None:
        now = self.around.clock()
        packet_ids = self.client.claim(count, now) if self.batch.qos else NO_IDENTIFIERS
        data = self.batch.frames(self.sent, packet_ids, count, now)
        self.sent += count
        self.around.counts.sent += count
        self.around.counts.sent_bytes += len(data)
        self.client.write(data)
