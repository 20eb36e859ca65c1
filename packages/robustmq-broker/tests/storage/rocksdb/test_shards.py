"""States are found on the disk, kept within a bound, and searched by time and size."""

from pathlib import Path

from rocksdb_kit import Kit, kit

from robustmq_broker.storage.rocksdb.layout import ShardState
from robustmq_common.spi.storage import Append, Drop, Trim


def state_of(store: Kit, name: str) -> ShardState:
    state = store.shards.look_up(name)
    assert state is not None
    return state


def test_the_end_is_found_at_the_last_record(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        store.commit(Append("a", b"0", b"key", timestamp=9.0), Append("b", b"0"))
        store.commit(Append("a", b"12", timestamp=5.0))
        store.forget()
        state = state_of(store, "a")
        assert (state.start, state.end, state.size, state.latest) == (0, 2, 6, 9.0)


def test_the_end_outlives_the_last_record(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        store.commit(Append("a", b"123", timestamp=9.0))
        store.commit(Trim("a", 1))
        store.forget()
        state = state_of(store, "a")
        assert (state.start, state.end, state.size, state.latest) == (1, 1, 3, 9.0)


def test_only_the_least_recently_used_are_forgotten(tmp_path: Path) -> None:
    with kit(tmp_path, limit=2) as store:
        store.commit(Append("a", b""))
        store.commit(Append("b", b""))
        first = state_of(store, "a")
        store.commit(Append("c", b""))
        assert state_of(store, "a") is first
        assert state_of(store, "b").end == 1
        store.commit(Drop("b"))
        assert store.shards.look_up("b") is None


def test_searching_by_time_also_when_a_clock_has_gone_back(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        times = [10.0, 50.0, 20.0, 30.0, 60.0, 40.0]
        store.commit(*(Append("a", b"", timestamp=at) for at in times))
        for trimmed in range(len(times) + 1):
            store.commit(Trim("a", trimmed))
            state = state_of(store, "a")
            for at in (0.0, 10.0, 15.0, 20.0, 35.0, 50.0, 55.0, 60.0, 61.0):
                kept = [offset for offset in range(trimmed, 6) if times[offset] >= at]
                assert store.shards.offset_at(state, at) == min(kept, default=6)


def test_searching_by_size(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        store.commit(*(Append("a", bytes(size)) for size in (5, 0, 3, 2)))
        state = state_of(store, "a")
        starts = [store.shards.offset_for_size(state, size) for size in (0, 1, 2, 4, 5, 9, 10)]
        assert starts == [4, 4, 3, 3, 1, 1, 0]
