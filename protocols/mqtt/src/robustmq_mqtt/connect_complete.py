"""[H] The client is who it says: give it its session and say so with CONNACK (section 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from robustmq_mqtt.access_changes import check_subscriptions
from robustmq_mqtt.codec.connect import encode_connack
from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.reason_codes import (
    NOT_AUTHORIZED,
    PACKET_TOO_LARGE,
    QUOTA_EXCEEDED,
    SESSION_TAKEN_OVER,
    SUCCESS,
    TOPIC_NAME_INVALID,
)
from robustmq_mqtt.codec.wire import V5
from robustmq_mqtt.connection_state import CLOSED, CONNECTED
from robustmq_mqtt.expiry import watch_expiry
from robustmq_mqtt.mountpoint import mounted_topic
from robustmq_mqtt.session import Session
from robustmq_mqtt.session_end import end_session
from robustmq_mqtt.topics import MAX_TOPIC_BYTES
from robustmq_mqtt.will import cancel_will

if TYPE_CHECKING:
    from robustmq_mqtt.codec.packets import Connect
    from robustmq_mqtt.connection import Connection

ALLOW: Final = 1
MAX_RECEIVE: Final = 65_535


def complete_connect(connection: Connection, auth_data: bytes | None) -> None:
    """Take over or make the session, and let its client in once storage knows of it."""
    context = connection.context
    packet = connection.connect
    assert packet is not None
    if not admit(connection, packet):
        return
    # An authenticator may have said who the client really is.
    client_id: str = connection.client.client_id
    take_over(connection, client_id)
    session = context.sessions.get(client_id)
    if session is not None and (packet.clean_start or is_elsewhere(connection, session)):
        context.stats.sessions_discarded += 1
        end_session(session)  # [MQTT-3.1.2-4]
        session = None
    session_present = session is not None
    if session is None:
        # Not sooner: many may be authenticated at the same time, and under another identifier.
        limit = context.limits.max_sessions
        if limit and len(context.sessions) >= limit:
            connection.refuse(QUOTA_EXCEEDED, "mqtt.max_sessions is reached")
            return
        session = Session(context, client_id)
        context.sessions[client_id] = session
        context.stats.sessions_created += 1
    else:
        context.stats.sessions_resumed += 1
        session.disconnected_at = 0.0
        cancel_will(session)
        if session.expiry_timer is not None:
            session.expiry_timer.cancel()
            session.expiry_timer = None
    session.client = connection.client
    session.will = packet.will
    session.expiry_interval = session_expiry(connection, packet)
    connection.session = session
    if session_present and context.authorizes:
        check_subscriptions(session)
    own = connection.client.limits
    if own is not None:
        connection.limited = True
        own.subscribed(session.subscription_count)
    session.attach(connection, min(context.limits.max_inflight, connection.receive_maximum))
    connecting = Connecting(connection, session, session_present, auth_data)
    if session.expiry_interval or session.in_storage:
        # Also if it ends with this connection: a restart has to find that it does.
        context.store.session_saved(session)
        context.set_attended(session, True)
        connection.out_limit = 0  # nothing goes out before CONNACK [MQTT-3.2.0-1]
        context.storage.when_committed(connecting.let_in)
    else:
        connecting.let_in(None)


@final
class Connecting:
    """A CONNECT that waits until storage knows of its session.

    What CONNACK promises is there after a kill then; and of messages that are sent, a restart knows
    that they may have been.
    """

    def __init__(
        self,
        connection: Connection,
        session: Session,
        session_present: bool,
        auth_data: bytes | None,
    ) -> None:
        self.connection = connection
        self.session = session
        self.session_present = session_present
        self.auth_data = auth_data

    def let_in(self, _error: Exception | None) -> None:
        """Answer, and send again what was not acknowledged.

        Also if the session could not be stored, so that what is stored can be read: it is written
        again when that is possible.
        """
        connection = self.connection
        session = self.session
        if connection.state == CLOSED or session.connection is not connection:
            return  # gone, or taken over
        context = connection.context
        packet = connection.connect
        assert packet is not None
        keep_alive = negotiated_keep_alive(connection, packet)
        connection.out_limit = context.limits.outgoing_buffer
        connection.state = CONNECTED
        connection.is_bridge = packet.is_bridge
        connection.connect = None
        connection.start_keep_alive(keep_alive)
        context.stats.connected += 1
        context.stats.connections_accepted += 1
        answer = connack(
            connection, packet, session, self.session_present, keep_alive, self.auth_data
        )
        if connection.max_packet_out and len(answer) > connection.max_packet_out:
            connection.keep_will = False  # it never was connected
            connection.refuse(PACKET_TOO_LARGE, f"CONNACK would have {len(answer)} bytes")
            return
        connection.send(answer)
        if connection.client.expires_at is not None:
            watch_expiry(connection)
        context.log.debug(
            "client connected",
            peer=connection.transport.peer,
            client_id=session.client_id,
            version=packet.version,
            session_present=self.session_present,
        )
        if context.events:
            context.notify("client_connected", connection.client)
        session.pump()
        if connection.limited:
            # Not at once: what came in one piece with CONNECT has to be looked at as limited, too.
            context.services.soon(connection.resume)
        else:
            connection.resume()


def admit(connection: Connection, packet: Connect) -> bool:
    """Let the broker have the last word on who comes in, and take what it adds."""
    client = connection.client
    admission = connection.context.services.admit(client)
    if admission.verdict != ALLOW:
        connection.refuse(admission.reason_code or NOT_AUTHORIZED, admission.reason)
        return False
    connection.admitted = True
    mountpoint: str = client.mountpoint
    if mountpoint:
        connection.mounted = True
        connection.mount = mountpoint.encode()
        if packet.will is not None:
            packet.will.topic = mounted_topic(mountpoint, packet.will.topic)
            if len(packet.will.topic.encode()) > MAX_TOPIC_BYTES:
                connection.refuse(TOPIC_NAME_INVALID, "the will topic is too long")
                return False
    return True


def is_elsewhere(connection: Connection, session: Session) -> bool:
    """Whether a session has another mountpoint: what it has subscribed to is not its client's."""
    owner = session.client
    elsewhere: bool = owner is not None and owner.mountpoint != connection.client.mountpoint
    return elsewhere


