"""[H] A session: a client's subscriptions and the messages on their way to it (section 4.1).

Outgoing QoS 1 and 2 messages wait in `queue` until the window (the client's Receive Maximum, capped
by `max_inflight`) has room, then stay in `inflight` by packet identifier until acknowledged. After
a reconnect the unacknowledged ones are in `resend`, in their original order, and go first
[MQTT-4.4.0-1]. Of a durable session all of them are in its log, and are sent once they are safe
there; see `session_log`. Incoming QoS 2 messages are in `incoming` by packet identifier from
PUBLISH to PUBREL; None stands for one that was refused and goes nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from robustmq_mqtt.delivery import RELEASED, SENT, Delivery
from robustmq_mqtt.fifo import DeliveryQueue
from robustmq_mqtt.limits import DISCONNECT_SUBSCRIBER, DROP_OLDEST
from robustmq_mqtt.send_publish import send_delivery, send_qos0
from robustmq_mqtt.session_log import PACKET_IDS, SessionLog
from robustmq_mqtt.shutdown import disconnect_if_drained

if TYPE_CHECKING:
    from robustmq_mqtt.codec.packets import Will
    from robustmq_mqtt.codec.publish import Publish
    from robustmq_mqtt.connection import Connection
    from robustmq_mqtt.context import Context
    from robustmq_mqtt.retained_delivery import RetainedDelivery
    from robustmq_mqtt.subscription import MqttSubscription

IN_MEMORY: Final = "memory"
"""The durability of messages that are lost with the process, and so are not written."""
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
        self.log: SessionLog | None = None
        self.in_storage = False
        self.attended = False
        self.shares = False
        self.incoming: dict[int, Publish | None] = NO_INCOMING
        self.will: Will | None = None
        self.will_timer: Any = None
        self.expiry_timer: Any = None
        self.dropped = 0
        self.ended = False

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
        if subscription.is_shared:
            self.shares = True
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
                return self.keep(Delivery(message, 0, retain, identifiers, ""))
            return False
        if self.queued_qos0 == 0 and connection.can_write():
            send_qos0(connection, message, retain, identifiers)
            return True
        return self.enqueue(Delivery(message, 0, retain, identifiers, ""))

    def send(
        self, message: Publish, qos: int, retain: bool, identifiers: list[int] | None, shared: str
    ) -> bool:
        """Send a QoS 1 or 2 message, or queue it; False if this session does not take it."""
        delivery = Delivery(message, qos, retain, identifiers, shared)
        log = self.log
        if self.expiry_interval or (log is not None and log.waiting()):
            if message.durability != IN_MEMORY:
                return self.keep(delivery)
        elif self.connection is None:
            return False
        connection = self.connection
        if connection is not None and self.may_send(False):
            self.transmit(connection, delivery, self.free_packet_id())
            return True
        return self.enqueue(delivery)

    def may_send(self, retain: bool) -> bool:
        """Whether a new message can go out at once: there is room, and nothing goes before it.

        Retained messages, with `retain`, need not take turns with themselves.
        """
        connection = self.connection
        return (
            connection is not None
            and self.window_used < self.window
            and self.queue.size() == 0
            and self.resend.size() == 0
            and connection.can_write()
            and (retain or self.retained is None or self.retained.lets_pass())
        )

    def has_window(self) -> bool:
        """Whether a message that nothing waits before can be sent, counting those on their way."""
        log = self.log
        used = self.window_used
        if log is not None:
            if log.next < log.end:
                return False
            used += log.pending
        return used < self.window

    def keep(self, delivery: Delivery) -> bool:
        """Put a message into the session's log, within the bound; `send_stored` follows."""
        log = self.session_log()
        maximum = self.context.limits.max_queued_messages
        if maximum:
            if self.connection is not None:
                maximum += self.window - self.window_used
            if self.queue.size() + log.waiting() >= maximum and not self.make_room():
                return False
        log.pending += 1
        self.in_storage = True
        self.context.store.append(log, delivery)
        return True

    def session_log(self) -> SessionLog:
        log = self.log
        if log is None:
            log = SessionLog(self, self.context.store.shard(self.client_id))
            self.log = log
        return log

    def send_stored(self, delivery: Delivery) -> None:
        """Send what is safe in storage now, or queue it."""
        connection = self.connection
        if delivery.qos and connection is not None and self.may_send(delivery.retain):
            assert self.log is not None
            packet_id = self.log.packet_id(delivery)
            if packet_id:
                self.transmit(connection, delivery, packet_id)
                return
        self.line_up(delivery)
        if delivery.qos == 0:
            self.pump()

    def free_packet_id(self) -> int:
        """A packet identifier that nothing in flight has.

        Those of a log's messages begin with 1, so the others of a durable session begin at the end.
        """
        packet_id = self.last_packet_id
        inflight = self.inflight
        step = 1 if self.log is None else -1
        while True:
            packet_id += step
            if packet_id > PACKET_IDS:
                packet_id = 1
            elif packet_id < 1:
                packet_id = PACKET_IDS
            if packet_id not in inflight:
                self.last_packet_id = packet_id
                return packet_id

    def transmit(self, connection: Connection, delivery: Delivery, packet_id: int) -> None:
        """Send a QoS 1 or 2 delivery with a packet identifier that is free."""
        log = self.log
        # Whether a broker that was killed had sent it is not known [MQTT-3.3.1-1].
        dup = log is not None and 0 <= delivery.offset < log.doubtful
        if not send_delivery(connection, delivery, packet_id, dup):
            self.discard(delivery)  # larger than this client accepts [MQTT-3.1.2-25]
            return
        delivery.packet_id = packet_id
        delivery.state = SENT
        delivery.in_window = True
        self.inflight[packet_id] = delivery
        self.window_used += 1

    def enqueue(self, delivery: Delivery) -> bool:
        """Queue a delivery in memory, within the bound and by the configured overflow policy."""
        maximum = self.context.limits.max_queued_messages
        if maximum and self.queue.size() >= maximum and not self.make_room():
            return False
        self.line_up(delivery)
        return True

    def line_up(self, delivery: Delivery) -> None:
        """Put a delivery at the end of the queue in memory."""
        self.queue.append(delivery)
        if delivery.qos == 0:
            self.queued_qos0 += 1

    def make_room(self) -> bool:
        """The queue is full: drop by the configured policy; False if it is the new message."""
        context = self.context
        limits = context.limits
        self.dropped += 1
        context.stats.dropped_queue_full += 1
        if limits.overflow == DISCONNECT_SUBSCRIBER:
            connection = self.connection
            if connection is not None:
                connection.overflow()
            return False
        if limits.overflow != DROP_OLDEST:
            return False
        if self.queue.size():
            self.drop_one_queued()
            return True
        self.dropped -= 1
        context.stats.dropped_queue_full -= 1
        if self.log is not None:
            # The oldest ones are in storage only: the bound is exceeded until they have been read.
            self.log.read()
            if self.queue.size():
                return self.make_room()
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
        self.forget(delivery)

    def forget(self, delivery: Delivery) -> None:
        """A delivery is done with; its log need not keep it."""
        log = self.log
        if delivery.offset >= 0 and log is not None:
            log.finished(delivery)

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
            elif self.queue.size() and (
                retained is None or self.queue.front().retain or retained.lets_pass()
            ):
                if not self.send_queued(connection, now):
                    break
            else:
                break
        if self.log is not None:
            self.log.read_on()
        if retained is not None:
            retained.go_on()

    def send_queued(self, connection: Connection, now: float) -> bool:
        """Send the first of the queue; False if it has to wait for its packet identifier."""
        delivery = self.queue.front()
        packet_id = 0
        if delivery.qos:
            log = self.log
            if delivery.offset >= 0 and log is not None:
                packet_id = log.packet_id(delivery)
            else:
                packet_id = self.free_packet_id()
            if packet_id == 0:
                return False
        self.queue.pop()
        if delivery.message.has_expired(now):
            self.context.stats.dropped_expired += 1  # [MQTT-3.3.2-5]
            self.discard(delivery)
        elif delivery.qos == 0:
            send_qos0(connection, delivery.message, delivery.retain, delivery.identifiers)
            self.discard(delivery)
        else:
            self.transmit(connection, delivery, packet_id)
        return True

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
        log = self.log
        if (
            self.queue.size()
            or self.resend.size()
            or self.retained is not None
            or (log is not None and log.next < log.end)
        ):
            self.pump()
        elif self.context.stopping and self.connection is not None:
            disconnect_if_drained(self.connection)

    def release_slot(self, delivery: Delivery) -> None:
        self.inflight.pop(delivery.packet_id, None)
        if delivery.in_window:
            delivery.in_window = False
            self.window_used -= 1
        self.forget(delivery)

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
        """Messages queued or in flight, in memory or not."""
        log = self.log
        stored = 0 if log is None else log.waiting()
        return self.queue.size() + len(self.inflight) + stored
