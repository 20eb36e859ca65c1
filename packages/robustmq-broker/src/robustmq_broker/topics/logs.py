"""[P] The logs of topics: what is published is kept, whether anybody has subscribed or not."""

from collections.abc import Callable
from functools import partial
from typing import Final

from robustmq_common.message import Message
from robustmq_common.record import encode_record
from robustmq_common.spi.services import Metrics
from robustmq_common.spi.storage import Append, Retain, Storage
from robustmq_common.spi.topics import TopicPolicy, topic_shard

BACKLOG_MAX: Final = 50_000
"""Operations that wait for a storage before QoS 0 messages are left out: nothing holds their
publishers back, as an acknowledgement does with the others."""
KNOWN_MAX: Final = 65_536
"""Logs whose limits are remembered to be written: about 100 bytes each beside their names."""


class StoredTopicLogs:
    """The broker's `TopicLogs`.

    storage_of: the storage of an adapter by its name.

    Counts `topics.logged.messages`, `topics.logged.bytes` (as stored) and `topics.logged.dropped`.
    """

    def __init__(self, storage_of: Callable[[str], Storage], metrics: Metrics) -> None:
        self._storage_of = storage_of
        self._metrics = metrics
        # Logs whose limits are as their policy has them, since this start.
        self._limited: dict[str, TopicPolicy] = {}

    def append(self, message: Message, policy: TopicPolicy) -> Storage:
        """Write a message at the end of its topic's log; see `TopicLogs.append`.

        Raises ValueError for a message that `encode_record` does not take.
        """
        storage = self._storage_of(policy.adapter)
        if message.qos == 0 and storage.backlog() >= BACKLOG_MAX:
            self._metrics.count("topics.logged.dropped")
            return storage
        value = encode_record(message)
        shard = topic_shard(message.topic)
        if self._limited.get(shard) is not policy:
            self._limit(storage, shard, policy)
        storage.write(Append(shard, value, message.key, message.timestamp, message.expires_at))
        self._metrics.count("topics.logged.messages")
        self._metrics.count("topics.logged.bytes", len(value))
        return storage

    def _limit(self, storage: Storage, shard: str, policy: TopicPolicy) -> None:
        # Also without any limits: an earlier start may have had some. Those that are forgotten
        # here are written once more, which changes nothing.
        if len(self._limited) >= KNOWN_MAX:
            self._limited.clear()
        storage.write(Retain(shard, policy.seconds, policy.bytes, policy.records))
        self._limited[shard] = policy
        storage.when_committed(partial(self._written, shard), "os")

    def _written(self, shard: str, error: Exception | None) -> None:
        if error is not None:
            self._limited.pop(shard, None)
