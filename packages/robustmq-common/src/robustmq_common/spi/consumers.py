"""[P] Consumer groups: named positions in shards, kept in the storage that has the shards.

A group is a name under which somebody reads logs: it remembers, for each shard, the offset of the
next record it wants. Who reads under that name is not told apart; several that do move the position
with `expected`, so that none goes back over what another has done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from robustmq_common.spi.storage import Operation, StorageAdapter, StoredRecord


@dataclass(slots=True, frozen=True)
class AtOffset:
    """The record with this offset."""

    offset: int


@dataclass(slots=True, frozen=True)
class AtTime:
    """The first record no older than this, in seconds since the epoch."""

    timestamp: float


class Edge(StrEnum):
    """An end of a log: its oldest record, or the one that will come next."""

    EARLIEST = "earliest"
    LATEST = "latest"


Position = AtOffset | AtTime | Edge
"""Where in a log to read from."""


class Reset(StrEnum):
    """Where a group goes on in a log if it has no position, or one that is not there any more.

    The latter if records were removed before the group has read them, or if the shard was dropped
    and made anew. ERROR raises `robustmq_common.errors.OffsetOutOfRange`.
    """

    EARLIEST = "earliest"
    LATEST = "latest"
    ERROR = "error"


@dataclass(slots=True, frozen=True)
class Lag:
    """How far a group is in one shard.

    position: the next offset it wants. start, end: the bounds of the log. lag: how many offsets are
    still to come; some of their records may have expired.
    """

    shard: str
    position: int
    start: int
    end: int

    @property
    def lag(self) -> int:
        return self.end - min(max(self.position, self.start), self.end)


class ConsumerGroup(Protocol):
    """One group. All methods raise StorageError when the storage fails."""

    @property
    def name(self) -> str: ...

    async def fetch(
        self,
        shard: str,
        max_records: int = 500,
        max_bytes: int = 1_048_576,
        *,
        wait: bool = False,
    ) -> list[StoredRecord]:
        """Records from the committed position on; the same ones again until it is moved.

        At least one if there is any; `max_bytes` counts keys and values. With `wait` it returns
        only when there is one: woken by the commit, without polling. Raises OffsetOutOfRange as
        `Reset` says.
        """
        ...

    async def position(self, shard: str) -> int | None:
        """The committed position; None if there is none."""
        ...

    async def commit(
        self,
        shard: str,
        offset: int,
        writes: Sequence[Operation] = (),
        expected: int | None = None,
    ) -> None:
        """Remember that everything below `offset` has been dealt with, as durably as configured.

        writes: what the consumer made of the records, written together with the position or not
        at all; to the same adapter. expected: commit only if that is the present position, -1 for
        none; raises ConditionFailed, with nothing written, if it is another.
        """
        ...

    async def seek(self, shard: str, position: Position) -> int:
        """Move to another place of a log, forth or back; returns the offset of that place."""
        ...

    async def lags(self) -> list[Lag]:
        """How far the group is, for all shards it has a position in, by name."""
        ...


class ConsumerGroups(Protocol):
    """The groups of a broker. Without an adapter named, those of `storage.adapter`."""

    def group(
        self, name: str, adapter: StorageAdapter | None = None, reset: Reset = Reset.EARLIEST
    ) -> ConsumerGroup:
        """A group by its name; it comes into being with its first commit. Raises CallerError."""
        ...

    async def names(self, adapter: StorageAdapter | None = None) -> list[str]:
        """The names of all groups, in order."""
        ...

    async def delete(self, name: str, adapter: StorageAdapter | None = None) -> bool:
        """Forget a group with its positions; False if there was none."""
        ...
