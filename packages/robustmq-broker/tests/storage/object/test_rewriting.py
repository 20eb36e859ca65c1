"""Which segments are written anew, and what is read of them."""

from robustmq_broker.storage.object.rewriting import choose, in_order, read_content
from robustmq_broker.storage.object.segment import Record, encode_segment
from robustmq_broker.storage.object.state import Segment

SIZE = 100_000


def segment(size: int, live: int) -> Segment:
    made = Segment(size)
    made.live = live
    return made


def test_full_segments_are_left_alone() -> None:
    segments = {number: segment(SIZE, SIZE) for number in range(20)}
    assert choose(segments, SIZE, 4, 0.5) == []


def test_a_segment_that_is_mostly_dead() -> None:
    segments = {1: segment(SIZE, SIZE), 2: segment(SIZE, 40_000), 3: segment(SIZE, 0)}
    assert choose(segments, SIZE, 4, 0.5) == [2]
    # One so small is not worth it by itself.
    assert choose({1: segment(1000, 10)}, SIZE, 4, 0.5) == []


def test_small_segments_are_made_one_when_there_are_enough() -> None:
    segments = {number: segment(10_000, 9000) for number in range(1, 4)}
    assert choose(segments, SIZE, 4, 0.5) == []
    assert choose(segments, SIZE, 3, 0.5) == [1, 2, 3]


def test_not_more_than_gives_one_segment() -> None:
    segments = {number: segment(40_000, 39_000) for number in range(10)}
    assert len(choose(segments, SIZE, 4, 0.5)) == 2


def test_only_what_is_in_use_is_read() -> None:
    records: list[Record] = [(1, at, (b"x", None, 0.0, 0.0)) for at in range(5)]
    records += [(2, 0, (b"y", None, 0.0, 0.0))]
    data, _ = encode_segment(1, records, 40)
    content = read_content(data, {1: 3}.get)
    assert [it[:2] for it in content.records] == [(1, 3), (1, 4)]
    assert content.shards == {1, 2}
    assert content.problem == ""
    damaged = bytearray(data)
    damaged[10] ^= 1
    content = read_content(bytes(damaged), {1: 0, 2: 0}.get)
    assert [it[:2] for it in content.records] == [it[:2] for it in records[1:]]
    assert "the block at byte 8 is wrong" in content.problem
    assert read_content(data[:-1], {1: 0}.get).records == []


def test_records_of_several_segments_are_sorted() -> None:
    parts = [[(2, 0), (1, 5)], [(1, 4), (3, 0)]]
    contents = []
    for number, part in enumerate(parts):
        records: list[Record] = [(*place, (b"", None, 0.0, 0.0)) for place in sorted(part)]
        data, _ = encode_segment(number, records, 512)
        contents.append(read_content(data, dict.fromkeys((1, 2, 3), 0).get))
    assert [it[:2] for it in in_order(contents)] == [(1, 4), (1, 5), (2, 0), (3, 0)]
