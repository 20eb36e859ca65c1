"""[H] PUBACK, PUBREC, PUBREL, PUBCOMP (sections 3.4 to 3.7, 4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from robustmq_mqtt.acknowledge import Failed, acknowledge
from robustmq_mqtt.codec.acks import decode_ack, encode_ack
from robustmq_mqtt.codec.errors import ProtocolViolation
from robustmq_mqtt.codec.reason_codes import PACKET_IDENTIFIER_NOT_FOUND
from robustmq_mqtt.codec.wire import PACKET_ID, PUBACK, PUBCOMP, PUBREC, PUBREL
from robustmq_mqtt.delivery import RELEASED, SENT
from robustmq_mqtt.forward import forward

if TYPE_CHECKING:
    from robustmq_mqtt.codec.publish import Publish
    from robustmq_mqtt.connection import Connection
    from robustmq_mqtt.delivery import Delivery
    from robustmq_mqtt.session import Session

PUBREL_PREFIX: Final = b"\x62\x02"
PUBCOMP_PREFIX: Final = b"\x70\x02"
AGAIN_SECONDS: Final = 1.0
"""When a PUBREL is tried again that storage had to know of and did not take."""


def handle_puback(connection: Connection, packet_id: int) -> None:
    session = connection.session
    assert session is not None
    delivery = session.inflight.get(packet_id)
    # One for a packet that is not in flight is late, not wrong: a reconnect may have resolved it.
    if delivery is not None:
        if delivery.qos != 1:
            raise ProtocolViolation(f"PUBACK {packet_id} answers a QoS 2 message")
        session.finish(delivery)


def handle_pubrec(connection: Connection, packet_id: int, reason_code: int) -> None:
    session = connection.session
    assert session is not None
    delivery = session.inflight.get(packet_id)
    if delivery is None:
        if reason_code < 0x80:
            # [MQTT-4.3.3-4] needs a PUBREL in any case; 5.0 can say that it was not known.
            code = PACKET_IDENTIFIER_NOT_FOUND
            connection.send(encode_ack(PUBREL, packet_id, code, None, connection.version))
        return
    if delivery.qos != 2:
        raise ProtocolViolation(f"PUBREC {packet_id} answers a QoS 1 message")
    if reason_code >= 0x80:
        session.finish(delivery)  # [MQTT-4.3.3-4]: no PUBREL after an error
        return
    release(connection, session, delivery)


def release(connection: Connection, session: Session, delivery: Delivery) -> None:
    """Send PUBREL once storage knows.

    After PUBREL the client takes a PUBLISH with this identifier for another message: it must not
    get one from a broker that has forgotten in a crash that it sent PUBREL [MQTT-4.3.3-6].
    """
    session.context.begin()
    if delivery.state == SENT:
        log = session.log
        if delivery.offset >= 0 and log is not None:
            log.released(delivery)
        else:
            delivery.state = RELEASED
    frame = PUBREL_PREFIX + PACKET_ID[delivery.packet_id]
    if session.context.wrote or connection.acks:
        acknowledge(connection, frame, ReceiptNotStored(session, delivery))
    else:
        connection.send(frame)


@final
class ReceiptNotStored(Failed):
    """That a client has a message could not be stored: its PUBREL waits until that is possible."""

    def __init__(self, session: Session, delivery: Delivery) -> None:
        self.session = session
        self.delivery = delivery

    def storage_failed(self) -> bool:
        self.delivery.state = SENT
        self.session.context.timers.after(AGAIN_SECONDS, self.again)
        return True

    def again(self) -> None:
        connection = self.session.connection
        delivery = self.delivery
        if connection is not None and delivery.in_window and delivery.state == SENT:
            release(connection, self.session, delivery)


def handle_pubrel(connection: Connection, packet_id: int) -> None:
    """The sender lets go of a QoS 2 message: it is ours, and goes on to the subscribers (4.3.3)."""
    session = connection.session
    assert session is not None
    incoming = session.incoming
    if packet_id in incoming:
        message = incoming.pop(packet_id)
        context = session.context
        context.begin()
        if message is not None and message.stored_incoming:
            context.store.incoming_done(session, packet_id)
        out = connection.out
        before = 0 if out is None else len(out)
        if message is not None and not message.has_expired(connection.wall):
            forward(context, message, context.router.route(message.topic))
        frame = PUBCOMP_PREFIX + PACKET_ID[packet_id]
        if context.wrote or context.topic_log is not None or connection.acks:
            failed = None if message is None else NotPassedOn(session, packet_id, message)
            acknowledge(connection, frame, failed)
        else:
            # Ahead of the message itself, for a client that subscribes to what it publishes.
            connection.send_at(before, frame)
    else:
        code = PACKET_IDENTIFIER_NOT_FOUND
        connection.send(encode_ack(PUBCOMP, packet_id, code, None, connection.version))


@final
class NotPassedOn(Failed):
    """A released message could not be stored for its subscribers: it waits for another PUBREL."""

    def __init__(self, session: Session, packet_id: int, message: Publish) -> None:
        self.session = session
        self.packet_id = packet_id
        self.message = message

    def storage_failed(self) -> bool:
        if not self.session.ended:
            self.session.keep_incoming(self.packet_id, self.message)
        return False


def handle_pubcomp(connection: Connection, packet_id: int) -> None:
    session = connection.session
    assert session is not None
    delivery = session.inflight.get(packet_id)
    if delivery is not None:
        if delivery.state != RELEASED:
            raise ProtocolViolation(f"PUBCOMP {packet_id} comes before PUBREL")
        session.finish(delivery)


def handle_other_ack(
    connection: Connection, packet_type: int, data: bytes, body: int, end: int
) -> None:
    """Acknowledgements with a reason code or properties, and malformed ones."""
    ack = decode_ack(data, body, end, packet_type, connection.version)
    if packet_type == PUBACK:
        handle_puback(connection, ack.packet_id)
    elif packet_type == PUBREC:
        handle_pubrec(connection, ack.packet_id, ack.reason_code)
    elif packet_type == PUBREL:
        handle_pubrel(connection, ack.packet_id)
    else:
        handle_pubcomp(connection, ack.packet_id)