def take_over(connection: Connection, client_id: str) -> None:
    """Only one connection has a client id: the older one has to go [MQTT-3.1.4-3]."""
    context = connection.context
    existing = context.sessions.get(client_id)
    if existing is None:
        return
    older = existing.connection
    if older is not None:
        context.stats.sessions_taken_over += 1
        older.disconnect(SESSION_TAKEN_OVER, "another connection uses this client identifier")


def session_expiry(connection: Connection, packet: Connect) -> int:
    """Seconds the session outlives its connection, within what is configured."""
    limits = connection.context.limits
    if packet.version != V5:
        # Clean Session 0 has no expiry in the protocol; the configured one applies.
        return 0 if packet.clean_start else limits.session_expiry_interval
    properties = packet.properties
    if properties is None or properties.session_expiry_interval is None:
        return 0
    return min(properties.session_expiry_interval, limits.max_session_expiry_interval)


def negotiated_keep_alive(connection: Connection, packet: Connect) -> int:
    """Seconds; the server's own value replaces the client's where it is configured (3.2.2.3.14)."""
    limits = connection.context.limits
    keep_alive = packet.keep_alive
    if packet.version != V5:
        return keep_alive  # 3.x cannot be told another value
    if limits.server_keep_alive:
        keep_alive = limits.server_keep_alive
    elif limits.max_keep_alive and (keep_alive == 0 or keep_alive > limits.max_keep_alive):
        keep_alive = limits.max_keep_alive
    return keep_alive


def connack(
    connection: Connection,
    packet: Connect,
    session: Session,
    session_present: bool,
    keep_alive: int,
    auth_data: bytes | None,
) -> bytes:
    """The CONNACK frame; 5.0 gets every limit that differs from the protocol's default."""
    if packet.version != V5:
        return encode_connack(session_present, SUCCESS, None, packet.version)
    limits = connection.context.limits
    given = packet.properties
    properties = Properties()
    asked = None if given is None else given.session_expiry_interval
    if asked is not None and asked != session.expiry_interval:
        properties.session_expiry_interval = session.expiry_interval
    if limits.receive_maximum < MAX_RECEIVE:
        properties.receive_maximum = limits.receive_maximum
    if limits.max_qos < 2:
        properties.maximum_qos = limits.max_qos
    if not limits.retain_available:
        properties.retain_available = 0
    properties.maximum_packet_size = limits.max_packet_size
    if connection.assigned_client_id:
        properties.assigned_client_identifier = session.client_id
    if limits.max_topic_alias:
        properties.topic_alias_maximum = limits.max_topic_alias
    if not limits.wildcard_subscription:
        properties.wildcard_subscription_available = 0
    if not limits.shared_subscription:
        properties.shared_subscription_available = 0
    if keep_alive != packet.keep_alive:
        properties.server_keep_alive = keep_alive
    if given is not None and given.request_response_information == 1:
        if limits.response_information:
            properties.response_information = limits.response_information
    properties.authentication_method = connection.auth_method
    properties.authentication_data = auth_data
    return encode_connack(session_present, SUCCESS, properties, V5)
