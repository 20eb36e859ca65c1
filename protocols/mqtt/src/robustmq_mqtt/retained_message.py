"""[H] A retained message at rest.

A Publish has room for the frames of a fan-out and for its place in storage. A message that waits
for subscribers to come needs neither, and there may be a million of them.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import mypyc_attr

from robustmq_mqtt.codec.properties import decode_properties
from robustmq_mqtt.codec.publish import Publish
from robustmq_mqtt.codec.wire import PUBLISH, encode_varint

GONE: Final = 1 << 61
"""The `serial` of a message that was replaced or removed: greater than any that is given."""


# Out of the garbage collector's sight: it refers to nothing that could refer to it.
@final
@mypyc_attr(acyclic=True)
class RetainedMessage:
    """What a topic retains, set as number `serial` of all.

    `forwarded` holds the properties as `Publish.forwarded` encodes them. `timestamp` and
    `expires_at` are seconds since the epoch, `expires_at` 0 for never.
    """

    def __init__(self, message: Publish, serial: int) -> None:
        self.topic_bytes = message.topic_bytes
        self.payload = message.payload
        self.forwarded = message.forwarded()
        self.publisher = message.publisher
        self.timestamp = message.timestamp
        self.expires_at = message.expires_at
        self.qos = message.qos
        self.serial = serial

    def is_plain(self) -> bool:
        """Whether a 5.0 subscriber without extras of its own gets an empty property list."""
        return self.expires_at == 0.0 and not self.forwarded

    def has_expired(self, now: float) -> bool:
        return self.expires_at != 0.0 and now >= self.expires_at

    def to_publish(self) -> Publish:
        """The message as it was published, to be sent."""
        publish = Publish(self.topic_bytes, self.qos, True)
        publish.topic = self.topic_bytes.decode()
        publish._payload = self.payload
        publish.publisher = self.publisher
        publish.timestamp = self.timestamp
        publish.expires_at = self.expires_at
        forwarded = self.forwarded
        if forwarded:
            encoded = encode_varint(len(forwarded)) + forwarded
            publish.properties = decode_properties(encoded, 0, len(encoded), PUBLISH)
            publish._forwarded = forwarded
        return publish
