"""[P] Storage: shards, batches and the adapter interface that every backend implements.

A shard is an ordered log with dense offsets, plus a small keyed space. It comes into being with the
first write to it and is cheap enough to have millions. Everything in one `WriteBatch` happens
together or not at all.

What a log keeps may be limited by age, bytes and count (`Retain`), and any record may expire. An
expired record is never read again; `StorageAdapter.sweep` frees what is expired or beyond a limit,
so a limit is exceeded by at most what is written between two sweeps. Offsets are never reused.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from robustmq_common.spi.operations import (
    Append,
    Delete,
    Drop,
    Operation,
    Put,
    Retain,
    Skip,
    StoredRecord,
    Trim,
    WriteBatch,
)

__all__ = [
    "Append",
    "Bounds",
    "Delete",
    "Drop",
    "Operation",
    "Put",
    "Retain",
    "Skip",
    "Storage",
    "StorageAdapter",
    "StoredRecord",
    "Trim",
    "Usage",
    "WriteBatch",
]


@dataclass(slots=True, frozen=True)
class Bounds:
    """`start` is the oldest offset kept, `end` the one the next record will get.

    A record in between may be gone if it has expired.
    """

    start: int
    end: int


@dataclass(slots=True, frozen=True)
class Usage:
    """What a shard takes: records and keys, and the bytes of both with their values.

    estimated: whether some of it may be gone already (records that have expired), or not counted.
    limits: what the log may keep; None if nobody has said.
    """

    records: int
    log_bytes: int
    keys: int
    key_bytes: int
    estimated: bool = False
    limits: Retain | None = None


class StorageAdapter(ABC):
    """A backend. Methods are called from one event loop; each may suspend.

    Every method raises `robustmq_common.errors.StorageError` when the backend fails, with the
    shard, the operation and the cause in the message.
    """

    name: str
    """What the `storage.adapter` key says, such as "memory"."""

    durability: str = "os"
    """What is configured: "memory", "os" or "fsync"; set by the broker before `open`.

    With "memory", an adapter may do without what only serves to survive a crash. Whether anybody
    waits for `sync` is not its business.
    """

    @abstractmethod
    async def open(self) -> None:
        """Recover and get ready; called once before anything else."""

    @abstractmethod
    async def close(self) -> None:
        """Make everything durable and release the backend."""

    @abstractmethod
    async def commit(self, batch: WriteBatch) -> list[int]:
        """Apply a batch atomically; returns the offsets of its appends, in order.

        Returns when the batch can be read and is in the hands of the operating system, so that it
        survives the process (unless `durability` is "memory"); it does not wait for a disk. Raises
        `ConditionFailed` and writes nothing if an `expected` value does not match.
        """

    @abstractmethod
    async def sync(self) -> None:
        """Return when everything committed before the call survives a power loss.

        Callers at the same time share the work, and none of it is done on the event loop.
        """

    @abstractmethod
    async def read(
        self, shard: str, offset: int, max_records: int, max_bytes: int
    ) -> list[StoredRecord]:
        """Records from `offset` (or the oldest kept, if later) on; at least one if there is any.

        None that has expired. `max_bytes` counts keys and values.
        """

    @abstractmethod
    async def bounds(self, shard: str) -> Bounds:
        """Offsets of a shard's log; (0, 0) for a shard that does not exist."""

    @abstractmethod
    async def offset_at(self, shard: str, timestamp: float) -> int:
        """Offset of the first record no older than `timestamp`; the log's end if there is none.

        It may be that of a record which has expired.
        """

    @abstractmethod
    async def get(self, shard: str, key: bytes) -> bytes | None:
        """Value of a key."""

    @abstractmethod
    async def scan(
        self, shard: str, prefix: bytes = b"", after: bytes = b"", limit: int = 1000
    ) -> list[tuple[bytes, bytes]]:
        """Keys beginning with `prefix` and greater than `after`, in order, with their values."""

    @abstractmethod
    async def shards(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        """Names of shards, in order, greater than `after`."""

    @abstractmethod
    async def sweep(self) -> bool:
        """Forget some of what has expired or is beyond its shard's limits.

        A bounded piece of work, small enough to run between others; returns whether there is more
        to do at once. The broker calls it every `storage.sweep_interval` seconds.
        """

    @abstractmethod
    async def wait_for_change(self, shard: str, end: int) -> None:
        """Return when the log's end is beyond `end`; wakes, never polls."""

    @abstractmethod
    async def usage(self, shard: str) -> Usage:
        """What a shard takes; nothing at all for one that does not exist."""

    @abstractmethod
    async def check(self) -> list[str]:
        """Read everything back and verify it; returns a sentence for each thing that is damaged.

        In bounded steps, off the event loop or between its turns, while others read and write.
        """

    @abstractmethod
    async def compact(self) -> None:
        """Give back the space of what was removed or written over, while others read and write."""

    @abstractmethod
    async def snapshot(self) -> "StorageAdapter":
        """A consistent copy of everything as it is now, opened, to read from while writing goes on.

        It refuses `commit`, `sweep` and `compact` with StorageError; `close` releases it. Close it
        before the adapter it is of.
        """


class Storage(Protocol):
    """What packs write to: collects one turn of the event loop into one commit."""

    @property
    def adapter(self) -> StorageAdapter:
        """For reading, and for writes that must not wait for others."""
        ...

    @property
    def batch(self) -> int:
        """Number of the batch that `write` adds to, one more for each commit."""
        ...

    def write(self, operation: Operation) -> None:
        """Add to the batch that is committed at the end of this turn."""
        ...

    def backlog(self) -> int:
        """Operations that are not committed yet; what nobody waits for is not added to many."""
        ...

    def pending(self) -> bool:
        """Whether anything has been written that is not as durable yet as configured."""
        ...

    def when_committed(
        self, done: Callable[[Exception | None], None], durability: str = ""
    ) -> None:
        """Call back when all that has been written so far is as durable as `durability` says.

        That is "memory", "os" or "fsync", or "" for what is configured. Callbacks of the same
        durability come in the order they were asked for.
        """
        ...
