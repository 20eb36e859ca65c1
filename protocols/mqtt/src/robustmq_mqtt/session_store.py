"""[P] Writes through to storage what has to outlive a connection or the process."""

import json

from robustmq_common.spi.storage import Delete, Drop, Operation, Put
from robustmq_mqtt import stored_form
from robustmq_mqtt.codec.publish import Publish
from robustmq_mqtt.context import Context
from robustmq_mqtt.delivery import Delivery
from robustmq_mqtt.session import Session
from robustmq_mqtt.subscription import MqttSubscription


class WriteThroughStore:
    """The `SessionStore` over `robustmq_common.spi.storage`; `bind` tells it its pack's context."""

    def __init__(self) -> None:
        self.context: Context | None = None
        self.last_message_id = 0

    def bind(self, context: Context) -> None:
        self.context = context

    def write(self, operation: Operation) -> None:
        context = self.context
        assert context is not None
        context.wrote = True
        context.storage.write(operation)

    def session_saved(self, session: Session) -> None:
        value = stored_form.encode_session(
            session.expiry_interval,
            0.0 if session.connection is not None else session.disconnected_at,
            session.will,
            None if session.client is None else session.client.username,
        )
        self.write(Put(stored_form.session_shard(session.client_id), stored_form.META, value))

    def session_removed(self, session: Session) -> None:
        stored = any(m is not None and m.stored_incoming for m in session.incoming.values())
        for delivery in (*session.inflight.values(), *session.queue.to_list()):
            stored = stored or delivery.stored
            self.release(delivery)
        if session.expiry_interval or stored:
            self.write(Drop(stored_form.session_shard(session.client_id)))

    def subscribed(self, session: Session, subscription: MqttSubscription) -> None:
        value = json.dumps(
            {
                "qos": subscription.qos,
                "no_local": subscription.no_local,
                "retain_as_published": subscription.retain_as_published,
                "retain_handling": subscription.retain_handling,
                "identifier": subscription.identifier,
            }
        ).encode()
        key = stored_form.SUBSCRIPTION + subscription.full_filter.encode()
        self.write(Put(stored_form.session_shard(session.client_id), key, value))

    def unsubscribed(self, session: Session, full_filter: str) -> None:
        key = stored_form.SUBSCRIPTION + full_filter.encode()
        self.write(Delete(stored_form.session_shard(session.client_id), key))

    def delivery_saved(self, session: Session, delivery: Delivery) -> None:
        message = delivery.message
        if not delivery.stored:
            delivery.stored = True
            message.references += 1
            if message.stored_id == 0:
                self.last_message_id += 1
                message.stored_id = self.last_message_id
                key = stored_form.message_key(message.stored_id)
                self.write(Put(stored_form.MESSAGES, key, stored_form.encode_message(message)))
        key = stored_form.delivery_key(delivery.sequence)
        value = stored_form.encode_delivery(delivery)
        self.write(Put(stored_form.session_shard(session.client_id), key, value))

    def delivery_done(self, session: Session, delivery: Delivery) -> None:
        if delivery.stored:
            key = stored_form.delivery_key(delivery.sequence)
            self.write(Delete(stored_form.session_shard(session.client_id), key))
        self.release(delivery)

    def release(self, delivery: Delivery) -> None:
        """One delivery less needs the body; the last one takes it away."""
        if not delivery.stored:
            return
        delivery.stored = False
        message = delivery.message
        message.references -= 1
        if message.references == 0:
            self.write(Delete(stored_form.MESSAGES, stored_form.message_key(message.stored_id)))
            message.stored_id = 0

    def incoming_saved(self, session: Session, packet_id: int) -> None:
        shard = stored_form.session_shard(session.client_id)
        message = session.incoming[packet_id]
        if message is not None:
            message.stored_incoming = True
            value = stored_form.encode_message(message)
            self.write(Put(shard, stored_form.incoming_key(packet_id), value))

    def incoming_done(self, session: Session, packet_id: int) -> None:
        shard = stored_form.session_shard(session.client_id)
        self.write(Delete(shard, stored_form.incoming_key(packet_id)))

    def retained_saved(self, message: Publish) -> None:
        value = stored_form.encode_message(message)
        self.write(Put(stored_form.RETAINED, message.topic_bytes, value))

    def retained_removed(self, topic: str) -> None:
        self.write(Delete(stored_form.RETAINED, topic.encode()))
