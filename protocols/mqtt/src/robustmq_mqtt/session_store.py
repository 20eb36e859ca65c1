"""[H] Writes through to storage what has to outlive a connection or the process."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final

from robustmq_common.spi.operations import Append, Delete, Drop, Operation, Put, StoredRecord, Trim
from robustmq_mqtt import stored_form, stored_message
from robustmq_mqtt.alive import AliveMark
from robustmq_mqtt.session_batch import Batch, Redo
from robustmq_mqtt.session_log import PAGE_BYTES, PAGE_RECORDS, SessionLog
from robustmq_mqtt.shared_bodies import SharedBodies

if TYPE_CHECKING:
    from robustmq_common.spi.services import TimerHandle
    from robustmq_mqtt.codec.publish import Publish
    from robustmq_mqtt.context import Context
    from robustmq_mqtt.delivery import Delivery
    from robustmq_mqtt.session import Session
    from robustmq_mqtt.subscription import MqttSubscription

RETRY_SECONDS: Final = 1.0
"""After a failure of storage, how long until it is tried again."""
FSYNC: Final = "fsync"
_NOTED: Final = b"\x01"

Page = tuple[list["Delivery"], int, int]
"""Deliveries, the offset after them, and how many of the records referred to a body."""


class WriteThroughStore:
    """The `SessionStore` over `robustmq_common.spi.storage`; `bind` tells it its pack's context.

    A message is stored together with the delivery to its only recipient. Whether it is the only
    one shows when the next message comes, so the latest delivery is held back until then, or until
    `flush`; if there are more, the body is stored once and all of them refer to it.
    """

    def __init__(self) -> None:
        self.bodies = SharedBodies()
        self._held: tuple[SessionLog, Delivery] | None = None
        self._expiry: TimerHandle | None = None
        self._batch = Batch(-1)
        self._batches: deque[Batch] = deque()
        self._trims: list[SessionLog] = []
        self._scheduled = False
        self._redo = Redo()
        self._retrying = False

    def bind(self, context: Context) -> None:
        self.context = context
        self._alive = AliveMark(context)

    def attended(self, any_session: bool) -> None:
        if any_session:
            self._alive.start()
        else:
            self._alive.stop()

    def shard(self, client_id: str) -> str:
        return stored_form.session_shard(client_id)

    # -- sessions ------------------------------------------------------------------------------

    def session_saved(self, session: Session) -> None:
        session.in_storage = True
        shard = self.shard(session.client_id)
        self._write_state(Put(shard, stored_form.META, stored_form.encode_session(session)))

    def session_removed(self, session: Session) -> None:
        log = session.log
        if log is not None:
            for delivery in log.order.to_list():
                if delivery.body_id and not delivery.done:
                    self.release_body(delivery.body_id)
            for number in log.numbers:
                self.release_body(number)
        if session.in_storage:
            session.in_storage = False
            self._write_state(Drop(self.shard(session.client_id)))

    def subscribed(self, session: Session, subscription: MqttSubscription) -> None:
        key = stored_form.subscription_key(subscription.full_filter)
        value = stored_form.encode_subscription(subscription)
        self._write_state(Put(self.shard(session.client_id), key, value))

    def unsubscribed(self, session: Session, full_filter: str) -> None:
        key = stored_form.subscription_key(full_filter)
        self._write_state(Delete(self.shard(session.client_id), key))

    def retained_saved(self, message: Publish) -> None:
        value = stored_message.encode_message(message)
        self._write_state(Put(stored_form.RETAINED, message.topic_bytes, value))

    def retained_removed(self, topic: str) -> None:
        self._write_state(Delete(stored_form.RETAINED, topic.encode()))

    # -- messages from the client ----------------------------------------------------------------

    def incoming_saved(self, session: Session, packet_id: int) -> None:
        message = session.incoming[packet_id]
        if message is not None:
            message.stored_incoming = True
            session.in_storage = True
            shard = self.shard(session.client_id)
            value = stored_message.encode_message(message)
            self._write(Put(shard, stored_form.incoming_key(packet_id), value))

    def incoming_done(self, session: Session, packet_id: int) -> None:
        shard = self.shard(session.client_id)
        self._write(Delete(shard, stored_form.incoming_key(packet_id)))

    # -- messages to the client ------------------------------------------------------------------

    def append(self, log: SessionLog, delivery: Delivery) -> None:
        self.context.wrote = True
        message = delivery.message
        held = self._held
        if held is not None and held[1].message is message:
            self._held = None
            self._store_body(message)
            self._append(*held)
        else:
            self.flush()
        if message.body_id in self.bodies:
            self._append(log, delivery)
            return
        message.body_id = 0
        self._held = (log, delivery)
        self._at_end_of_turn()

    def flush(self) -> None:
        held = self._held
        if held is not None:
            self._held = None
            self._append(*held)

    def _append(self, log: SessionLog, delivery: Delivery) -> None:
        message = delivery.message
        number = message.body_id
        delivery.body_id = number
        expires_at = message.expires_at
        if number:
            self.bodies.refer(number)
            expires_at = 0.0  # the reference stays until its session has come to it
        value = stored_message.encode_delivery(delivery, number)
        operation = Append(log.shard, value, None, message.timestamp, expires_at)
        batch = self._hand_over(operation)
        batch.appends.append((log, delivery, operation))
        if message.durability == FSYNC and not batch.synced:
            batch.synced = True
            batch.waiting += 1
            self.context.storage.when_committed(partial(self._committed, batch), FSYNC)

    def _store_body(self, message: Publish) -> None:
        message.body_id = self.bodies.new(message.expires_at)
        key = stored_form.message_key(message.body_id)
        self._hand_over(Put(stored_form.MESSAGES, key, stored_message.encode_message(message)))
        if message.expires_at and message.expires_at == self.bodies.next_expiry():
            self.watch_expiry()

    def release_body(self, body_id: int) -> None:
        if self.bodies.release(body_id):
            self._write_state(Delete(stored_form.MESSAGES, stored_form.message_key(body_id)))
            if self._expiry is not None and len(self.bodies) == 0:
                self.watch_expiry()

    def watch_expiry(self) -> None:
        """Have the next body that expires removed then, whoever still waits for it."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        at = self.bodies.next_expiry()
        if at:
            now: float = self.context.clock.wall
            self._expiry = self.context.timers.after(max(at - now, 0.0), self._expire)

    def _expire(self) -> None:
        self._expiry = None
        for number in self.bodies.expired(self.context.clock.wall):
            self._write_state(Delete(stored_form.MESSAGES, stored_form.message_key(number)))
        self.watch_expiry()

    def put(self, shard: str, key: bytes) -> None:
        self._write_state(Put(shard, key, _NOTED))

    def trim_later(self, log: SessionLog) -> None:
        self._trims.append(log)
        self._at_end_of_turn()

    def read_page(self, log: SessionLog) -> None:
        self.context.services.run_at_once(self.page(log), partial(self._paged, log, log.next))

    async def page(self, log: SessionLog) -> Page:
        """What is in storage from `log.next` on, a page of it. Raises StorageError."""
        adapter = self.context.storage.adapter
        end = log.end
        records = await adapter.read(log.shard, log.next, PAGE_RECORDS, PAGE_BYTES)
        while records and records[-1].offset >= end:
            records.pop()  # committed, but `log` does not know yet
        found: list[Delivery] = []
        numbers = 0
        for record in records:
            number = stored_message.number_of(record.value)
            if number:
                numbers += 1
                delivery = await self._by_number(record, number)
            else:
                delivery = stored_message.decode_delivery(record.value)
            if delivery is not None:
                delivery.offset = record.offset
                found.append(delivery)
        next_offset = records[-1].offset + 1 if records else end
        self.context.stats.dropped_expired += next_offset - log.next - len(records)
        return found, next_offset, numbers

    async def _by_number(self, record: StoredRecord, number: int) -> Delivery | None:
        """A delivery with its body; None if that has expired."""
        key = stored_form.message_key(number)
        body = await self.context.storage.adapter.get(stored_form.MESSAGES, key)
        if body is None:
            self.context.stats.dropped_expired += 1
            return None
        message = stored_message.decode_message(body)
        message.body_id = number
        delivery = stored_message.decode_delivery(record.value, message)
        delivery.body_id = number
        return delivery

    def _paged(self, log: SessionLog, at: int, page: Page | None, error: Exception | None) -> None:
        if log.is_abandoned() or log.next != at:
            return
        if page is not None:
            log.reading = False
            log.page(*page)
            return
        self.context.log.error(
            "queued messages cannot be read; trying again",
            client_id=log.session.client_id,
            reason=str(error),
        )
        self.context.timers.after(RETRY_SECONDS, log.read_again)

    # -- commits -------------------------------------------------------------------------------

    def _write(self, operation: Operation) -> None:
        """Write what its client is told to be stored or not."""
        self.flush()
        self._hand_over(operation)

    def _write_state(self, operation: Operation) -> None:
        """Write what has to be stored sooner or later."""
        self.flush()
        self._hand_over(operation).state.append(operation)

    def _hand_over(self, operation: Operation) -> Batch:
        """Give an operation to storage; returns the batch that it is in."""
        context = self.context
        context.wrote = True
        storage = context.storage
        batch = self._batch
        if batch.number == storage.batch:
            storage.write(operation)
            return batch
        batch = self._batch = Batch(storage.batch)
        if len(self._redo):
            batch.state = self._redo.take()
            for earlier in batch.state:
                storage.write(earlier)
        storage.write(operation)
        self._batches.append(batch)
        storage.when_committed(partial(self._committed, batch))
        return batch

    def _committed(self, batch: Batch, error: Exception | None) -> None:
        batch.waiting -= 1
        batch.error = error or batch.error
        # In the order of the logs, also if a later batch need not wait for a sync.
        while self._batches and self._batches[0].waiting == 0:
            self._finish(self._batches.popleft())

    def _finish(self, batch: Batch) -> None:
        error = batch.error
        for log, delivery, operation in batch.appends:
            if log.is_abandoned():
                if delivery.body_id:
                    self.release_body(delivery.body_id)
            elif error is None:
                delivery.offset = operation.offset
                log.committed(delivery)
            else:
                log.failed(delivery)
        if error is not None and batch.state:
            self._redo.add(batch.state)
            if not self._retrying:
                self._retrying = True
                self.context.timers.after(RETRY_SECONDS, self._retry)

    def _retry(self) -> None:
        self._retrying = False
        for operation in self._redo.take():
            self._write_state(operation)

    def _at_end_of_turn(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self.context.services.soon(self._end_turn)

    def _end_turn(self) -> None:
        self._scheduled = False
        self.flush()
        trims, self._trims = self._trims, []
        for log in trims:
            log.trim_due = False
            obsolete, log.obsolete = log.obsolete, []
            if log.is_abandoned():
                continue
            self._write_state(Trim(log.shard, log.start))
            for key in obsolete:
                self._write_state(Delete(log.shard, key))
