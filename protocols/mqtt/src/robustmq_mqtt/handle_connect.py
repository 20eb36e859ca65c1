"""[H] CONNECT (section 3.1): who is it, may they come in, and by which method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from robustmq_mqtt.codec.connect import connect_version, decode_connect
from robustmq_mqtt.codec.errors import PacketError, ProtocolViolation
from robustmq_mqtt.codec.reason_codes import (
    CLIENT_IDENTIFIER_NOT_VALID,
    NOT_AUTHORIZED,
    PAYLOAD_FORMAT_INVALID,
    QOS_NOT_SUPPORTED,
    RETAIN_NOT_SUPPORTED,
    SERVER_UNAVAILABLE,
)
from robustmq_mqtt.codec.wire import V3, V4, V5
from robustmq_mqtt.connect_complete import complete_connect
from robustmq_mqtt.connection_state import CLOSED, CONNECTING
from robustmq_mqtt.handle_auth import begin_exchange
from robustmq_mqtt.topics import check_topic_name, has_wildcard, is_utf8

if TYPE_CHECKING:
    from robustmq_mqtt.codec.packets import Connect, Will
    from robustmq_mqtt.connection import Connection

ALLOW: Final = 1
PROTOCOL_NAMES: Final = {V3: "MQTT 3.1", V4: "MQTT 3.1.1", V5: "MQTT 5.0"}


def handle_connect(connection: Connection, data: bytes, body: int, end: int) -> None:
    """Check CONNECT and start authentication; raises PacketError, answered with CONNACK."""
    connection.version = connect_version(data, body, end)
    if connection.version == 0:
        refuse_level(connection, data, body, end)
    packet = decode_connect(data, body, end)
    connection.version = packet.version
    connection.state = CONNECTING
    connection.connect = packet
    apply_connect_properties(connection, packet)
    context = connection.context
    if context.stopping:
        raise PacketError(SERVER_UNAVAILABLE, "the server is shutting down")
    check_client_id(connection, packet)
    if packet.will is not None:
        check_will(connection, packet.will)
    connection.client = context.new_client(
        packet.client_id,
        packet.username,
        connection.transport.peer,
        connection.transport.listener,
        PROTOCOL_NAMES[packet.version],
        connection.transport.certificate,
    )
    properties = packet.properties
    if properties is not None and properties.authentication_method is not None:
        begin_exchange(connection, properties.authentication_method, properties.authentication_data)
        return
    connection.suspend()
    context.services.authenticate(
        connection.client, packet.password, Authenticated(connection).done
    )


def refuse_level(connection: Connection, data: bytes, body: int, end: int) -> None:
    """Choose the form of the CONNACK that says that a protocol level is not supported.

    A level above 5 gets it in the form of 5.0 (0x84), an older one in that of 3.1.1 (0x01)
    [MQTT-3.1.2-2]; who does not even name MQTT gets nothing. `decode_connect` then raises.
    """
    level_at = body + 2 + (data[body] << 8 | data[body + 1]) if end - body > 2 else end
    if level_at < end and data[body + 2 : level_at] in (b"MQTT", b"MQIsdp"):
        connection.version = V5 if data[level_at] > V5 else V4


@final
class Authenticated:
    """The callback of the authentication chain."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def done(self, result: Any) -> None:
        connection = self.connection
        if connection.state == CLOSED:
            return
        if result.verdict == ALLOW:
            complete_connect(connection, None)
        else:
            connection.refuse(result.reason_code or NOT_AUTHORIZED, result.reason)


def check_client_id(connection: Connection, packet: Connect) -> None:
    """Empty identifiers get one assigned, where the version allows them (3.1.3.1)."""
    limits = connection.context.limits
    if packet.client_id:
        if len(packet.client_id.encode()) > limits.max_client_id_length:
            raise PacketError(
                CLIENT_IDENTIFIER_NOT_VALID,
                f"the client identifier is longer than {limits.max_client_id_length} bytes",
            )
        return
    if not limits.allow_zero_length_client_id:
        raise PacketError(CLIENT_IDENTIFIER_NOT_VALID, "the client identifier is empty")
    if packet.version == V3 or (packet.version == V4 and not packet.clean_start):
        # [MQTT-3.1.3-8]
        raise PacketError(
            CLIENT_IDENTIFIER_NOT_VALID, "an empty client identifier needs a clean session"
        )
    packet.client_id = "auto-" + connection.context.services.token(16).hex()
    connection.assigned_client_id = True


def check_will(connection: Connection, will: Will) -> None:
    limits = connection.context.limits
    if will.qos > limits.max_qos:
        # [MQTT-3.2.2-12]
        raise PacketError(QOS_NOT_SUPPORTED, f"the will's QoS {will.qos} is above the maximum")
    if will.retain and not limits.retain_available:
        # [MQTT-3.2.2-13]
        raise PacketError(RETAIN_NOT_SUPPORTED, "retained messages are not available")
    check_topic_name(will.topic, limits.max_topic_levels)
    if will.topic.startswith("$SYS/"):
        raise PacketError(NOT_AUTHORIZED, "a will below $SYS/ is not allowed")
    properties = will.properties
    if properties is None:
        return
    if (
        limits.check_payload_format
        and properties.payload_format_indicator == 1
        and not is_utf8(will.payload)
    ):
        raise PacketError(PAYLOAD_FORMAT_INVALID, "the will is not the UTF-8 text it claims to be")
    if properties.response_topic is not None and has_wildcard(properties.response_topic):
        raise ProtocolViolation("the will's Response Topic contains a wildcard")


def apply_connect_properties(connection: Connection, packet: Connect) -> None:
    """What the client says of its own limits (3.1.2.11)."""
    properties = packet.properties
    if properties is None:
        return
    limits = connection.context.limits
    if properties.maximum_packet_size is not None:
        connection.max_packet_out = properties.maximum_packet_size
    if properties.receive_maximum is not None:
        connection.receive_maximum = properties.receive_maximum
    maximum = properties.topic_alias_maximum
    if maximum:
        connection.alias_out_max = min(maximum, limits.max_topic_alias_outgoing)
        if connection.alias_out_max:
            connection.alias_out = {}
    if properties.request_problem_information == 0:
        connection.problem_information = False
    if properties.authentication_data is not None and properties.authentication_method is None:
        raise ProtocolViolation("Authentication Data without an Authentication Method")
