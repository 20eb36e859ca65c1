"""[H] Reason Strings: said where MQTT 5 has them, the client wants them and they fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robustmq_mqtt.codec.acks import encode_ack
from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.reason_codes import reason_name
from robustmq_mqtt.codec.wire import V5

if TYPE_CHECKING:
    from robustmq_mqtt.connection import Connection

MAX_REASON_BYTES = 1024


def reason_properties(connection: Connection, reason: str) -> Properties | None:
    """A Reason String for any packet but CONNACK and DISCONNECT; None if it is not wanted.

    A client that sets Request Problem Information to 0 gets none [MQTT-3.1.2-29].
    """
    if not reason or connection.version != V5 or not connection.problem_information:
        return None
    return reason_string(reason)


def reason_string(reason: str) -> Properties:
    """A property list with nothing but a Reason String, cut to a sane length.

    Plugins may give reasons that MQTT has no way to write: what it does not allow becomes "?".
    """
    properties = Properties()
    encoded = reason.replace("\0", "?").encode("utf-8", "replace")
    properties.reason_string = encoded[:MAX_REASON_BYTES].decode("utf-8", "ignore")
    return properties


def refused_filter(topic_filters: list[str], codes: list[int]) -> str:
    """Which filter was refused first, and why; empty if all were granted."""
    for i in range(len(codes)):
        if codes[i] >= 0x80:
            return f"{topic_filters[i]!r}: {reason_name(codes[i])}"
    return ""


def fits(connection: Connection, frame: bytes, shorter: bytes) -> bytes:
    """The frame, or the one without Reason String if the client does not take it that large."""
    maximum = connection.max_packet_out
    return shorter if maximum and len(frame) > maximum else frame


def failed_ack(
    connection: Connection, packet_type: int, packet_id: int, code: int, reason: str
) -> bytes:
    """An acknowledgement with a failure code and, if it fits, why [MQTT-3.4.2-2]."""
    short = encode_ack(packet_type, packet_id, code, None, connection.version)
    properties = reason_properties(connection, reason)
    if properties is None:
        return short
    return fits(
        connection, encode_ack(packet_type, packet_id, code, properties, connection.version), short
    )
