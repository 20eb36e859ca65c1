"""One shard: trimming keeps no memory of what is gone, and an emptied shard knows it is gone."""

from robustmq_broker.storage.shard import Shard
from robustmq_common.spi.storage import Append, Bounds


def filled(count: int) -> Shard:
    shard = Shard()
    for number in range(count):
        shard.append(Append("a", b"%d" % number, timestamp=float(number)))
    return shard


def test_trimmed_records_are_let_go() -> None:
    shard = filled(10)
    shard.trim(7)
    assert sorted(shard.records) == [7, 8, 9]
    shard.trim(3)
    assert shard.bounds() == Bounds(7, 10)


def test_a_queue_that_is_emptied_all_the_time_stays_small() -> None:
    shard = Shard()
    for number in range(1000):
        assert shard.append(Append("a", b"x")) == number
        shard.trim(number + 1)
    assert shard.records == {}
    assert shard.bounds() == Bounds(1000, 1000)


def test_reading_from_before_the_start_begins_at_the_start() -> None:
    shard = filled(10)
    shard.trim(5)
    assert [record.offset for record in shard.read(-3, 2, 100, 0.0)] == [5, 6]
    assert shard.read(0, 0, 100, 0.0) == []


def test_offset_at_takes_the_first_in_order_of_offsets() -> None:
    shard = Shard()
    for timestamp in (5.0, 9.0, 3.0, 9.0):
        shard.append(Append("a", b"", timestamp=timestamp))
    assert shard.offset_at(6.0) == 1
    assert shard.offset_at(9.5) == 4


def test_it_is_gone_when_nothing_refers_to_it() -> None:
    shard = Shard()
    assert shard.is_gone()
    shard.put(b"k", b"v")
    assert not shard.is_gone()
    shard.delete(b"k")
    shard.delete(b"k")
    assert shard.is_gone()
    shard.append(Append("a", b""))
    shard.trim(1)
    assert not shard.is_gone()


def test_scans_follow_puts_and_deletes() -> None:
    shard = Shard()
    shard.put(b"b", b"1")
    assert shard.scan(b"", b"", 10) == [(b"b", b"1")]
    shard.put(b"a", b"2")
    shard.put(b"b", b"3")
    assert shard.scan(b"", b"", 10) == [(b"a", b"2"), (b"b", b"3")]
    shard.delete(b"b")
    assert shard.scan(b"", b"", 10) == [(b"a", b"2")]


def test_a_copy_does_not_follow() -> None:
    shard = Shard()
    shard.append(Append("a", b"0"))
    shard.put(b"k", b"v")
    copy = shard.copy()
    shard.append(Append("a", b"1"))
    shard.trim(1)
    shard.put(b"l", b"")
    assert copy.bounds() == Bounds(0, 1)
    assert [record.value for record in copy.read(0, 9, 99, 0.0)] == [b"0"]
    assert copy.scan(b"", b"", 9) == [(b"k", b"v")]
