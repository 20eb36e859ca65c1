"""[H] What a batch may do to shards, and the records that are read from them.

Classes with a written `__init__`, compiled: a message makes one or two of them, and a frozen
dataclass with slots takes a microsecond to make, these a twentieth of that.
"""

from typing import final

from mypy_extensions import mypyc_attr


@final
@mypyc_attr(acyclic=True)
class StoredRecord:
    """One entry of a shard's log.

    timestamp is in seconds since the epoch; expires_at likewise, 0 for never.
    """

    def __init__(
        self,
        offset: int,
        value: bytes,
        key: bytes | None = None,
        timestamp: float = 0.0,
        expires_at: float = 0.0,
    ) -> None:
        self.offset = offset
        self.value = value
        self.key = key
        self.timestamp = timestamp
        self.expires_at = expires_at

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoredRecord) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return f"StoredRecord{self._facts()}"

    def _facts(self) -> tuple[int, bytes, bytes | None, float, float]:
        return (self.offset, self.value, self.key, self.timestamp, self.expires_at)


@final
@mypyc_attr(acyclic=True)
class Append:
    """Append to a shard's log; `offset` is set by the commit.

    timestamp and expires_at are as in `StoredRecord`.
    """

    def __init__(
        self,
        shard: str,
        value: bytes,
        key: bytes | None = None,
        timestamp: float = 0.0,
        expires_at: float = 0.0,
        offset: int = -1,
    ) -> None:
        self.shard = shard
        self.value = value
        self.key = key
        self.timestamp = timestamp
        self.expires_at = expires_at
        self.offset = offset

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Append) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return f"Append{self._facts()}"

    def _facts(self) -> tuple[str, bytes, bytes | None, float, float, int]:
        return (self.shard, self.value, self.key, self.timestamp, self.expires_at, self.offset)


@final
@mypyc_attr(acyclic=True)
class Put:
    """Set a key; with `expected` given, only if that is its present value (b"" means absent)."""

    def __init__(
        self,
        shard: str,
        key: bytes,
        value: bytes,
        expected: bytes | None = None,
    ) -> None:
        self.shard = shard
        self.key = key
        self.value = value
        self.expected = expected

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Put) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return f"Put{self._facts()}"

    def _facts(self) -> tuple[str, bytes, bytes, bytes | None]:
        return (self.shard, self.key, self.value, self.expected)


@final
@mypyc_attr(acyclic=True)
class Delete:
    """Remove a key; removing an absent one is fine unless `expected` says otherwise."""

    def __init__(
        self,
        shard: str,
        key: bytes,
        expected: bytes | None = None,
    ) -> None:
        self.shard = shard
        self.key = key
        self.expected = expected

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Delete) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return f"Delete{self._facts()}"

    def _facts(self) -> tuple[str, bytes, bytes | None]:
        return (self.shard, self.key, self.expected)


@final
@mypyc_attr(acyclic=True)
class Trim:
    """Forget all records with offsets below `before`."""

    def __init__(
        self,
        shard: str,
        before: int,
    ) -> None:
        self.shard = shard
        self.before = before

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trim) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return f"Trim{self._facts()}"

    def _facts(self) -> tuple[str, int]:
        return (self.shard, self.before)


@final
@mypyc_attr(acyclic=True)
class Skip:
    """Have the log go on at offset `to`, as if the records up to there had been appended and gone.

    A log that has none begins there, too. The shard comes into being if it does not exist; a log
    that is that far already stays as it is. Restoring a backup gives records their offsets so.
    """

    def __init__(
        self,
        shard: str,
        to: int,
    ) -> None:
        self.shard = shard
        self.to = to

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Skip) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return f"Skip{self._facts()}"

    def _facts(self) -> tuple[str, int]:
        return (self.shard, self.to)


@final
@mypyc_attr(acyclic=True)
class Drop:
    """Delete a shard with everything in it."""

    def __init__(
        self,
        shard: str,
    ) -> None:
        self.shard = shard

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Drop) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return f"Drop{self._facts()}"

    def _facts(self) -> tuple[str]:
        return (self.shard,)


@final
@mypyc_attr(acyclic=True)
class Retain:
    """Limit what a shard's log keeps, in place of any limits it had; None is no limit.

    The shard comes into being if it does not exist. A sweep forgets the oldest records: those with
    a timestamp more than `seconds` ago (up to the first younger one), those beyond the youngest
    `records`, and as many as it takes for the keys and values of the rest to have no more than
    `bytes`. Records that expired in between count until they are at the beginning of the log.
    """

    def __init__(
        self,
        shard: str,
        seconds: float | None = None,
        bytes: int | None = None,  # noqa: A002 - as in the field
        records: int | None = None,
    ) -> None:
        self.shard = shard
        self.seconds = seconds
        self.bytes = bytes
        self.records = records

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Retain) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return f"Retain{self._facts()}"

    def _facts(self) -> tuple[str, float | None, int | None, int | None]:
        return (self.shard, self.seconds, self.bytes, self.records)


Operation = Append | Put | Delete | Trim | Skip | Drop | Retain


@final
class WriteBatch:
    """Operations in the order they take effect, atomically."""

    def __init__(self, operations: list[Operation] | None = None) -> None:
        self.operations = [] if operations is None else operations
