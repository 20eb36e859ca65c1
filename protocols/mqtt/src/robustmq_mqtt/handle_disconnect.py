"""[H] DISCONNECT from a client (section 3.14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robustmq_mqtt.codec.disconnect_auth import decode_disconnect
from robustmq_mqtt.codec.errors import ProtocolViolation
from robustmq_mqtt.codec.reason_codes import NORMAL_DISCONNECTION
from robustmq_mqtt.codec.wire import V5

if TYPE_CHECKING:
    from robustmq_mqtt.connection import Connection


def handle_disconnect(connection: Connection, data: bytes, body: int, end: int) -> None:
    """End the connection; only reason code 0 discards the will [MQTT-3.14.4-3]."""
    packet = decode_disconnect(data, body, end, connection.version)
    session = connection.session
    if packet.properties is not None and session is not None:
        interval = packet.properties.session_expiry_interval
        if interval is not None:
            if session.expiry_interval == 0 and interval != 0:
                # 3.14.2.2.2
                raise ProtocolViolation("DISCONNECT gives a session an expiry that had none")
            limit = connection.context.limits.max_session_expiry_interval
            session.expiry_interval = min(interval, limit)
    connection.keep_will = connection.version == V5 and packet.reason_code != NORMAL_DISCONNECTION
    connection.close_with(packet.reason_code & 0x7F, "the client disconnected")
