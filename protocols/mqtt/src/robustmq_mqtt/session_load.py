"""[D] Reads sessions and retained messages back when the broker starts."""

import json
from collections.abc import AsyncIterator

from robustmq_common.spi.storage import Delete, Drop, StorageAdapter
from robustmq_mqtt import stored_form
from robustmq_mqtt.codec.publish import Publish
from robustmq_mqtt.context import Context
from robustmq_mqtt.delivery import QUEUED
from robustmq_mqtt.session import Session
from robustmq_mqtt.session_end import end_session, start_expiry
from robustmq_mqtt.session_store import WriteThroughStore
from robustmq_mqtt.subscription import MqttSubscription
from robustmq_mqtt.topics import ANY_LEVELS, parse_filter
from robustmq_mqtt.will import connection_dropped

PAGE = 1000


async def load(context: Context, store: WriteThroughStore) -> None:
    """Rebuild the pack's state; expired sessions and bodies nobody waits for are removed."""
    adapter: StorageAdapter = context.storage.adapter
    messages: dict[int, Publish] = {}
    async for key, value in scan(adapter, stored_form.MESSAGES):
        message = stored_form.decode_message(value)
        message.stored_id = int.from_bytes(key, "big")
        messages[message.stored_id] = message
        store.last_message_id = max(store.last_message_id, message.stored_id)
    publishers: dict[str, str] = {}  # each of them once, however many messages it left
    async for _, value in scan(adapter, stored_form.RETAINED):
        message = stored_form.decode_message(value)
        message.publisher = publishers.setdefault(message.publisher, message.publisher)
        context.retained_expiry.add(context.retained.set(message.topic, message))
    after = ""
    while names := await adapter.shards(stored_form.SESSION_PREFIX, after, PAGE):
        for name in names:
            await load_session(context, adapter, name, messages)
        after = names[-1]
    for message in messages.values():
        if message.references == 0:
            key = stored_form.message_key(message.stored_id)
            context.storage.write(Delete(stored_form.MESSAGES, key))
    for session in list(context.sessions.values()):
        resume_waiting(context, session)


async def scan(adapter: StorageAdapter, shard: str) -> AsyncIterator[tuple[bytes, bytes]]:
    """All keys of a shard, page by page."""
    after = b""
    while page := await adapter.scan(shard, after=after, limit=PAGE):
        for item in page:
            yield item
        after = page[-1][0]


async def load_session(
    context: Context, adapter: StorageAdapter, shard: str, messages: dict[int, Publish]
) -> None:
    session = Session(context, shard[len(stored_form.SESSION_PREFIX) :])
    context.sessions[session.client_id] = session
    async for key, value in scan(adapter, shard):
        kind, rest = key[:1], key[1:]
        if kind == stored_form.META:
            load_meta(context, session, value)
        elif kind == stored_form.SUBSCRIPTION:
            load_subscription(context, session, rest.decode(), value)
        elif kind == stored_form.INCOMING:
            message = stored_form.decode_message(value)
            message.stored_incoming = True
            session.keep_incoming(int.from_bytes(rest, "big"), message)
        elif kind == stored_form.DELIVERY:
            load_delivery(session, int.from_bytes(rest, "big"), value, messages)


def load_meta(context: Context, session: Session, value: bytes) -> None:
    meta = json.loads(value)
    session.expiry_interval = meta["expiry_interval"]
    session.disconnected_at = meta["disconnected_at"]
    session.will = stored_form.decode_will(meta["will"])
    session.client = context.new_client(session.client_id, meta["username"], "?", "?", "MQTT")


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


def load_delivery(
    session: Session, sequence: int, value: bytes, messages: dict[int, Publish]
) -> None:
    delivery = stored_form.decode_delivery(value, messages)
    if delivery is None:
        return
    delivery.sequence = sequence
    delivery.message.references += 1
    session.last_sequence = max(session.last_sequence, sequence)
    if delivery.state == QUEUED:
        session.queue.append(delivery)
        session.queued_qos0 += delivery.qos == 0
    else:
        session.inflight[delivery.packet_id] = delivery
        session.last_packet_id = delivery.packet_id


def resume_waiting(context: Context, session: Session) -> None:
    """Go on with a session's expiry and will delay from where they stood."""
    if session.client is None:
        # Without a record of its own it is no session: whatever wrote this was interrupted.
        context.storage.write(Drop(stored_form.session_shard(session.client_id)))
        end_session(session)
        return
    now: float = context.clock.wall
    was_connected = session.disconnected_at == 0.0
    if was_connected:
        session.disconnected_at = now
        context.store.session_saved(session)
    left = session.disconnected_at + session.expiry_interval - now
    if session.expiry_interval == 0 or (left <= 0 and session.expiry_interval != 0xFFFFFFFF):
        end_session(session)
        return
    start_expiry(session, left)
    if session.will is not None:
        connection_dropped(session, now - session.disconnected_at)
