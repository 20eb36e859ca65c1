"""[D] The contract of forgetting: records that expire, limits by age, bytes and count, sweeps."""

import time
from typing import Final

from robustmq_common.spi.storage import (
    Append,
    Bounds,
    Delete,
    Drop,
    Put,
    Retain,
    StorageAdapter,
    Trim,
    WriteBatch,
)
from robustmq_common.testing.storage_contract.scenario import (
    Contract,
    append,
    commit,
    opened,
    values,
)

PAST: Final = 1.0
FUTURE: Final = 1e11
_SWEEPS: Final = 10_000


async def sweep(store: StorageAdapter) -> None:
    """Sweep until there is no more to do."""
    for _ in range(_SWEEPS):
        if not await store.sweep():
            return
    raise AssertionError(f"after {_SWEEPS} sweeps there is still more to do")


class RetentionContract(Contract):
    """What a log forgets by itself."""

    @opened
    async def test_an_expired_record_is_not_read(self, store: StorageAdapter) -> None:
        await commit(
            store,
            Append("a", b"0", expires_at=FUTURE),
            Append("a", b"1", expires_at=PAST),
            Append("a", b"2"),
            Append("a", b"3", b"key", expires_at=PAST),
        )
        assert [record.offset for record in await store.read("a", 0, 10, 1000)] == [0, 2]
        assert await values(store, "a", 1) == [b"2"]
        assert await values(store, "a", 3) == []
        # They count neither for the records nor for the bytes that were asked for.
        assert [record.offset for record in await store.read("a", 0, 2, 2)] == [0, 2]
        assert await store.bounds("a") == Bounds(0, 4)

    @opened
    async def test_a_record_expires_while_it_is_there(self, store: StorageAdapter) -> None:
        soon = time.time() + 0.2
        await commit(store, Append("a", b"0", expires_at=soon), Append("a", b"1"))
        while b"0" in await values(store, "a"):
            assert time.time() < soon + 10, "it is still read ten seconds after it has expired"
        assert time.time() >= soon
        await sweep(store)
        assert await store.bounds("a") == Bounds(1, 2)

    @opened
    async def test_a_sweep_forgets_what_has_expired(self, store: StorageAdapter) -> None:
        await commit(
            store,
            *(Append("a", b"x", expires_at=PAST) for _ in range(3)),
            Append("a", b"3"),
            Append("a", b"4", expires_at=PAST),
            Append("a", b"5", expires_at=FUTURE),
        )
        await sweep(store)
        assert await store.bounds("a") == Bounds(3, 6)
        assert [record.offset for record in await store.read("a", 0, 10, 1000)] == [3, 5]
        assert await append(store, "a", b"6") == [6]

    @opened
    async def test_when_all_has_expired_the_end_stays(self, store: StorageAdapter) -> None:
        await commit(store, *(Append("a", b"x", expires_at=PAST) for _ in range(3)))
        await sweep(store)
        assert await store.bounds("a") == Bounds(3, 3)
        assert await append(store, "a", b"3") == [3]
        assert await values(store, "a") == [b"3"]

    @opened
    async def test_expired_records_can_be_trimmed_and_dropped(self, store: StorageAdapter) -> None:
        await commit(store, *(Append("a", b"x", expires_at=PAST) for _ in range(3)))
        await commit(store, Trim("a", 2), Append("b", b"x", expires_at=PAST))
        await commit(store, Drop("b"), Append("b", b"new"))
        await sweep(store)
        assert await store.bounds("a") == Bounds(3, 3)
        assert await values(store, "b") == [b"new"]

    @opened
    async def test_the_oldest_beyond_a_count_are_forgotten(self, store: StorageAdapter) -> None:
        await commit(store, Retain("a", records=3))
        await append(store, "a", *(b"%d" % number for number in range(10)))
        await sweep(store)
        assert await store.bounds("a") == Bounds(7, 10)
        assert await values(store, "a") == [b"7", b"8", b"9"]
        await append(store, "a", b"10")
        await sweep(store)
        assert await values(store, "a") == [b"8", b"9", b"10"]

    @opened
    async def test_the_oldest_beyond_a_size_are_forgotten(self, store: StorageAdapter) -> None:
        await commit(store, *(Append("a", b"1234", b"key") for _ in range(10)))
        await commit(store, Retain("a", bytes=21))
        await sweep(store)
        assert await store.bounds("a") == Bounds(7, 10)
        await commit(store, Append("a", b"12345678901234", b""))
        await sweep(store)
        assert await store.bounds("a") == Bounds(9, 11)
        await commit(store, Append("a", b"more than there may be"))
        await sweep(store)
        assert await store.bounds("a") == Bounds(12, 12)

    @opened
    async def test_what_is_too_old_is_forgotten(self, store: StorageAdapter) -> None:
        now = time.time()
        ages = (9000.0, 8000.0, 60.0, 8000.0, 1.0)
        await commit(store, *(Append("a", b"", timestamp=now - age) for age in ages))
        await commit(store, Retain("a", seconds=3600))
        await sweep(store)
        # Up to the first that is young enough, also if older ones follow it.
        assert await store.bounds("a") == Bounds(2, 5)
        await commit(store, Retain("a", seconds=30))
        await sweep(store)
        assert await store.bounds("a") == Bounds(4, 5)

    @opened
    async def test_each_of_several_limits_holds(self, store: StorageAdapter) -> None:
        now = time.time()
        await commit(store, Retain("a", seconds=3600, bytes=1000, records=5))
        await commit(store, *(Append("a", b"x", timestamp=now) for _ in range(10)))
        await sweep(store)
        assert await store.bounds("a") == Bounds(5, 10)
        await commit(store, Append("a", b"x" * 999, timestamp=now))
        await sweep(store)
        assert await store.bounds("a") == Bounds(9, 11)

    @opened
    async def test_limits_take_the_place_of_others(self, store: StorageAdapter) -> None:
        await commit(store, Retain("a", records=1), Retain("a", records=3))
        await append(store, "a", b"0", b"1", b"2", b"3")
        await sweep(store)
        assert await store.bounds("a") == Bounds(1, 4)
        await commit(store, Retain("a"))
        await append(store, "a", b"4", b"5")
        await sweep(store)
        assert await store.bounds("a") == Bounds(1, 6)

    @opened
    async def test_limits_are_those_of_one_shard(self, store: StorageAdapter) -> None:
        await commit(store, Retain("a", records=0), Append("a", b"0"), Append("ab", b"0"))
        await sweep(store)
        assert await values(store, "a") == []
        assert await values(store, "ab") == [b"0"]

    @opened
    async def test_limits_make_a_shard_and_go_with_it(self, store: StorageAdapter) -> None:
        await commit(store, Retain("a", records=1), Put("a", b"k", b""))
        await commit(store, Delete("a", b"k"))
        assert await store.shards() == ["a"]
        await commit(store, Drop("a"))
        await append(store, "a", b"0", b"1")
        await sweep(store)
        assert await values(store, "a") == [b"0", b"1"]

    @opened
    async def test_a_sweep_leaves_keys_alone(self, store: StorageAdapter) -> None:
        await commit(store, Retain("a", seconds=1, bytes=1, records=1), Put("a", b"k", b"value"))
        await commit(store, Append("a", b"x" * 10, expires_at=PAST))
        await sweep(store)
        assert await store.scan("a") == [(b"k", b"value")]

    @opened
    async def test_a_sweep_of_many_records_ends(self, store: StorageAdapter) -> None:
        await commit(store, Retain("a", records=10))
        for _ in range(5):
            batch = [Append(name, b"x", expires_at=at) for name, at in (("a", 0.0), ("b", PAST))]
            await store.commit(WriteBatch([*batch * 3000]))
        await append(store, "b", b"kept")
        await sweep(store)
        assert await store.bounds("a") == Bounds(14_990, 15_000)
        assert await store.bounds("b") == Bounds(15_000, 15_001)
        assert await values(store, "b") == [b"kept"]

    def test_limits_outlive_a_durable_adapter(self) -> None:
        """And what has expired is still to be swept."""
        self.run_durable(self._before, self._after)

    async def _before(self, store: StorageAdapter) -> None:
        await commit(store, Retain("a", records=2), Append("b", b"0", expires_at=PAST))
        await append(store, "a", *(b"%d" % number for number in range(5)))

    async def _after(self, store: StorageAdapter) -> None:
        await sweep(store)
        assert await store.bounds("a") == Bounds(3, 5)
        assert await store.bounds("b") == Bounds(1, 1)
        assert await append(store, "b", b"1") == [1]
