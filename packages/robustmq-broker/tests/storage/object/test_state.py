"""The state of shards: where records are, which segments are in use, what a generation captures."""

from math import inf

from robustmq_broker.storage.object.changes import Changes, Entry
from robustmq_broker.storage.object.segment import Extent
from robustmq_broker.storage.object.state import Generation, Segment, State, live_records, weight
from robustmq_common.spi.storage import Append, Delete, Drop, Operation, Put, Retain, Trim


def stored_state() -> State:
    """Shard "a" with two segments, 5 records each."""
    state = State()
    extents = [Extent(1, 0, 5, 50, 1.0, inf), Extent(2, 5, 10, 50, 2.0, inf)]
    entry = Entry("a", 0, 10, None, extents, {b"k": b"v"})
    state.load(Changes(added={1: 300, 2: 300, 3: 300}, entries={7: entry}))
    return state


def test_loading() -> None:
    state = stored_state()
    shard = state.shards["a"]
    assert (shard.start, shard.stored, shard.end, shard.values) == (0, 10, 10, {b"k": b"v"})
    assert state.next_id == 8
    assert state.segments[1].live == weight(shard.extents[0])
    # Nothing refers to the third.
    assert state.dead == {3}


def test_which_extent_has_an_offset() -> None:
    shard = stored_state().shards["a"]
    assert [shard.extent_at(at) for at in (0, 4, 5)] == [shard.extents[it] for it in (0, 0, 1)]
    assert shard.extent_at(10) is None
    del shard.extents[0]
    assert shard.extent_at(2) == shard.extents[0]


def test_trimming_lets_go_of_segments() -> None:
    state = stored_state()
    state.apply([Trim("a", 6)], Generation())
    assert [it.segment for it in state.shards["a"].extents] == [2]
    assert state.dead == {1, 3}
    state.apply([Drop("a")], Generation())
    assert state.dead == {1, 2, 3}


def test_a_generation_captures_what_changed() -> None:
    state, generation = stored_state(), Generation()
    operations: list[Operation] = [Append("a", b"x"), Put("a", b"l", b"w"), Delete("a", b"k")]
    operations += [Append("b", b"y"), Retain("b", records=3)]
    assert state.apply(operations, generation) == [10, 0]
    state.apply([Put("c", b"k", b""), Delete("c", b"k"), Append("d", b""), Drop("d")], generation)
    changes = state.capture(generation)
    assert changes.removed == {3}
    assert 3 not in state.segments
    assert changes.dropped == {9, 10}
    assert changes.entries == {
        7: Entry("a", 0, 11, None, [], {b"l": b"w", b"k": None}),
        8: Entry("b", 0, 1, Retain("b", records=3)),
    }
    assert [it[:2] for it in live_records(generation, changes)] == [(7, 10), (8, 0)]


def test_what_was_trimmed_before_the_capture_is_not_uploaded() -> None:
    state, generation = stored_state(), Generation()
    state.apply([Append("a", b"x"), Append("a", b"y"), Trim("a", 11)], generation)
    assert [it[1] for it in live_records(generation, state.capture(generation))] == [11]


def test_the_tail_goes_when_it_is_stored() -> None:
    state, generation = stored_state(), Generation()
    state.apply([Append("a", b"x")], generation)
    later = Generation()
    state.apply([Append("a", b"y")], later)
    shard = state.shards["a"]
    state.segments[4] = Segment(100)
    state.adopt(shard, [Extent(4, 10, 11, 1, 0.0, 5.0)])
    state.stored(generation, {7: 11})
    assert shard.stored == 11
    assert list(shard.tail or ()) == [11]
    assert shard.expires
    assert "a" in state.swept


def test_a_dropped_shard_takes_no_extents() -> None:
    state = stored_state()
    shard = state.shards["a"]
    state.apply([Trim("a", 10)], Generation())
    state.segments[4] = Segment(100)
    state.adopt(shard, [Extent(4, 3, 9, 1, 0.0, inf), Extent(99, 10, 12, 1, 0.0, inf)])
    assert shard.extents == []
    assert state.segments[4].live == 0
