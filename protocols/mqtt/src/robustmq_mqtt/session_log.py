"""[H] A session's part of the storage: the log of the messages that wait for it.

What is between `start` and `end` is not done with. Up to `next` it is in memory: in `order`, and in
the session's queue or in flight. From `next` on it is in storage only, and read page by page as the
client takes it; nothing is kept in memory for a client that is not connected.

    handed to storage (pending) -> committed -> in memory or left on disk -> sent -> done -> trimmed

A message's place in the log is also its packet identifier, so that a broker that was killed gives
it the same one again and the client of a QoS 2 message knows it [MQTT-4.3.3-1], [MQTT-4.4.0-1].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from robustmq_mqtt.delivery import RELEASED
from robustmq_mqtt.fifo import DeliveryQueue

if TYPE_CHECKING:
    from robustmq_mqtt.delivery import Delivery
    from robustmq_mqtt.session import Session

PAGE_RECORDS: Final = 512
PAGE_BYTES: Final = 1_048_576
MEMORY_RECORDS: Final = 4096
"""Messages of one session, and bytes of their payload (`PAGE_BYTES`), that may wait in memory."""
FEW: Final = 256
"""With fewer queued messages than this in memory the next page is asked for."""
PACKET_IDS: Final = 65_535
RELEASED_KEY: Final = b"r"
DONE_KEY: Final = b"a"


@final
class SessionLog:
    """Where a session's messages are.

    Offsets: `start` of the oldest message not done with, `next` of the first one that is not in
    memory, `end` of the one that is committed next; `pending` counts those handed to storage.
    `order` has what is in memory, `size` counts its payload in bytes. `numbers` has the bodies, in
    order, that messages from `next` on refer to. `skipped` has what an earlier run of the broker
    was done with, while something before it was not; what is below `doubtful` it may have sent.
    `obsolete` has the keys that go with the next trim.
    """

    def __init__(self, session: Session, shard: str) -> None:
        self.session = session
        self.shard = shard
        self.start = 0
        self.next = 0
        self.end = 0
        self.pending = 0
        self.order = DeliveryQueue()
        self.size = 0
        self.obsolete: list[bytes] = []
        self.numbers: list[int] = []
        self.skipped: set[int] | None = None
        self.doubtful = 0
        self.reading = False
        self.trim_due = False

    def is_abandoned(self) -> bool:
        """Whether its session has ended since; nothing may be written to its shard any more."""
        return self.session.log is not self

    def waiting(self) -> int:
        """Messages that are not in memory yet; a few of them may have expired."""
        return self.end - self.next + self.pending

    def committed(self, delivery: Delivery) -> None:
        """A message is in the log at `delivery.offset` now, and may be sent."""
        self.pending -= 1
        session = self.session
        in_memory = self.next == self.end
        self.end = delivery.offset + 1
        if (
            not in_memory
            or session.connection is None
            or session.queue.size() >= MEMORY_RECORDS
            or self.size >= PAGE_BYTES
        ):
            if delivery.body_id:
                self.numbers.append(delivery.body_id)
            self.read_on()
            return
        self.next = self.end
        self.take(delivery)
        session.send_stored(delivery)

    def failed(self, delivery: Delivery) -> None:
        """A message could not be stored: whoever published it is told, and it goes nowhere."""
        self.pending -= 1
        session = self.session
        session.context.stats.dropped_not_stored += 1
        if delivery.body_id:
            session.context.store.release_body(delivery.body_id)
        session.pump()

    def take(self, delivery: Delivery) -> None:
        """A message is in memory from now on, behind all others."""
        self.order.append(delivery)
        self.size += delivery.message.payload_size()

    def read_on(self) -> None:
        """Ask for the next page, if there is one and the client will soon have room for it."""
        session = self.session
        if self.reading or self.next >= self.end or session.connection is None:
            return
        if session.queue.size() < FEW and self.size < PAGE_BYTES:
            self.read()

    def read(self) -> None:
        if not self.reading and self.next < self.end:
            self.reading = True
            self.session.context.store.read_page(self)

    def read_again(self) -> None:
        """A page could not be read; now it may be possible."""
        self.reading = False
        self.read_on()

    def page(self, found: list[Delivery], next_offset: int, numbers: int) -> None:
        """Take over a page: what is in storage from `next` up to `next_offset`.

        `numbers` counts the records that refer to bodies, also to those that are gone.
        """
        session = self.session
        for delivery in found:
            self.take(delivery)
            if not self.skips(delivery):
                session.line_up(delivery)
        if numbers:
            del self.numbers[:numbers]
        self.next = next_offset
        self.clear_front()
        session.pump()

    def skips(self, delivery: Delivery) -> bool:
        """Whether a message that was read is done with already; `clear_front` is to follow."""
        skipped = self.skipped
        if skipped is None or delivery.offset not in skipped:
            return False
        skipped.discard(delivery.offset)
        if delivery.body_id:
            self.session.context.store.release_body(delivery.body_id)
        self.size -= delivery.message.payload_size()
        delivery.done = True
        delivery.marked = True
        return True

    def released(self, delivery: Delivery) -> None:
        """PUBREL is sent for a message: a restart must not send the message itself again."""
        delivery.state = RELEASED
        self.session.context.store.put(self.shard, offset_key(RELEASED_KEY, delivery.offset))

    def finished(self, delivery: Delivery) -> None:
        """A message is done with: acknowledged, expired, dropped or given to somebody else.

        What says so in storage goes in the same commit as the message itself.
        """
        store = self.session.context.store
        if delivery.state == RELEASED:
            self.obsolete.append(offset_key(RELEASED_KEY, delivery.offset))
        if delivery.body_id:
            store.release_body(delivery.body_id)
        self.size -= delivery.message.payload_size()
        delivery.done = True
        if self.order.front() is not delivery:
            # Trimming has to wait for those before it; until then this keeps it from coming back.
            delivery.marked = True
            store.put(self.shard, offset_key(DONE_KEY, delivery.offset))
            return
        self.clear_front()

    def clear_front(self) -> None:
        """Move `start` to the first message that is not done with."""
        order = self.order
        while order.size() and order.front().done:
            first = order.pop()
            if first.marked:
                self.obsolete.append(offset_key(DONE_KEY, first.offset))
        start = order.front().offset if order.size() else self.next
        if start > self.start:
            self.start = start
            self.trim()

    def trim(self) -> None:
        """Have everything below `start` removed, once for all that this turn has finished."""
        if not self.trim_due:
            self.trim_due = True
            self.session.context.store.trim_later(self)

    def packet_id(self, delivery: Delivery) -> int:
        """The packet identifier to send a message with; 0 if it has to wait until that is free."""
        inflight = self.session.inflight
        packet_id = delivery.offset % PACKET_IDS + 1
        if packet_id not in inflight:
            return packet_id
        if delivery.qos == 2:
            return 0
        return self.session.free_packet_id()


def offset_key(kind: bytes, offset: int) -> bytes:
    """The key of what is noted of one message of the log."""
    return kind + offset.to_bytes(8, "big")
