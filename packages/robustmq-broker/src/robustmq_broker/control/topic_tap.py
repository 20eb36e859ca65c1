"""[D] Looks at what is published, without being a client: nobody's delivery depends on it."""

import asyncio
from collections import deque
from typing import Any, Final

from robustmq_broker.control.encoding import to_text
from robustmq_common.message import Message
from robustmq_common.spi.services import Subscription

WAITING_MAX: Final = 1000
"""Messages that wait for whoever looks; more are dropped, and counted."""


class TopicTap:
    """A subscription of its own.

    minimum_qos: messages with less are not looked at. payload_max: bytes of a payload that are
    kept, which bounds what waits.
    """

    client_id = "robust-ctl"

    def __init__(self, topic_filter: str, minimum_qos: int, payload_max: int) -> None:
        self.topic_filter = topic_filter
        self.dropped = 0
        self._minimum_qos = minimum_qos
        self._payload_max = payload_max
        self._waiting: deque[dict[str, Any]] = deque()
        self._arrived = asyncio.Event()

    @property
    def subscriber(self) -> "TopicTap":
        return self

    def stores(self) -> bool:
        return False

    def available(self) -> bool:
        return True

    def merged(self, others: list[Subscription]) -> "TopicTap":  # noqa: ARG002 - it has one filter
        return self

    def deliver(self, message: Message) -> bool:
        """Never takes a message: a publisher is told that nobody has subscribed if it is alone."""
        if message.qos >= self._minimum_qos:
            if len(self._waiting) >= WAITING_MAX:
                self.dropped += 1
            else:
                self._waiting.append(self.fields(message))
                self._arrived.set()
        return False

    def wants(self, message: Message) -> bool:
        return message.qos >= self._minimum_qos

    def fields(self, message: Message) -> dict[str, Any]:
        """A message as an object: `payload` is the beginning, in base64, `size` that of all."""
        payload = message.payload
        return {
            "topic": message.topic,
            "timestamp": message.timestamp,
            "qos": message.qos,
            "retain": message.retain,
            "publisher": message.publisher,
            "size": len(payload),
            "payload": to_text(bytes(payload[: self._payload_max])),
        }

    async def take(self, limit: int) -> list[dict[str, Any]]:
        """Wait for messages, and take up to `limit` of them."""
        await self._arrived.wait()
        taken = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
        if not self._waiting:
            self._arrived.clear()
        return taken
