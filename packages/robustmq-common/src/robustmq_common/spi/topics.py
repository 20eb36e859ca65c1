"""[P] Topics that are kept in a way of their own: what the rules say, and the logs they ask for."""

from dataclasses import dataclass
from typing import Final, Protocol

from robustmq_common.message import Message
from robustmq_common.spi.storage import Storage

TOPIC_PREFIX: Final = "topic/"


@dataclass(slots=True, frozen=True)
class TopicPolicy:
    """What the first matching rule of `[[topics]]` says of a topic.

    adapter: the name of the storage adapter that keeps the topic's log.
    durability: what an acknowledgement promises: "memory", "os" or "fsync".
    logged: whether the topic has a log.
    seconds, bytes, records: limits of that log, as of `robustmq_common.spi.storage.Retain`.
    """

    adapter: str
    durability: str
    logged: bool = False
    seconds: float | None = None
    bytes: int | None = None
    records: int | None = None


class TopicLogs(Protocol):
    """The logs of topics: shard "topic/TOPIC" of the adapter that the topic's policy names."""

    def append(self, message: Message, policy: TopicPolicy) -> Storage:
        """Write a message at the end of its topic's log, with this turn's other writes.

        policy: that of the message's route, `logged`. The value of the record is read with
        `robustmq_common.record.decode_record`.

        Returns the storage it was written to: an acknowledgement that promises the message waits
        for its `when_committed`, with `policy.durability`.
        """
        ...


def topic_shard(topic: str) -> str:
    """The shard that has the log of a topic."""
    return TOPIC_PREFIX + topic
