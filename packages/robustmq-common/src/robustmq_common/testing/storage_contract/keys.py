"""[D] The contract of a shard's keys, and of the list of shards: order, prefixes, pages."""

from robustmq_common.spi.storage import Append, Bounds, Delete, Drop, Put, StorageAdapter
from robustmq_common.testing.storage_contract.scenario import Contract, commit, opened


class KeyContract(Contract):
    """Keyed values, and going through them in pages."""

    @opened
    async def test_a_value_is_there_until_it_is_replaced_or_removed(
        self, store: StorageAdapter
    ) -> None:
        assert await store.get("a", b"k") is None
        await commit(store, Put("a", b"k", b"1"))
        assert await store.get("a", b"k") == b"1"
        await commit(store, Put("a", b"k", b"2"))
        assert await store.get("a", b"k") == b"2"
        await commit(store, Delete("a", b"k"))
        assert await store.get("a", b"k") is None
        assert await store.scan("a") == []

    @opened
    async def test_removing_what_is_absent_is_fine(self, store: StorageAdapter) -> None:
        await commit(store, Delete("a", b"k"))
        await commit(store, Put("a", b"other", b"1"), Delete("a", b"k"))
        assert await store.scan("a") == [(b"other", b"1")]

    @opened
    async def test_an_empty_value_is_a_value(self, store: StorageAdapter) -> None:
        await commit(store, Put("a", b"k", b""))
        assert await store.get("a", b"k") == b""
        assert await store.scan("a") == [(b"k", b"")]

    @opened
    async def test_shards_do_not_share_keys(self, store: StorageAdapter) -> None:
        await commit(store, Put("a", b"k", b"1"), Put("ab", b"k", b"2"), Put("a", b"bk", b"3"))
        assert await store.scan("a") == [(b"bk", b"3"), (b"k", b"1")]
        assert await store.scan("ab") == [(b"k", b"2")]
        assert await store.get("b", b"k") is None

    @opened
    async def test_keys_and_records_do_not_touch(self, store: StorageAdapter) -> None:
        await commit(store, Put("a", b"k", b"1"), Append("a", b"record"))
        assert await store.bounds("a") == Bounds(0, 1)
        assert await store.scan("a") == [(b"k", b"1")]
        await commit(store, Delete("a", b"k"))
        assert await store.bounds("a") == Bounds(0, 1)

    @opened
    async def test_scanning_goes_in_the_order_of_the_bytes(self, store: StorageAdapter) -> None:
        ordered = [
            b"",
            b"\x00",
            b"\x00\x00",
            b"\x01",
            b"B",
            b"a",
            b"a\x00",
            b"aa",
            b"\x80",
            b"\xff",
        ]
        await commit(store, *(Put("a", key, key) for key in reversed(ordered)))
        # An empty `after` is before everything, so the empty key is found, too.
        assert await store.scan("a") == [(key, key) for key in ordered]

    @opened
    async def test_scanning_by_prefix(self, store: StorageAdapter) -> None:
        keys = [b"a", b"s", b"s/", b"s/1", b"s/2", b"s/\xff\xff", b"s0", b"t"]
        await commit(store, *(Put("a", key, b"") for key in keys))
        found = [key for key, _ in await store.scan("a", b"s/")]
        assert found == [b"s/", b"s/1", b"s/2", b"s/\xff\xff"]
        assert await store.scan("a", b"s/3") == []

    @opened
    async def test_scanning_by_a_prefix_of_the_last_bytes(self, store: StorageAdapter) -> None:
        keys = [b"\xfe", b"\xff", b"\xff\xff", b"\xff\xff\x00"]
        await commit(store, *(Put("a", key, b"") for key in keys))
        assert [key for key, _ in await store.scan("a", b"\xff\xff")] == keys[2:]

    @opened
    async def test_scanning_after_a_key(self, store: StorageAdapter) -> None:
        await commit(store, *(Put("a", key, b"") for key in (b"p/1", b"p/2", b"p/3", b"q")))
        assert [key for key, _ in await store.scan("a", b"p/", b"p/1")] == [b"p/2", b"p/3"]
        # A key that is not there, or no longer there, is as good a place to go on from.
        assert [key for key, _ in await store.scan("a", b"p/", b"p/2x")] == [b"p/3"]
        assert await store.scan("a", b"p/", b"p/3") == []
        # One before the prefix says nothing.
        assert len(await store.scan("a", b"p/", b"a")) == 3

    @opened
    async def test_scanning_in_pages_finds_each_key_once(self, store: StorageAdapter) -> None:
        keys = [b"%03d" % number for number in range(25)]
        await commit(store, *(Put("a", key, key) for key in keys), Put("a", b"x", b""))
        found: list[bytes] = []
        after = b""
        while page := await store.scan("a", b"0", after, 7):
            assert len(page) <= 7
            found += [key for key, _ in page]
            after = found[-1]
        assert found == keys

    @opened
    async def test_scanning_sees_what_changed_since_the_last_scan(
        self, store: StorageAdapter
    ) -> None:
        await commit(store, *(Put("a", key, b"old") for key in (b"b", b"d", b"f")))
        assert [key for key, _ in await store.scan("a")] == [b"b", b"d", b"f"]
        await commit(store, Put("a", b"a", b"new"), Put("a", b"d", b"new"), Delete("a", b"f"))
        assert await store.scan("a") == [(b"a", b"new"), (b"b", b"old"), (b"d", b"new")]
        await commit(store, Put("a", b"f", b"again"), Delete("a", b"a"))
        assert await store.scan("a") == [(b"b", b"old"), (b"d", b"new"), (b"f", b"again")]

    @opened
    async def test_shards_come_into_being_with_the_first_write(self, store: StorageAdapter) -> None:
        await commit(store, Append("log", b""), Put("keys", b"k", b""))
        assert await store.shards() == ["keys", "log"]

    @opened
    async def test_shards_are_listed_by_prefix_and_in_pages(self, store: StorageAdapter) -> None:
        names = [f"queue/{number:03d}" for number in range(25)]
        await commit(store, *(Put(name, b"k", b"") for name in names), Put("retained", b"k", b""))
        found: list[str] = []
        after = ""
        while page := await store.shards("queue/", after, 10):
            assert len(page) <= 10
            found += page
            after = page[-1]
        assert found == names
        assert await store.shards("r") == ["retained"]
        assert await store.shards("x") == []

    @opened
    async def test_shards_have_any_name(self, store: StorageAdapter) -> None:
        names = sorted(
            ["a b", "a/b", "a\x00b", "../up", "%2F", "ä", "топик", "\U0001f980", "A" * 500]
        )
        await commit(store, *(Put(name, b"k", name.encode()) for name in names))
        assert await store.shards() == names
        assert [await store.get(name, b"k") for name in names] == [name.encode() for name in names]

    @opened
    async def test_many_shards(self, store: StorageAdapter) -> None:
        names = [f"shard/{number:05d}" for number in range(3000)]
        await commit(store, *(Append(name, name.encode()) for name in names))
        assert await store.shards("shard/", "", 10_000) == names
        (record,) = await store.read(names[1234], 0, 10, 1000)
        assert record.value == b"shard/01234"
        await commit(store, *(Drop(name) for name in names[1:]))
        assert await store.shards() == names[:1]
