"""[H] A session: a client's subscriptions and the messages on their way to it (section 4.1).

Outgoing QoS 1 and 2 messages wait in `queue` until the window (the client's Receive Maximum, capped
by `max_inflight`) has room, then stay in `inflight` by packet identifier until acknowledged. After
a reconnect the unacknowledged ones are in `resend`, in their original order, and go first
[MQTT-4.4.0-1]. Incoming QoS 2 messages are in `incoming` by packet identifier from PUBLISH to
PUBREL; None stands for one that was refused and goes nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from robustmq_mqtt.delivery import RELEASED, SENT, Delivery
from robustmq_mqtt.fifo import DeliveryQueue
from robustmq_mqtt.limits import DISCONNECT_SUBSCRIBER, DROP_OLDEST
from robustmq_mqtt.send_publish import send_delivery, send_qos0
from robustmq_mqtt.shutdown import disconnect_if_drained

if TYPE_CHECKING:
    from robustmq_mqtt.codec.packets import Will
    from robustmq_mqtt.codec.publish import Publish
    from robustmq_mqtt.connection import Connection
    from robustmq_mqtt.context import Context
    from robustmq_mqtt.retained_delivery import RetainedDelivery
    from robustmq_mqtt.subscription import MqttSubscription

NO_INCOMING: Final[dict[int, Publish | None]] = {}
"""What most sessions have, until `keep_incoming`."""


@final
class Session:
    """State that belongs to a client id; `expiry_interval` is in seconds, 0xFFFFFFFF for never."""

    def __init__(self, context: Context, client_id: str) -> None:
        self.context = context
        self.client_id = client_id
        self.client: Any = None
        self.connection: Connection | None = None
        self.expiry_interval = 0
        self.disconnected_at = 0.0
        self.newest_subscription: MqttSubscription | None = None
        self.subscription_count = 0
        self.queue = DeliveryQueue()
        self.queued_qos0 = 0
        self.retained: RetainedDelivery | None = None
        self.inflight: dict[int, Delivery] = {}
        self.resend = DeliveryQueue()
        self.window_used = 0
        self.window = context.limits.max_inflight
        self.upgrade_qos = context.limits.upgrade_qos
        self.last_packet_id = 0
        self.last_sequence = 0
        self.incoming: dict[int, Publish | None] = NO_INCOMING
        self.will: Will | None = None
        self.will_timer: Any = None
        self.expiry_timer: Any = None
        self.dropped = 0
        self.ended = False

    def is_durable(self) -> bool:
        """Whether it outlives its connection, and so is kept in storage."""
        return self.expiry_interval != 0

    # -- subscriptions -----------------------------------------------------------------------

    def subscriptions(self) -> list[MqttSubscription]:
        """All of them, the oldest first."""
        found: list[MqttSubscription] = []
        subscription = self.newest_subscription
        while subscription is not None:
            found.append(subscription)
            subscription = subscription.previous
        found.reverse()
        return found

    def add_subscription(self, subscription: MqttSubscription) -> None:
        newest = self.newest_subscription
        if newest is not None:
            newest.next = subscription
            subscription.previous = newest
        self.newest_subscription = subscription
        self.subscription_count += 1

    def drop_subscription(self, subscription: MqttSubscription) -> None:
        """Forget one that was given up or replaced."""
        following = subscription.next
        previous = subscription.previous
        if previous is not None:
            previous.next = following
        if following is not None:
            following.previous = previous
        else:
            self.newest_subscription = previous
        subscription.next = None
        subscription.previous = None
        subscription.ended = True
        self.subscription_count -= 1

    # -- from the client ---------------------------------------------------------------------

    def keep_incoming(self, packet_id: int, message: Publish | None) -> None:
        """Keep a QoS 2 message until its PUBREL; None for one that goes nowhere."""
        if self.incoming is NO_INCOMING:
            self.incoming = {}
        self.incoming[packet_id] = message

    # -- to the client -----------------------------------------------------------------------

    def send_qos0(self, message: Publish, retain: bool, identifiers: list[int] | None) -> bool:
        """Send a QoS 0 message, or queue it if the client reads too slowly."""
        connection = self.connection
        if connection is None:
            if self.context.limits.queue_qos0_messages and self.expiry_interval:
                return self.enqueue(Delivery(message, 0, retain, identifiers, ""))
            return False
        if self.queued_qos0 == 0 and connection.can_write():
            send_qos0(connection, message, retain, identifiers)
            return True
        return self.enqueue(Delivery(message, 0, retain, identifiers, ""))

    def send(
        self, message: Publish, qos: int, retain: bool, identifiers: list[int] | None, shared: str
    ) -> bool:
        """Send a QoS 1 or 2 message, or queue it; False if this session does not take it."""
        connection = self.connection
        delivery = Delivery(message, qos, retain, identifiers, shared)
        if (
            connection is not None
            and self.window_used < self.window
            and self.queue.size() == 0
            and connection.can_write()
            and (self.retained is None or self.retained.lets_pass())
        ):
            self.transmit(connection, delivery)
            return True
        if connection is None and self.expiry_interval == 0:
            return False
        return self.enqueue(delivery)

    def transmit(self, connection: Connection, delivery: Delivery) -> None:
        """Give a QoS 1 or 2 delivery its packet identifier and send it."""
        packet_id = self.last_packet_id
        inflight = self.inflight
        while True:
            packet_id += 1
            if packet_id > 65_535:
                packet_id = 1
            if packet_id not in inflight:
                break
        if not send_delivery(connection, delivery, packet_id, False):
            self.discard(delivery)  # larger than this client accepts [MQTT-3.1.2-25]
            return
        self.last_packet_id = packet_id
        delivery.packet_id = packet_id
        delivery.state = SENT
        delivery.in_window = True
        inflight[packet_id] = delivery
        self.window_used += 1
        if self.expiry_interval:
            self.save(delivery)

    def enqueue(self, delivery: Delivery) -> bool:
        """Queue a delivery, within the bound and by the configured overflow policy."""
        limits = self.context.limits
        queue = self.queue
        if limits.max_queued_messages and queue.size() >= limits.max_queued_messages:
            self.dropped += 1
            self.context.stats.dropped_queue_full += 1
            if limits.overflow == DISCONNECT_SUBSCRIBER:
                connection = self.connection
                if connection is not None:
                    connection.overflow()
                return False
            if limits.overflow != DROP_OLDEST:
                return False
            self.drop_one_queued()
        queue.append(delivery)
        if delivery.qos == 0:
            self.queued_qos0 += 1
        if self.expiry_interval and (delivery.qos or limits.queue_qos0_messages):
            self.save(delivery)
        return True

    def drop_one_queued(self) -> None:
        """Make room: the oldest QoS 0 message, or else the oldest of all."""
        oldest: Delivery | None = None
        if self.queued_qos0:
            oldest = self.queue.drop_first_qos0()
        if oldest is None:
            oldest = self.queue.pop()
        self.discard(oldest)

    def discard(self, delivery: Delivery) -> None:
        """Forget a delivery that left the queue without being sent."""
        if delivery.qos == 0 and self.queued_qos0:
            self.queued_qos0 -= 1
        if delivery.sequence:
            self.context.store.delivery_done(self, delivery)

    def save(self, delivery: Delivery) -> None:
        if delivery.sequence == 0:
            self.last_sequence += 1
            delivery.sequence = self.last_sequence
        self.context.store.delivery_saved(self, delivery)

    def pump(self) -> None:
        """Send what waits, as far as the window and the socket have room."""
        connection = self.connection
        if connection is None:
            return
        now: float = self.context.clock.wall
        retained = self.retained
        while connection.can_write() and self.window_used < self.window:
            if self.resend.size():
                self.retransmit(connection, self.resend.pop())
            elif self.queue.size() and (retained is None or retained.lets_pass()):
                self.send_queued(connection, self.queue.pop(), now)
            else:
                break
        if retained is not None:
            retained.go_on()

    def send_queued(self, connection: Connection, delivery: Delivery, now: float) -> None:
        if delivery.message.has_expired(now):
            self.context.stats.dropped_expired += 1  # [MQTT-3.3.2-5]
            self.discard(delivery)
        elif delivery.qos == 0:
            send_qos0(connection, delivery.message, delivery.retain, delivery.identifiers)
            self.discard(delivery)
        else:
            self.transmit(connection, delivery)

    def retransmit(self, connection: Connection, delivery: Delivery) -> None:
        """Send an unacknowledged PUBLISH with DUP, or its PUBREL, again [MQTT-4.4.0-1]."""
        if self.inflight.get(delivery.packet_id) is not delivery:
            return  # acknowledged on this connection before its turn came
        delivery.in_window = True
        self.window_used += 1
        if delivery.state == RELEASED:
            connection.send_pubrel(delivery.packet_id)
        elif not send_delivery(connection, delivery, delivery.packet_id, True):
            self.release_slot(delivery)

    # -- acknowledged by the client --------------------------------------------------------------

    def finish(self, delivery: Delivery) -> None:
        """The client is done with an in-flight delivery: its window slot is free for the next."""
        self.release_slot(delivery)
        if self.queue.size() or self.resend.size() or self.retained is not None:
            self.pump()
        elif self.context.stopping and self.connection is not None:
            disconnect_if_drained(self.connection)

    def release_slot(self, delivery: Delivery) -> None:
        self.inflight.pop(delivery.packet_id, None)
        if delivery.in_window:
            delivery.in_window = False
            self.window_used -= 1
        if delivery.sequence:
            self.context.store.delivery_done(self, delivery)

    def attach(self, connection: Connection, window: int) -> None:
        """A new connection: everything unacknowledged has to be sent again, in order."""
        self.connection = connection
        self.window = window
        self.window_used = 0
        self.resend.clear()
        for delivery in self.inflight.values():
            delivery.in_window = False
            self.resend.append(delivery)

    def waiting(self) -> int:
        """Messages queued or in flight."""
        return self.queue.size() + len(self.inflight)
