"""[P] What sessions and messages look like in storage.

A session is one shard, "mqtt/session/CLIENT_ID", whose keyed space holds

    m                   the session itself (JSON)
    s FILTER            a subscription (JSON)
    d SEQUENCE (u64)    a delivery: which message, how far it has got
    i PACKET_ID (u16)   a QoS 2 message received from the client and not yet released

Bodies are in the shard "mqtt/messages", keyed by message id (u64), once however many sessions wait
for them; retained messages in "mqtt/retained", keyed by topic. A message is its publisher and times
followed by a PUBLISH packet of MQTT 5.
"""

import json
import struct
from typing import Any, Final

from robustmq_mqtt.codec.fixed_header import body_start
from robustmq_mqtt.codec.packets import Will
from robustmq_mqtt.codec.properties import Properties, decode_properties, encode_properties
from robustmq_mqtt.codec.property_table import WILL
from robustmq_mqtt.codec.publish import Publish, decode_publish, encode_publish
from robustmq_mqtt.codec.wire import V5
from robustmq_mqtt.delivery import Delivery

SESSION_PREFIX: Final = "mqtt/session/"
MESSAGES: Final = "mqtt/messages"
RETAINED: Final = "mqtt/retained"
META: Final = b"m"
SUBSCRIPTION: Final = b"s"
DELIVERY: Final = b"d"
INCOMING: Final = b"i"

_MESSAGE_HEAD = struct.Struct("!ddH")
_DELIVERY_HEAD = struct.Struct("!QBBBHH")


def session_shard(client_id: str) -> str:
    return SESSION_PREFIX + client_id


def message_key(message_id: int) -> bytes:
    return message_id.to_bytes(8, "big")


def delivery_key(sequence: int) -> bytes:
    return DELIVERY + sequence.to_bytes(8, "big")


def incoming_key(packet_id: int) -> bytes:
    return INCOMING + packet_id.to_bytes(2, "big")


def encode_message(message: Publish) -> bytes:
    publisher = message.publisher.encode()
    packet = encode_publish(
        message.topic_bytes,
        message.payload,
        message.qos,
        message.retain,
        packet_id=1,
        properties=kept_properties(message.properties),
        version=V5,
    )
    head = _MESSAGE_HEAD.pack(message.timestamp, message.expires_at, len(publisher))
    return head + publisher + packet


def kept_properties(properties: Properties | None) -> Properties | None:
    """All but the topic alias, which meant something on one connection only."""
    if properties is None:
        return None
    kept = Properties()
    kept.payload_format_indicator = properties.payload_format_indicator
    kept.content_type = properties.content_type
    kept.response_topic = properties.response_topic
    kept.correlation_data = properties.correlation_data
    kept.user_properties = properties.user_properties
    return kept


def decode_message(data: bytes) -> Publish:
    timestamp, expires_at, length = _MESSAGE_HEAD.unpack_from(data)
    start = _MESSAGE_HEAD.size + length
    message = decode_publish(data, start, body_start(data, start), len(data), V5)
    message.packet_id = 0
    message.topic = message.topic_bytes.decode()
    message.publisher = data[_MESSAGE_HEAD.size : start].decode()
    message.timestamp = timestamp
    message.expires_at = expires_at
    return message


def encode_delivery(delivery: Delivery) -> bytes:
    identifiers = delivery.identifiers or []
    head = _DELIVERY_HEAD.pack(
        delivery.message.stored_id,
        delivery.qos,
        delivery.retain,
        delivery.state,
        delivery.packet_id,
        len(identifiers),
    )
    numbers = b"".join(number.to_bytes(4, "big") for number in identifiers)
    return head + numbers + delivery.shared.encode()


def decode_delivery(data: bytes, messages: dict[int, Publish]) -> Delivery | None:
    """The delivery, or None if its message is gone."""
    message_id, qos, retain, state, packet_id, count = _DELIVERY_HEAD.unpack_from(data)
    message = messages.get(message_id)
    if message is None:
        return None
    at = _DELIVERY_HEAD.size
    identifiers = [int.from_bytes(data[at + 4 * i : at + 4 * i + 4], "big") for i in range(count)]
    shared = data[at + 4 * count :].decode()
    delivery = Delivery(message, qos, bool(retain), identifiers or None, shared)
    delivery.state = state
    delivery.packet_id = packet_id
    delivery.stored = True
    return delivery


def encode_session(
    expiry_interval: int, disconnected_at: float, will: Will | None, username: str | None
) -> bytes:
    return json.dumps(
        {
            "expiry_interval": expiry_interval,
            "disconnected_at": disconnected_at,
            "username": username,
            "will": None if will is None else encode_will(will),
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
