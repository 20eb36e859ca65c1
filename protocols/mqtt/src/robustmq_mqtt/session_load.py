"""[D] Reads sessions and retained messages back when the broker starts."""

import json
from collections.abc import AsyncIterator

from robustmq_common.spi.storage import Delete, Drop, StorageAdapter
from robustmq_mqtt import stored_form
from robustmq_mqtt.alive import connections_ended_at
from robustmq_mqtt.context import Context
from robustmq_mqtt.delivery import RELEASED, SENT
from robustmq_mqtt.session import Session
from robustmq_mqtt.session_end import end_session, start_expiry
from robustmq_mqtt.session_log import (
    DONE_KEY,
    PACKET_IDS,
    PAGE_BYTES,
    RELEASED_KEY,
    SessionLog,
)
from robustmq_mqtt.session_store import WriteThroughStore
from robustmq_mqtt.stored_message import decode_message, expiry_of, number_of
from robustmq_mqtt.subscription import MqttSubscription
from robustmq_mqtt.topics import ANY_LEVELS, parse_filter
from robustmq_mqtt.will import connection_dropped

PAGE = 1000

Waiting = tuple[SessionLog, int | None, set[int]]
"""A log, the offset after the last message sent if that is known, and those with a PUBREL."""


async def load(context: Context, store: WriteThroughStore) -> None:
    """Rebuild the pack's state; expired sessions and bodies nobody waits for are removed.

    Of the messages that wait, only those are read that may have been sent.
    """
    adapter: StorageAdapter = context.storage.adapter
    ended_at = await connections_ended_at(adapter, context.clock.wall)
    async for key, value in scan(adapter, stored_form.MESSAGES):
        store.bodies.known(int.from_bytes(key, "big"), expiry_of(value))
    publishers: dict[str, str] = {}  # each of them once, however many messages it left
    async for _, value in scan(adapter, stored_form.RETAINED):
        message = decode_message(value)
        message.publisher = publishers.setdefault(message.publisher, message.publisher)
        context.retained_expiry.add(context.retained.set(message.topic, message))
    after = ""
    waiting: list[Waiting] = []
    while names := await adapter.shards(stored_form.SESSION_PREFIX, after, PAGE):
        for name in names:
            waiting += await load_session(context, store, name)
        after = names[-1]
    # Only now is known who refers to which body.
    for log, sent, released in waiting:
        await load_sent(store, log, sent, released)
    for number in store.bodies.unused():
        context.storage.write(Delete(stored_form.MESSAGES, stored_form.message_key(number)))
    store.watch_expiry()
    for session in list(context.sessions.values()):
        resume_waiting(context, session, ended_at)


async def scan(adapter: StorageAdapter, shard: str) -> AsyncIterator[tuple[bytes, bytes]]:
    """All keys of a shard, page by page."""
    after = b""
    while page := await adapter.scan(shard, after=after, limit=PAGE):
        for item in page:
            yield item
        after = page[-1][0]


async def load_session(context: Context, store: WriteThroughStore, shard: str) -> list[Waiting]:
    """A session without its messages; returns what `load_sent` needs if it has any."""
    adapter: StorageAdapter = context.storage.adapter
    session = Session(context, shard[len(stored_form.SESSION_PREFIX) :])
    session.in_storage = True
    context.sessions[session.client_id] = session
    sent: int | None = 0
    released: set[int] = set()
    skipped: set[int] = set()
    async for key, value in scan(adapter, shard):
        kind, rest = key[:1], key[1:]
        if kind == stored_form.META:
            sent = load_meta(context, session, value)
        elif kind == stored_form.SUBSCRIPTION:
            load_subscription(context, session, rest.decode(), value)
        elif kind == stored_form.INCOMING:
            message = decode_message(value)
            message.stored_incoming = True
            session.keep_incoming(int.from_bytes(rest, "big"), message)
        elif kind == RELEASED_KEY:
            released.add(int.from_bytes(rest, "big"))
        elif kind == DONE_KEY:
            skipped.add(int.from_bytes(rest, "big"))
    bounds = await adapter.bounds(shard)
    if bounds.end == 0:
        return []
    log = session.session_log()
    log.start = log.next = bounds.start
    log.end = bounds.end
    if bounds.start == bounds.end:
        return []
    if len(store.bodies):
        await load_numbers(adapter, store, log)
    log.skipped = skipped or None
    return [(log, sent, released)]


