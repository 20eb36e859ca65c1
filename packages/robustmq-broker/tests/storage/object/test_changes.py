"""Changes: round trips, and the sum of several."""

from math import inf

import pytest

from robustmq_broker.storage.object.changes import (
    Changes,
    Entry,
    decode_changes,
    encode_changes,
    merge,
    tidy,
)
from robustmq_broker.storage.object.segment import Damaged, Extent
from robustmq_common.spi.storage import Retain


def extent(segment: int, first: int, end: int) -> Extent:
    return Extent(segment, first, end, 10 * (end - first), 5.0, inf)


def sample() -> Changes:
    return Changes(
        {9},
        {1: 100},
        {5},
        {
            2: Entry("ä", 3, 8, Retain("ä", records=4), [extent(1, 3, 8)], {b"k": b"", b"l": None}),
            3: Entry(None, extents=[extent(1, 0, 2)]),
            4: Entry(""),
        },
    )


def test_round_trip() -> None:
    assert decode_changes(encode_changes(sample())) == sample()
    assert decode_changes(encode_changes(Changes())) == Changes()


def test_every_damaged_byte_is_noticed() -> None:
    data = encode_changes(sample())
    for at in range(len(data)):
        with pytest.raises(Damaged):
            decode_changes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(Damaged):
            decode_changes(data[:at])


def test_the_newer_bounds_and_keys_count() -> None:
    newer = Changes(entries={2: Entry("ä", 6, 12, None, [extent(6, 8, 12)], {b"k": b"2"})})
    entry = merge(sample(), newer).entries[2]
    assert (entry.start, entry.end, entry.limits) == (6, 12, None)
    assert entry.keys == {b"k": b"2", b"l": None}
    assert entry.extents == [extent(1, 3, 8), extent(6, 8, 12)]


def test_extents_alone_leave_the_bounds() -> None:
    entry = merge(sample(), Changes(entries={2: Entry(extents=[extent(6, 3, 8)])})).entries[2]
    assert (entry.name, entry.start, entry.end) == ("ä", 3, 8)


def test_what_is_dropped_stays_dropped() -> None:
    both = merge(sample(), Changes({2}))
    both = merge(both, Changes(entries={2: Entry(extents=[extent(6, 3, 8)])}))
    assert 2 not in both.entries
    assert both.dropped == {2, 9}
    assert tidy(both, complete=True).dropped == set()


def test_removed_segments_take_their_extents_along() -> None:
    newer = Changes(added={6: 50}, removed={1}, entries={2: Entry(extents=[extent(6, 3, 8)])})
    both = tidy(merge(sample(), newer), complete=True)
    assert both.added == {6: 50}
    assert both.removed == set()
    # What has no name by now was dropped below.
    assert set(both.entries) == {2, 4}
    assert both.entries[2].extents == [extent(6, 3, 8)]
    assert both.entries[2].keys == {b"k": b""}


def test_a_part_keeps_what_it_removes_further_down() -> None:
    part = tidy(sample(), complete=False)
    assert (part.dropped, part.removed) == ({9}, {5})
    assert part.entries[2].keys == {b"k": b"", b"l": None}
    assert 3 in part.entries
