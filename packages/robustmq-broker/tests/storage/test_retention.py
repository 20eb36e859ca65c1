"""What a log in memory keeps: walks in pieces, sizes that follow, an expiry that is not missed."""

from robustmq_broker.storage.shard import Shard
from robustmq_common.spi.storage import Append, Bounds, Retain

NOW = 1000.0


def append(shard: Shard, count: int, expires_at: float = 0.0, size: int = 1) -> None:
    for _ in range(count):
        shard.append(Append("a", bytes(size), timestamp=NOW, expires_at=expires_at))


def sweep(shard: Shard, now: float = NOW, budget: int = 3) -> int:
    """Sweep in small pieces until nothing is left; returns how many it took."""
    pieces = 1
    while shard.sweep(now, budget) >= budget:
        pieces += 1
        assert pieces < 1000
    return pieces


def test_who_has_no_limits_pays_nothing() -> None:
    shard = Shard()
    append(shard, 100)
    assert not shard.is_swept()
    assert shard.sweep(NOW, 3) == 0


def test_a_log_that_expires_is_walked_in_pieces() -> None:
    shard = Shard()
    append(shard, 20, NOW - 1)
    assert sweep(shard) > 5
    assert shard.bounds() == Bounds(20, 20)
    assert shard.records == {}


def test_nothing_is_looked_at_until_something_expires() -> None:
    shard = Shard()
    append(shard, 10, NOW + 5)
    assert shard.sweep(NOW, 100) == 0
    sweep(shard, NOW + 5)
    assert shard.bounds() == Bounds(10, 10)


def test_what_is_appended_behind_a_walk_is_not_missed() -> None:
    shard = Shard()
    append(shard, 4, NOW - 1)
    append(shard, 1, NOW + 1)
    assert shard.sweep(NOW, 3) == 3
    append(shard, 1, NOW + 2)
    sweep(shard)
    assert sorted(shard.records) == [4, 5]
    sweep(shard, NOW + 1)
    assert sorted(shard.records) == [5]
    sweep(shard, NOW + 2)
    assert shard.bounds() == Bounds(6, 6)


def test_sizes_follow_what_goes_in_every_way() -> None:
    shard = Shard()
    shard.retain(Retain("a", bytes=1000))
    append(shard, 10, size=10)
    append(shard, 10, NOW + 1, size=10)
    sweep(shard)
    shard.trim(5)
    sweep(shard, NOW + 1)
    assert shard.retention is not None
    assert shard.retention.size == 50
    shard.retain(Retain("a", bytes=20))
    sweep(shard, NOW + 1)
    assert shard.bounds().start == 8


def test_a_read_passes_over_what_has_expired() -> None:
    shard = Shard()
    append(shard, 5, NOW)
    append(shard, 2)
    assert [record.offset for record in shard.read(0, 1, 100, NOW)] == [5]
    assert [record.offset for record in shard.read(0, 1, 100, NOW - 1)] == [0]
