"""[D] What the adapter knows of shards: read from the disk when asked for, and kept for a while."""

from collections import OrderedDict
from collections.abc import Mapping

from robustmq_broker.storage.rocksdb.layout import (
    ShardState,
    decode_entry,
    decode_totals,
    encode_name,
    offset_of,
    pack_place,
)
from robustmq_common.kv import Database


class Shards:
    """States by name; those least recently used are forgotten beyond `limit`.

    deferred: logs with trimmed records that are still there, and the offset where those begin.
    """

    def __init__(self, database: Database, limit: int) -> None:
        self._database = database
        self._limit = limit
        self._states: OrderedDict[str, ShardState] = OrderedDict()
        self.deferred: dict[str, int] = {}

    def look_up(self, name: str) -> ShardState | None:
        """The state of a shard, None if it does not exist. Raises StorageError."""
        state = self._states.get(name)
        if state is not None:
            self._states.move_to_end(name)
            return state
        state = self._load(name)
        if state is not None:
            self._keep(name, state)
        return state

    def adopt(self, states: Mapping[str, ShardState | None]) -> None:
        """These were written; None for shards that are gone."""
        for name, state in states.items():
            if state is None:
                self._states.pop(name, None)
            else:
                self._keep(name, state)
            if state is not None and state.freed < state.start:
                self.deferred[name] = state.freed
            else:
                self.deferred.pop(name, None)

    def offset_at(self, state: ShardState, timestamp: float) -> int:
        """Offset of the first record no older than a timestamp; the log's end if there is none."""
        low, high = state.start, state.end
        # The latest timestamp up to a record only grows, also when a clock has gone back.
        while low < high:
            middle = (low + high) // 2
            found = self._first(state, middle)
            if found is None or decode_totals(found[1])[1] >= timestamp:
                high = middle
            else:
                low = offset_of(found[0]) + 1
        # What made it grow to here may be forgotten already: then it is one of those that follow.
        while (found := self._first(state, low)) is not None:
            if decode_totals(found[1])[0] >= timestamp:
                return offset_of(found[0])
            low = offset_of(found[0]) + 1
        return state.end

    def offset_for_size(self, state: ShardState, size: int) -> int:
        """The first offset from which on the log has no more than `size` bytes."""
        low, high = state.start, state.end
        while low < high:
            middle = (low + high) // 2
            found = self._first(state, middle)
            if found is None or state.size - decode_totals(found[1])[2] <= size:
                high = middle
            else:
                low = offset_of(found[0]) + 1
        return low

    def _first(self, state: ShardState, offset: int) -> tuple[bytes, bytes] | None:
        """The first record at an offset or after it."""
        last = pack_place(state.id, state.end)
        found = self._database.scan("records", pack_place(state.id, offset), last, 1)
        return found[0] if found else None

    def _load(self, name: str) -> ShardState | None:
        data = self._database.get("shards", encode_name(name))
        if data is None:
            return None
        state = decode_entry(name, data)
        first, last = pack_place(state.id, state.end), pack_place(state.id + 1, 0)
        newer = self._database.scan("records", first, last, 1, reverse=True)
        if newer:
            place, record = newer[0]
            _, state.latest, _, state.size = decode_totals(record)
            state.end = offset_of(place) + 1
        state.freed = self.deferred.get(name, state.start)
        return state

    def _keep(self, name: str, state: ShardState) -> None:
        self._states[name] = state
        self._states.move_to_end(name)
        if len(self._states) > self._limit:
            self._states.popitem(last=False)
