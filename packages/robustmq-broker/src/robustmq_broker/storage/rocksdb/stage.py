"""[H] One commit on its way: operations become one batch of RocksDB and new states of shards.

Nothing that the adapter holds is touched; it takes over the new states once the batch is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, final

from robustmq_broker.storage.rocksdb.layout import (
    LIMITS,
    NEXT_KEY,
    ShardState,
    encode_name,
    offset_of,
    pack_expiry,
    pack_id,
    pack_long,
    pack_place,
    pack_short,
)
from robustmq_common.spi.operations import Append, Delete, Drop, Operation, Put, Retain, Skip, Trim

if TYPE_CHECKING:
    from robustmq_common.kv import Database

FEW: Final = 64
"""Up to so many keys are deleted one by one. RocksDB sorts the range deletions of a memtable anew
for the first read after each: a page of 500 records takes 0.17 ms, 0.36 ms after a thousand of
them, 7 ms after ten thousand."""
FREED_AT: Final = 4096
"""Trimmed records stay where they are, hidden by the log's start, until there are so many. A log
that is trimmed with each commit has a range deletion per 4096 records then, some tens in a
memtable, where a deletion of each record would cost as much as its append (0.7 us)."""
DEFERRED_MAX: Final = 1000
"""So many logs may have such records; those of others are removed at once. After a crash nobody
knows of them, and they stay until the next range deletion of their log."""
_NOBODY: Final = ShardState(0, 0, 0, 0, 0.0, None)


@final
class Stage:
    """What a commit is going to change.

    look_up: the present state of a shard, None if it does not exist; not to be changed.
    next_id: the id for the first shard that is made.
    deferred: logs with trimmed records that are still there, and the offset where those begin.
    """

    def __init__(
        self,
        database: Database,
        look_up: Callable[[str], ShardState | None],
        next_id: int,
        deferred: dict[str, int],
    ) -> None:
        self._database = database
        self._look_up = look_up
        self._handles = database.handles
        self._first_id = next_id
        self._deferred = deferred
        self._deferring = len(deferred)
        # Keys put (True) or deleted in shards that end with their last key, by shard.
        self._keys: dict[str, dict[bytes, bool]] = {}
        # Shards that a skip brought into being after their last key was deleted.
        self._skipped: set[str] = set()
        self.batch = database.batch()
        self.next_id = next_id
        self.states: dict[str, ShardState | None] = {}
        self.grown: set[str] = set()

    def apply(self, operations: Iterable[Operation]) -> list[int]:
        """Take over operations in their order; returns the offsets of the appends."""
        offsets: list[int] = []
        put = self.batch.put
        records = self._handles["records"]
        current: str | None = None
        state = _NOBODY
        for operation in operations:
            if not isinstance(operation, Append):
                self._other(operation)
                current = None
                continue
            # Those of one shard mostly come together.
            if operation.shard is not current:
                current = operation.shard
                state = self._made(current)
                self.grown.add(current)
            offset = state.end
            timestamp, expires_at = operation.timestamp, operation.expires_at
            if timestamp > state.latest:
                state.latest = timestamp
            key, body = operation.key, operation.value
            if key is None and expires_at == 0.0 and timestamp == state.latest:
                head = pack_short(False, timestamp, state.size)
            else:
                key_field = 0
                if key is not None:
                    body, key_field = key + body, len(key) + 1
                size, latest = state.size, state.latest
                head = pack_long(True, timestamp, size, expires_at, latest, key_field)
            put(pack_place(state.id, offset), head + body, records)
            if expires_at > 0:
                place = pack_expiry(expires_at, state.id, offset)
                put(place, encode_name(operation.shard), self._handles["expiry"])
            state.size += len(body)
            state.end = offset + 1
            operation.offset = offset
            offsets.append(offset)
        return offsets

    def expire(self, name: str, offsets: list[int]) -> None:
        """Remove records; the log's start moves on if the oldest is among them."""
        state = self._copied(name)
        assert state is not None
        for offset in offsets:
            self.batch.delete(pack_place(state.id, offset), self._handles["records"])
        state.stale = True
        gone = set(offsets)
        if state.start not in gone:
            return
        kept = self._database.scan(
            "records",
            pack_place(state.id, state.start),
            pack_place(state.id, state.end),
            len(gone) + 1,
        )
        if state.freed == state.start:
            state.freed = state.end
        state.start = state.end
        for place, _ in kept:
            offset = offset_of(place)
            if offset not in gone:
                state.start = offset
                break
        state.freed = min(state.freed, state.start)

    def forget_expiry(self, places: Iterable[bytes]) -> None:
        for place in places:
            self.batch.delete(place, self._handles["expiry"])

    def finish(self) -> None:
        """Add what all operations together make necessary; once, before the batch is written."""
        for name, changed in self._keys.items():
            self._drop_if_gone(name, changed)
        for name, state in self.states.items():
            if state is not None and state.stale:
                self.batch.put(encode_name(name), state.encode(), self._handles["shards"])
                state.stale = False
        if self.next_id != self._first_id:
            self.batch.put(NEXT_KEY, pack_id(self.next_id), self._handles["meta"])

    def _other(self, operation: Put | Delete | Trim | Skip | Drop | Retain) -> None:
        name = operation.shard
        if isinstance(operation, Put):
            state = self._made(name)
            key = pack_id(state.id) + operation.key
            self.batch.put(key, operation.value, self._handles["keys"])
            if not state.end and state.limits is None:
                self._keys.setdefault(name, {})[operation.key] = True
            return
        if isinstance(operation, Skip):
            self._skip(self._made(name), operation.to)
            self.grown.add(name)
            self._skipped.add(name)
            return
        if isinstance(operation, Retain):
            state = self._made(name)
            state.limits = operation
            state.stale = True
            self.batch.put(LIMITS + encode_name(name), b"", self._handles["meta"])
            return
        existing = self._copied(name)
        if existing is None:
            return
        if isinstance(operation, Delete):
            self.batch.delete(pack_id(existing.id) + operation.key, self._handles["keys"])
            self._keys.setdefault(name, {})[operation.key] = False
            self._skipped.discard(name)
        elif isinstance(operation, Trim):
            self._trim(name, existing, operation.before)
        else:
            self._drop(name, existing)

    def _skip(self, state: ShardState, to: int) -> None:
        if to > state.end:
            if state.start == state.end:
                if state.freed == state.start:
                    state.freed = to
                state.start = to
            state.end = to
            state.stale = True

    def free(self, name: str) -> None:
        """Remove what is trimmed and still there."""
        state = self._copied(name)
        if state is not None:
            self._free(state)

    def _trim(self, name: str, state: ShardState, before: int) -> None:
        stop = min(before, state.end)
        if stop <= state.start:
            return
        state.start = stop
        state.stale = True
        if stop - state.freed < FREED_AT:
            if name in self._deferred:
                return
            if self._deferring < DEFERRED_MAX:
                self._deferring += 1
                return
        self._free(state)

    def _free(self, state: ShardState) -> None:
        records = self._handles["records"]
        if state.start - state.freed <= FEW:
            for offset in range(state.freed, state.start):
                self.batch.delete(pack_place(state.id, offset), records)
        else:
            # From the first one on, for those that nobody knows of after a crash.
            first, last = pack_place(state.id, 0), pack_place(state.id, state.start)
            self.batch.delete_range(first, last, records)
        state.freed = state.start

    def _drop(self, name: str, state: ShardState) -> None:
        first, last = pack_id(state.id), pack_id(state.id + 1)
        if state.end:
            state.start = state.end
            self._free(state)
        keys = self._handles["keys"]
        changed = self._keys.pop(name, {})
        stored = self._database.scan("keys", first, last, FEW + 1)
        if len(stored) + len(changed) <= FEW and not state.end:
            for key in {*(key for key, _ in stored), *(first + key for key in changed)}:
                self.batch.delete(key, keys)
        else:
            # Also what this batch put there, in shards with a log, where no list is kept of it.
            self.batch.delete_range(first, last, keys)
        self.batch.delete(encode_name(name), self._handles["shards"])
        if state.limits is not None:
            self.batch.delete(LIMITS + encode_name(name), self._handles["meta"])
        self.states[name] = None
        self.grown.discard(name)

    def _drop_if_gone(self, name: str, changed: dict[bytes, bool]) -> None:
        """A shard that has no key left, and never had a record or limits, is no more."""
        state = self.states[name]
        if state is None or state.end or state.limits is not None:
            return
        witness = next((key for key, there in changed.items() if there), state.witness)
        if witness is None or not changed.get(witness, True):
            # From the last one: queues in the keyed space leave tombstones at their beginning.
            first, last = pack_id(state.id), pack_id(state.id + 1)
            found = self._database.scan("keys", first, last, len(changed) + 1, reverse=True)
            keys = (key[8:] for key, _ in found)
            witness = next((key for key in keys if changed.get(key, True)), None)
        state.witness = witness
        if witness is None and name not in self._skipped:
            self.batch.delete(encode_name(name), self._handles["shards"])
            self.states[name] = None

    def _copied(self, name: str) -> ShardState | None:
        """The state to change of a shard that may not exist."""
        if name in self.states:
            return self.states[name]
        present = self._look_up(name)
        state = self.states[name] = None if present is None else present.copy()
        return state

    def _made(self, name: str) -> ShardState:
        """The state to change of a shard that comes into being if it does not exist."""
        state = self._copied(name)
        if state is None:
            state = self.states[name] = ShardState(self.next_id, 0, 0, 0, 0.0, None)
            state.stale = True
            self.next_id += 1
        return state
