"""[H] Many PUBLISH frames of one publisher at once, for load: they differ in a few bytes only."""

from typing import Final, final

from robustmq_mqtt.client.stamp import MARK, SIZE, wrapped
from robustmq_mqtt.codec.publish import RETAIN_FLAG, publish_head
from robustmq_mqtt.codec.wire import PACKET_ID, V5

NUMBER: Final = "%n"
"""Stands for the number of the message in a topic template."""
LONGEST_TOPIC: Final = 65_000
"""What MQTT allows, with room for numbers."""


@final
class PublishBatch:
    """Builds frames for one topic template, QoS, version and payload size (bytes).

    `source` is from `stamp.source_of`. With `payload`, every message has exactly that one and no
    stamp; nor has it if `size` is below `stamp.SIZE`. Raises ValueError for a topic of more than
    `LONGEST_TOPIC` bytes.
    """

    def __init__(
        self,
        topic: str,
        size: int,
        source: int,
        qos: int = 0,
        retain: bool = False,
        version: int = V5,
        payload: bytes | None = None,
    ) -> None:
        self.qos = qos
        self._flags = qos << 1 | (RETAIN_FLAG if retain else 0)
        self._empty_properties = b"\x00" if version == V5 else b""
        self._stamped = payload is None and size >= SIZE
        if payload is not None:
            self._filler = payload
        else:
            self._filler = b"x" * (size - SIZE if self._stamped else size)
        self._size = SIZE + len(self._filler) if self._stamped else len(self._filler)
        self._source = MARK + source.to_bytes(4, "big")
        if len(topic.encode()) > LONGEST_TOPIC:
            raise ValueError(f"a topic of {len(topic.encode())} bytes is too long")
        self._topic_parts = [part.encode() for part in topic.split(NUMBER)]
        self._head = self._head_of(topic.encode())

    @property
    def frame_size(self) -> int:
        """Bytes of one frame; of the first, if the topic has the number in it."""
        identifier = 2 if self.qos else 0
        return len(self._head) + identifier + len(self._empty_properties) + self._size

    def frames(self, first: int, packet_ids: list[int], count: int, sent_at: int) -> bytes:
        """The frames of messages `first` to `first + count - 1`, sent at `sent_at` (microseconds).

        Above QoS 0, `packet_ids` has one for each.
        """
        if count <= 0:
            return b""
        if len(self._topic_parts) > 1:
            return self._one_by_one(first, packet_ids, count, sent_at)
        if not self._stamped:
            return self._plain(packet_ids, count)
        tail = wrapped(sent_at).to_bytes(6, "big") + self._filler
        if self.qos:
            return self._numbered(first, packet_ids, count, tail)
        made: list[bytes] = []
        while count > 0:
            # The upper half of the number is the same up to here, so all that differs from frame to
            # frame is two bytes: one join, of which nothing but copying remains.
            low = first & 0xFFFF
            some = min(count, 0x1_0000 - low)
            front = self._front(self._head, first)
            made.append(front)
            made.append((tail + front).join(PACKET_ID[low : low + some]))
            made.append(tail)
            first += some
            count -= some
        return b"".join(made)

    def _head_of(self, topic: bytes) -> bytes:
        return publish_head(topic, self._flags, len(self._empty_properties) + self._size)

    def _front(self, head: bytes, first: int) -> bytes:
        """What comes before the lower half of a message's number."""
        return head + self._empty_properties + self._source + PACKET_ID[first >> 16 & 0xFFFF]

    def _numbered(self, first: int, packet_ids: list[int], count: int, tail: bytes) -> bytes:
        made: list[bytes] = [self._head]
        tail_head = tail + self._head
        front = self._front(b"", first)
        for i in range(count):
            low = (first + i) & 0xFFFF
            if low == 0:
                front = self._front(b"", first + i)
            made.append(PACKET_ID[packet_ids[i]])
            made.append(front)
            made.append(PACKET_ID[low])
            made.append(tail_head)
        made[len(made) - 1] = tail
        return b"".join(made)

    def _plain(self, packet_ids: list[int], count: int) -> bytes:
        rest = self._empty_properties + self._filler
        if not self.qos:
            return (self._head + rest) * count
        made: list[bytes] = []
        for i in range(count):
            made.append(self._head)
            made.append(PACKET_ID[packet_ids[i]])
            made.append(rest)
        return b"".join(made)

    def _one_by_one(self, first: int, packet_ids: list[int], count: int, sent_at: int) -> bytes:
        made: list[bytes] = []
        time = wrapped(sent_at).to_bytes(6, "big")
        for i in range(count):
            number = first + i
            made.append(self._head_of(str(number).encode().join(self._topic_parts)))
            if self.qos:
                made.append(PACKET_ID[packet_ids[i]])
            if self._stamped:
                made.append(self._front(b"", number))
                made.append(PACKET_ID[number & 0xFFFF])
                made.append(time)
            else:
                made.append(self._empty_properties)
            made.append(self._filler)
        return b"".join(made)
