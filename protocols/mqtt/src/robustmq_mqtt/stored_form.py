"""[H] What sessions look like in storage.

A session is one shard, "mqtt/session/CLIENT_ID". Its log has the messages that wait for it
(`stored_message`), trimmed as they are acknowledged. Its keyed space holds

    m                   the session itself (JSON)
    s FILTER            a subscription (JSON)
    r OFFSET (u64)      PUBREL was sent for this message of the log
    a OFFSET            this message is done with, while one before it is not
    i PACKET_ID (u16)   a QoS 2 message received from the client and not yet released

The bodies that several sessions wait for are in the shard "mqtt/messages", keyed by number (u64);
retained messages in "mqtt/retained", keyed by topic. "mqtt/broker" has `alive`: when the broker was
last seen running, if durable sessions were connected.
"""

import json
from typing import TYPE_CHECKING, Any, Final

from robustmq_mqtt.codec.packets import Will
from robustmq_mqtt.codec.properties import decode_properties, encode_properties
from robustmq_mqtt.codec.property_table import WILL

if TYPE_CHECKING:
    from robustmq_mqtt.session import Session
    from robustmq_mqtt.subscription import MqttSubscription

SESSION_PREFIX: Final = "mqtt/session/"
MESSAGES: Final = "mqtt/messages"
RETAINED: Final = "mqtt/retained"
BROKER: Final = "mqtt/broker"
ALIVE: Final = b"alive"
META: Final = b"m"
SUBSCRIPTION: Final = b"s"
INCOMING: Final = b"i"


def session_shard(client_id: str) -> str:
    return SESSION_PREFIX + client_id


def message_key(number: int) -> bytes:
    return number.to_bytes(8, "big")


def incoming_key(packet_id: int) -> bytes:
    return INCOMING + packet_id.to_bytes(2, "big")


def subscription_key(full_filter: str) -> bytes:
    return SUBSCRIPTION + full_filter.encode()


def encode_session(session: "Session") -> bytes:
    """Everything but its subscriptions and messages.

    `sent` is the offset after the last message that was sent, null while a client is connected:
    then as many as `window` may have been.
    """
    connected = session.connection is not None
    sent = max((delivery.offset + 1 for delivery in session.inflight.values()), default=0)
    client = session.client
    return json.dumps(
        {
            "expiry_interval": session.expiry_interval,
            "disconnected_at": 0.0 if connected else session.disconnected_at,
            "sent": None if connected else sent,
            "window": session.window,
            "username": None if client is None else client.username,
            "tenant": "" if client is None else client.tenant,
            "is_superuser": client is not None and client.is_superuser,
            "mountpoint": "" if client is None else client.mountpoint,
            "will": None if session.will is None else encode_will(session.will),
        }
    ).encode()


def encode_subscription(subscription: "MqttSubscription") -> bytes:
    return json.dumps(
        {
            "qos": subscription.qos,
            "no_local": subscription.no_local,
            "retain_as_published": subscription.retain_as_published,
            "retain_handling": subscription.retain_handling,
            "identifier": subscription.identifier,
        }
    ).encode()


def encode_will(will: Will) -> dict[str, Any]:
    return {
        "topic": will.topic,
        "payload": will.payload.hex(),
        "qos": will.qos,
        "retain": will.retain,
        "properties": encode_properties(will.properties).hex(),
    }


def decode_will(data: dict[str, Any] | None) -> Will | None:
    if data is None:
        return None
    encoded = bytes.fromhex(data["properties"])
    properties = decode_properties(encoded, 0, len(encoded), WILL) if encoded != b"\x00" else None
    payload = bytes.fromhex(data["payload"])
    return Will(data["topic"], payload, data["qos"], data["retain"], properties)