def load_meta(context: Context, session: Session, value: bytes) -> int | None:
    """Returns the offset after the last message sent; None if as many as the window may be."""
    meta = json.loads(value)
    session.expiry_interval = meta["expiry_interval"]
    session.disconnected_at = meta["disconnected_at"]
    session.window = meta["window"]
    session.will = stored_form.decode_will(meta["will"])
    client = context.new_client(session.client_id, meta["username"], "?", "?", "MQTT")
    client.tenant = meta["tenant"]
    client.is_superuser = meta["is_superuser"]
    client.mountpoint = meta.get("mountpoint", "")  # 0.1.0 had none
    session.client = client
    sent: int | None = meta["sent"]
    return sent


async def load_numbers(adapter: StorageAdapter, store: WriteThroughStore, log: SessionLog) -> None:
    """Count what the messages of a log refer to."""
    at = log.start
    while records := await adapter.read(log.shard, at, PAGE, PAGE_BYTES):
        for record in records:
            number = number_of(record.value)
            if number:
                store.bodies.refer(number)
                log.numbers.append(number)
        at = records[-1].offset + 1


async def load_sent(
    store: WriteThroughStore, log: SessionLog, sent: int | None, released: set[int]
) -> None:
    """Have what may have been sent in flight again."""
    session = log.session
    left = session.window if sent is None else PACKET_IDS
    if sent is None:
        # More than the window, if a power loss has taken the latest trims.
        log.doubtful = log.end
    while left > 0 and log.next < (log.end if sent is None else sent):
        found, log.next, numbers = await store.page(log)
        del log.numbers[:numbers]
        for delivery in found:
            log.take(delivery)
            if log.skips(delivery):
                continue
            if delivery.qos == 0 or left <= 0 or (sent is not None and delivery.offset >= sent):
                session.line_up(delivery)
                continue
            left -= 1
            delivery.packet_id = log.packet_id(delivery) or session.free_packet_id()
            delivery.state = RELEASED if delivery.offset in released else SENT
            session.inflight[delivery.packet_id] = delivery
    log.clear_front()


def load_subscription(context: Context, session: Session, full: str, value: bytes) -> None:
    options = json.loads(value)
    parsed = parse_filter(full, ANY_LEVELS)
    subscription = MqttSubscription(
        session,
        full,
        options["qos"],
        options["no_local"],
        options["retain_as_published"],
        options["retain_handling"],
        options["identifier"],
    )
    session.add_subscription(subscription)
    context.router.subscribe(parsed.topic_filter, subscription, parsed.group)


def resume_waiting(context: Context, session: Session, ended_at: float) -> None:
    """Go on with a session's expiry and will delay from where they stood."""
    if session.client is None:
        # Without a record of its own it is no session: whatever wrote this was interrupted.
        context.storage.write(Drop(stored_form.session_shard(session.client_id)))
        end_session(session)
        return
    now: float = context.clock.wall
    was_connected = session.disconnected_at == 0.0
    if was_connected:
        session.disconnected_at = ended_at
        context.store.session_saved(session)
    left = session.disconnected_at + session.expiry_interval - now
    if session.expiry_interval == 0 or (left <= 0 and session.expiry_interval != 0xFFFFFFFF):
        end_session(session)
        return
    start_expiry(session, left)
    if session.will is not None:
        connection_dropped(session, now - session.disconnected_at)
