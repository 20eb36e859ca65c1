"""[D] The contract of a shard's log: dense offsets, limits, trimming."""

from robustmq_common.spi.storage import Append, Bounds, Skip, StorageAdapter, StoredRecord, Trim
from robustmq_common.testing.storage_contract.scenario import (
    Contract,
    append,
    commit,
    opened,
    values,
)


class RecordContract(Contract):
    """Appending to a log, reading it, and forgetting its beginning."""

    @opened
    async def test_offsets_are_dense_and_start_at_zero(self, store: StorageAdapter) -> None:
        assert await append(store, "a", b"0", b"1") == [0, 1]
        assert await append(store, "a", b"2") == [2]
        assert await store.bounds("a") == Bounds(0, 3)
        records = await store.read("a", 0, 10, 1000)
        assert [(record.offset, record.value) for record in records] == [
            (0, b"0"),
            (1, b"1"),
            (2, b"2"),
        ]

    @opened
    async def test_shards_count_for_themselves(self, store: StorageAdapter) -> None:
        offsets = await commit(store, Append("a", b"x"), Append("b", b"y"), Append("a", b"z"))
        assert offsets == [0, 0, 1]
        assert await values(store, "a") == [b"x", b"z"]
        assert await values(store, "b") == [b"y"]

    @opened
    async def test_a_record_comes_back_as_it_was(self, store: StorageAdapter) -> None:
        whole = Append("a", b"\x00value", b"\xffkey", timestamp=1234.5, expires_at=1e11 + 0.25)
        await commit(store, whole, Append("a", b"", b""), Append("a", b"v"))
        assert await store.read("a", 0, 10, 1000) == [
            StoredRecord(0, b"\x00value", b"\xffkey", 1234.5, 1e11 + 0.25),
            StoredRecord(1, b"", b"", 0.0, 0.0),
            StoredRecord(2, b"v", None, 0.0, 0.0),
        ]

    @opened
    async def test_a_large_record(self, store: StorageAdapter) -> None:
        large = bytes(range(256)) * 4096
        await append(store, "a", large)
        assert await values(store, "a") == [large]

    @opened
    async def test_reading_begins_at_the_offset(self, store: StorageAdapter) -> None:
        await append(store, "a", b"0", b"1", b"2")
        assert await values(store, "a", 1) == [b"1", b"2"]
        assert await values(store, "a", 3) == []
        assert await values(store, "a", 99) == []

    @opened
    async def test_reading_stops_at_max_records(self, store: StorageAdapter) -> None:
        await append(store, "a", b"0", b"1", b"2")
        assert [record.offset for record in await store.read("a", 0, 2, 1000)] == [0, 1]
        assert [record.offset for record in await store.read("a", 2, 2, 1000)] == [2]

    @opened
    async def test_reading_stops_at_max_bytes_of_keys_and_values(
        self, store: StorageAdapter
    ) -> None:
        await commit(store, *(Append("a", b"12345", b"key") for _ in range(4)))
        assert len(await store.read("a", 0, 10, 16)) == 2
        assert len(await store.read("a", 0, 10, 23)) == 2
        assert len(await store.read("a", 0, 10, 24)) == 3

    @opened
    async def test_one_record_is_read_however_large(self, store: StorageAdapter) -> None:
        await append(store, "a", b"123456789", b"1")
        assert [record.offset for record in await store.read("a", 0, 10, 3)] == [0]
        assert [record.offset for record in await store.read("a", 0, 10, 0)] == [0]

    @opened
    async def test_a_shard_that_does_not_exist_is_empty(self, store: StorageAdapter) -> None:
        assert await store.bounds("a") == Bounds(0, 0)
        assert await values(store, "a") == []
        assert await store.offset_at("a", 0.0) == 0
        assert await store.shards() == []

    @opened
    async def test_offset_at_finds_the_first_record_no_older(self, store: StorageAdapter) -> None:
        await commit(store, *(Append("a", b"", timestamp=at) for at in (10.0, 20.0, 20.0, 30.0)))
        assert await store.offset_at("a", 0.0) == 0
        assert await store.offset_at("a", 10.0) == 0
        assert await store.offset_at("a", 10.5) == 1
        assert await store.offset_at("a", 20.0) == 1
        assert await store.offset_at("a", 30.0) == 3
        assert await store.offset_at("a", 30.5) == 4

    @opened
    async def test_offset_at_looks_only_at_what_is_kept(self, store: StorageAdapter) -> None:
        await commit(store, *(Append("a", b"", timestamp=at) for at in (10.0, 20.0, 30.0)))
        await commit(store, Trim("a", 2))
        assert await store.offset_at("a", 0.0) == 2
        assert await store.offset_at("a", 31.0) == 3

    @opened
    async def test_trimming_forgets_the_beginning(self, store: StorageAdapter) -> None:
        await append(store, "a", b"0", b"1", b"2")
        await commit(store, Trim("a", 2))
        assert await store.bounds("a") == Bounds(2, 3)
        assert await values(store, "a") == [b"2"]
        assert await append(store, "a", b"3") == [3]
        assert [record.offset for record in await store.read("a", 1, 10, 1000)] == [2, 3]

    @opened
    async def test_limits_count_from_the_oldest_record_kept(self, store: StorageAdapter) -> None:
        await append(store, "a", *(b"%d" % number for number in range(10)))
        await commit(store, Trim("a", 5))
        assert [record.offset for record in await store.read("a", 0, 3, 1000)] == [5, 6, 7]

    @opened
    async def test_trimming_everything_keeps_the_end(self, store: StorageAdapter) -> None:
        await append(store, "a", b"0", b"1")
        await commit(store, Trim("a", 2))
        assert await store.bounds("a") == Bounds(2, 2)
        assert await values(store, "a") == []
        assert await append(store, "a", b"2") == [2]

    @opened
    async def test_trimming_never_goes_beyond_the_end_or_back(self, store: StorageAdapter) -> None:
        await append(store, "a", b"0", b"1", b"2")
        await commit(store, Trim("a", 1))
        await commit(store, Trim("a", 0))
        assert await store.bounds("a") == Bounds(1, 3)
        await commit(store, Trim("a", 99))
        assert await store.bounds("a") == Bounds(3, 3)
        assert await append(store, "a", b"3") == [3]

    @opened
    async def test_trimming_what_does_not_exist_makes_nothing(self, store: StorageAdapter) -> None:
        await commit(store, Trim("a", 5))
        assert await store.bounds("a") == Bounds(0, 0)
        assert await store.shards() == []

    @opened
    async def test_a_log_can_begin_and_go_on_at_any_offset(self, store: StorageAdapter) -> None:
        late = 10**15
        offsets = await commit(
            store, Skip("a", late), Append("a", b"0"), Skip("a", late + 3), Append("a", b"3")
        )
        assert offsets == [late, late + 3]
        assert await store.bounds("a") == Bounds(late, late + 4)
        records = await store.read("a", 0, 10, 1000)
        assert [(record.offset, record.value) for record in records] == [
            (late, b"0"),
            (late + 3, b"3"),
        ]
        await commit(store, Skip("a", late), Append("a", b"4"))
        assert await store.bounds("a") == Bounds(late, late + 5)

    @opened
    async def test_a_log_of_which_nothing_is_left_goes_on(self, store: StorageAdapter) -> None:
        await commit(store, Append("a", b"0"), Trim("a", 1), Skip("a", 7))
        assert await store.bounds("a") == Bounds(7, 7)
        assert await store.shards() == ["a"]
        assert await append(store, "a", b"7") == [7]
