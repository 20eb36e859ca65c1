"""[H] What a message looks like in storage, and a delivery in its session's log.

A message is its publisher and times, followed by a PUBLISH packet of MQTT 5. A delivery is its
options, followed by its message or, if several sessions wait for that, by the message's number.
"""

from __future__ import annotations

import struct
from typing import Final

from robustmq_mqtt.codec.fixed_header import body_start
from robustmq_mqtt.codec.publish import Publish, decode_publish, encode_publish, publish_head
from robustmq_mqtt.codec.wire import V5
from robustmq_mqtt.delivery import Delivery

QOS: Final = 0x03
RETAIN: Final = 0x04
BY_NUMBER: Final = 0x08
"""The message is in the shard of bodies, under the number that follows."""

_MESSAGE_HEAD: Final = struct.Struct("!ddH")
_DELIVERY_HEAD: Final = struct.Struct("!BHH")  # flags, identifiers, bytes of the shared filter
_NUMBER_SIZE: Final = 8
_PLAIN_TAIL: Final = b"\x00\x01\x00"  # packet identifier 1, no properties


def encode_message(message: Publish) -> bytes:
    publisher = message.publisher.encode()
    head = _MESSAGE_HEAD.pack(message.timestamp, message.expires_at, len(publisher))
    flags = message.qos << 1
    if message.retain:
        flags |= 1
    if message.properties is None and message.qos:
        payload = message.payload
        packet = publish_head(message.topic_bytes, flags, 1 + len(payload))
        return b"".join([head, publisher, packet, _PLAIN_TAIL, payload])
    # The topic alias meant something on one connection only.
    properties = message.properties
    encoded = encode_publish(
        message.topic_bytes,
        message.payload,
        message.qos,
        message.retain,
        packet_id=1,
        properties=None if properties is None else properties.of_message(),
        version=V5,
    )
    return head + publisher + encoded


def decode_message(data: bytes, at: int = 0) -> Publish:
    """The message that is encoded from `at` to the end."""
    timestamp, expires_at, length = _MESSAGE_HEAD.unpack_from(data, at)
    publisher_at = at + _MESSAGE_HEAD.size
    start: int = publisher_at + length
    message = decode_publish(data, start, body_start(data, start), len(data), V5)
    message.packet_id = 0
    message.topic = message.topic_bytes.decode()
    message.publisher = data[publisher_at:start].decode()
    message.timestamp = timestamp
    message.expires_at = expires_at
    return message


def expiry_of(data: bytes) -> float:
    """When an encoded message expires, in seconds since the epoch; 0 for never."""
    expires_at: float = _MESSAGE_HEAD.unpack_from(data)[1]
    return expires_at


def encode_delivery(delivery: Delivery, number: int = 0) -> bytes:
    """A delivery with its message, or with the message's number if that is not 0."""
    flags = delivery.qos
    if delivery.retain:
        flags |= RETAIN
    if number:
        flags |= BY_NUMBER
        body = number.to_bytes(_NUMBER_SIZE, "big")
    else:
        body = encode_message(delivery.message)
    identifiers = delivery.identifiers
    if identifiers is None and not delivery.shared:
        return _DELIVERY_HEAD.pack(flags, 0, 0) + body
    shared = delivery.shared.encode()
    if identifiers is None:
        return _DELIVERY_HEAD.pack(flags, 0, len(shared)) + shared + body
    numbers = b"".join([identifier.to_bytes(4, "big") for identifier in identifiers])
    return _DELIVERY_HEAD.pack(flags, len(identifiers), len(shared)) + numbers + shared + body


def number_of(data: bytes) -> int:
    """The number of an encoded delivery's message, 0 if the message itself is there."""
    if not data[0] & BY_NUMBER:
        return 0
    return int.from_bytes(data[len(data) - _NUMBER_SIZE :], "big")


def decode_delivery(data: bytes, message: Publish | None = None) -> Delivery:
    """The delivery; `message` is to be given if only its number is there."""
    flags, count, length = _DELIVERY_HEAD.unpack_from(data)
    at: int = _DELIVERY_HEAD.size
    identifiers: list[int] | None = None
    if count:
        identifiers = [
            int.from_bytes(data[at + 4 * i : at + 4 * i + 4], "big") for i in range(count)
        ]
        at += 4 * count
    shared = ""
    if length:
        shared = data[at : at + length].decode()
        at += length
    if message is None:
        message = decode_message(data, at)
    return Delivery(message, flags & QOS, (flags & RETAIN) != 0, identifiers, shared)
