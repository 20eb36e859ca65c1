"""[D] What the logs of topics hold, merged by time."""

import heapq
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from typing import Final

from robustmq_broker.consumers.groups import StoredGroup, StoredGroups
from robustmq_broker.consumers.positions import resolve
from robustmq_broker.topic_trie import TopicTrie
from robustmq_common.errors import CallerError
from robustmq_common.message import Message
from robustmq_common.record import decode_record
from robustmq_common.spi.consumers import AtOffset, Position
from robustmq_common.spi.storage import StorageAdapter
from robustmq_common.spi.topics import TOPIC_PREFIX, topic_shard

TOPICS_MAX: Final = 1000
"""Logs that are read at the same time; each holds a page in memory."""
_NAMES: Final = 1000
_PAGE: Final = 20
_PAGE_BYTES: Final = 16 * 1024


class TopicLog:
    """One log, read from `offset` up to `end`, which is where it ended when it was looked up."""

    def __init__(self, adapter: StorageAdapter, shard: str, offset: int, end: int) -> None:
        self.adapter = adapter
        self.shard = shard
        self.offset = offset
        self._end = end
        self._page: deque[tuple[int, Message]] = deque()
        self._read_to = offset

    async def fill(self) -> bool:
        """Have a message ready; False if there is none left."""
        if not self._page and self._read_to < self._end:
            records = await self.adapter.read(self.shard, self._read_to, _PAGE, _PAGE_BYTES)
            self._page.extend(
                (record.offset, decode_record(record.value))
                for record in records
                if record.offset < self._end
            )
            self._read_to = records[-1].offset + 1 if records else self._end
        return bool(self._page)

    def time(self) -> float:
        return self._page[0][1].timestamp

    def take(self) -> Message:
        offset, message = self._page.popleft()
        self.offset = offset + 1
        return message


class TopicHistory:
    """The logs of all topics that match a filter, in all adapters.

    start: where to begin in each log. group: go on where this consumer group has got to, and move
    it behind what was taken whenever `commit` is called; "" for none.
    """

    def __init__(self, topic_filter: str, start: Position, group: str) -> None:
        self._filter = topic_filter
        self._start = start
        self._group = group
        self._logs: list[TopicLog] = []
        self._moved: set[TopicLog] = set()
        self._groups: dict[str, StoredGroup] = {}

    async def open(self, adapters: Mapping[str, StorageAdapter]) -> None:
        """Look the logs up. Raises CallerError if there are more than `TOPICS_MAX`."""
        for adapter in adapters.values():
            if self._group:
                self._groups[adapter.name] = StoredGroups(adapter).group(self._group)
            for shard in await self._matching(adapter):
                bounds = await adapter.bounds(shard)
                position = self._start
                if self._group:
                    committed = await self._groups[adapter.name].position(shard)
                    position = self._start if committed is None else AtOffset(committed)
                offset = await resolve(adapter, shard, position)
                self._logs.append(TopicLog(adapter, shard, offset, bounds.end))

    async def _matching(self, adapter: StorageAdapter) -> list[str]:
        trie = TopicTrie()
        trie.put(_Filter(self._filter))
        levels = self._filter.split("/")
        fixed = next((i for i, one in enumerate(levels) if one in {"+", "#"}), len(levels))
        prefix = topic_shard("/".join(levels[:fixed]))
        found: list[str] = []
        after = ""
        while names := await adapter.shards(prefix, after, _NAMES):
            found += [one for one in names if trie.match(one.removeprefix(TOPIC_PREFIX))]
            if len(found) + len(self._logs) > TOPICS_MAX:
                raise CallerError(
                    f"more than {TOPICS_MAX} topics with a log match {self._filter!r}: choose a "
                    "narrower filter"
                )
            after = names[-1]
        return found

    async def messages(self) -> AsyncGenerator[Message, None]:
        """All messages, the oldest first."""
        heap = [
            (log.time(), place, log) for place, log in enumerate(self._logs) if await log.fill()
        ]
        heapq.heapify(heap)
        while heap:
            _, place, log = heap[0]
            yield log.take()
            self._moved.add(log)
            if await log.fill():
                heapq.heapreplace(heap, (log.time(), place, log))
            else:
                heapq.heappop(heap)

    async def commit(self) -> None:
        """Have the group go on behind what was taken."""
        moved, self._moved = self._moved, set()
        for log in moved:
            if self._group:
                await self._groups[log.adapter.name].commit(log.shard, log.offset)


class _Filter:
    def __init__(self, topic_filter: str) -> None:
        self.topic_filter = topic_filter
