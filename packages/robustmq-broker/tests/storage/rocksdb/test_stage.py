"""A commit on its way: what it puts on the disk, and that nothing is touched before."""

from pathlib import Path

import pytest
from rocksdb_kit import Kit, kit

from robustmq_broker.storage.rocksdb.stage import DEFERRED_MAX, FEW, FREED_AT
from robustmq_common.spi.storage import Append, Delete, Drop, Put, Retain, Trim


def test_nothing_changes_before_it_is_written(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        store.commit(Append("a", b"0"))
        stage = store.stage()
        assert stage.apply([Append("a", b"1"), Append("b", b"0"), Trim("a", 1)]) == [1, 0]
        stage.finish()
        state = store.shards.look_up("a")
        assert state is not None
        assert (state.start, state.end) == (0, 1)
        assert store.shards.look_up("b") is None
        assert stage.next_id == store.next_id + 1


def test_an_append_writes_its_record_only(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        store.commit(Append("a", b"0"))
        stage = store.stage()
        stage.apply([Append("a", b"1")])
        stage.finish()
        assert len(stage.batch) == 1


@pytest.mark.parametrize("count", [3, FEW * 3])
def test_a_dropped_shard_leaves_nothing(tmp_path: Path, count: int) -> None:
    with kit(tmp_path) as store:
        records = [Append("a", b"x") for _ in range(count)]
        keys = [Put("a", b"%d" % number, b"") for number in range(count)]
        store.commit(*records, *keys, Retain("a", records=1))
        store.commit(*(Put("keys", b"%d" % number, b"") for number in range(count)))
        # The last ones are written by the batch that drops them.
        store.commit(Append("a", b"y"), Put("a", b"y", b""), Drop("a"))
        store.commit(Put("keys", b"y", b""), Drop("keys"))
        assert [store.count(family) for family in ("records", "keys", "shards")] == [0, 0, 0]


def test_a_shard_ends_with_its_last_key(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        store.commit(Put("a", b"1", b""), Put("a", b"2", b""), Put("a", b"3", b""))
        store.forget()
        store.commit(Delete("a", b"3"), Delete("a", b"1"))
        assert store.count("shards") == 1
        store.commit(Put("a", b"4", b""), Delete("a", b"2"))
        store.commit(Delete("a", b"absent"))
        assert store.count("shards") == 1
        store.commit(Delete("a", b"4"), Put("a", b"5", b""), Delete("a", b"5"))
        assert store.count("shards") == 0
        assert store.shards.look_up("a") is None


def test_a_shard_with_a_log_outlives_its_keys(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        store.commit(Put("a", b"1", b""), Append("a", b""), Trim("a", 1))
        store.commit(Delete("a", b"1"))
        assert store.commit(Append("a", b"")) == [1]


def test_ids_are_not_given_twice(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        store.commit(Append("a", b"old"))
        first = store.shards.look_up("a")
        store.commit(Drop("a"), Append("a", b"new"))
        second = store.shards.look_up("a")
        assert first is not None
        assert second is not None
        assert second.id > first.id
        assert store.next_id == second.id + 1


def test_removing_expired_records(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        store.commit(*(Append("a", b"%d" % number) for number in range(6)))
        for offsets, start in (([1, 4], 0), ([0], 2), ([2, 3, 5], 6)):
            stage = store.stage()
            stage.expire("a", offsets)
            store.write(stage)
            store.forget()
            state = store.shards.look_up("a")
            assert state is not None
            assert (state.start, state.end) == (start, 6)


def trim_one_by_one(store: Kit, first: int, last: int) -> None:
    for before in range(first + 1, last + 1):
        store.commit(Trim("a", before))


def test_trimmed_records_are_hidden_at_once_and_removed_together(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        store.commit(*(Append("a", b"x") for _ in range(FREED_AT + 10)))
        trim_one_by_one(store, 0, FREED_AT - 1)
        assert bounds(store) == (FREED_AT - 1, FREED_AT + 10)
        assert store.count("records") == FREED_AT + 10
        stage = store.stage()
        stage.apply([Trim("a", FREED_AT)])
        stage.finish()
        # The entry, and one range.
        assert len(stage.batch) == 2
        store.write(stage)
        assert store.count("records") == 10
        assert store.shards.deferred == {}


def test_what_was_trimmed_stays_hidden_after_a_crash_and_goes_with_the_next(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        store.commit(*(Append("a", b"x") for _ in range(2 * FREED_AT)))
        trim_one_by_one(store, 0, 100)
        store.forget()
        assert (bounds(store), store.count("records")) == ((100, 2 * FREED_AT), 2 * FREED_AT)
        store.commit(Trim("a", 100 + FREED_AT))
        assert store.count("records") == FREED_AT - 100


def test_logs_that_are_known_to_have_trimmed_records_are_freed(tmp_path: Path) -> None:
    with kit(tmp_path, limit=16) as store:
        names = [f"shard-{number}" for number in range(DEFERRED_MAX + 5)]
        store.commit(*(Append(name, b"x") for name in names))
        for name in names:
            store.commit(Trim(name, 1))
        # Those beyond the limit have gone at once.
        assert store.count("records") == len(store.shards.deferred) == DEFERRED_MAX
        stage = store.stage()
        for name in names:
            stage.free(name)
        store.write(stage)
        assert (store.count("records"), store.shards.deferred) == (0, {})
        assert bounds(store, names[0]) == (1, 1)


def bounds(store: Kit, name: str = "a") -> tuple[int, int]:
    state = store.shards.look_up(name)
    assert state is not None
    return state.start, state.end
