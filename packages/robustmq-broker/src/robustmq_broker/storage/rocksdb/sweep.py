"""[D] One step of forgetting: what has expired, is beyond a log's limits, or was trimmed."""

from collections import defaultdict
from itertools import islice
from typing import Final

from robustmq_broker.storage.rocksdb.layout import (
    LIMITS,
    ShardState,
    after_prefix,
    decode_name,
    pack_expiry,
    unpack_expiry,
)
from robustmq_broker.storage.rocksdb.shards import Shards
from robustmq_broker.storage.rocksdb.stage import Stage
from robustmq_common.kv import Database
from robustmq_common.spi.storage import Trim

_RECORDS: Final = 500
_SHARDS: Final = 50
_LAST: Final = 2**64 - 1


class Sweep:
    """Goes through the expired records by time, and through the shards with limits by name.

    more: whether the last step has left something to do.
    """

    def __init__(self, database: Database, shards: Shards) -> None:
        self._database = database
        self._shards = shards
        self._after = LIMITS
        self.more = False

    def step(self, stage: Stage, now: float) -> None:
        """Add deletions to a commit. now: seconds since the epoch."""
        full = self._expire(stage, now)
        last = after_prefix(LIMITS) or b""
        names = self._database.scan("meta", self._after, last, _SHARDS)
        trims = []
        for key, _ in names:
            name = decode_name(key[len(LIMITS) :])
            state = self._shards.look_up(name)
            if state is not None:
                trims.append(Trim(name, self._start(state, now)))
        stage.apply(trims)
        for name in list(islice(self._shards.deferred, _SHARDS)):
            stage.free(name)
        rest = len(names) == _SHARDS or len(self._shards.deferred) > _SHARDS
        self._after = names[-1][0] + b"\x00" if len(names) == _SHARDS else LIMITS
        self.more = full or rest

    def _expire(self, stage: Stage, now: float) -> bool:
        last = pack_expiry(now, _LAST, _LAST)
        due = self._database.scan("expiry", b"", last, _RECORDS)
        offsets: dict[str, list[int]] = defaultdict(list)
        for place, data in due:
            _, id_, offset = unpack_expiry(place)
            name = decode_name(data)
            state = self._shards.look_up(name)
            # The shard may have been dropped and made anew, or the record trimmed.
            if state is not None and state.id == id_ and state.start <= offset < state.end:
                offsets[name].append(offset)
        for name, gone in offsets.items():
            stage.expire(name, gone)
        stage.forget_expiry(place for place, _ in due)
        return len(due) == _RECORDS

    def _start(self, state: ShardState, now: float) -> int:
        """Where a log with limits has to begin."""
        limits = state.limits
        start = state.start
        if limits is None:
            return start
        if limits.records is not None:
            start = max(start, state.end - limits.records)
        if limits.bytes is not None:
            start = max(start, self._shards.offset_for_size(state, limits.bytes))
        if limits.seconds is not None:
            start = max(start, self._shards.offset_at(state, now - limits.seconds))
        return start
