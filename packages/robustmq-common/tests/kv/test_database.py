"""A database of keys in order: batches, bounded reads, errors with the folder and what helps."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from robustmq_common.errors import StorageError
from robustmq_common.kv import Database, Stalled, Tuning

FAMILIES = ("a", "b")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "kv", FAMILIES, Tuning())
    yield opened
    opened.close()


def put(database: Database, family: str, *keys: bytes, log: bool = True) -> None:
    batch = database.batch()
    for key in keys:
        batch.put(key, b"=" + key, database.handles[family])
    database.write(batch, log=log)


def keys(database: Database, lower: bytes, upper: bytes, limit: int = 99) -> list[bytes]:
    return [key for key, _ in database.scan("a", lower, upper, limit)]


def test_families_share_batches_and_not_keys(database: Database) -> None:
    batch = database.batch()
    batch.put(b"k", b"1", database.handles["a"])
    batch.put(b"k", b"2", database.handles["b"])
    assert database.get("a", b"k") is None
    database.write(batch)
    assert (database.get("a", b"k"), database.get("b", b"k")) == (b"1", b"2")
    assert database.get("a", b"other") is None


def test_a_scan_keeps_to_its_bounds(database: Database) -> None:
    put(database, "a", b"", b"\x00", b"a", b"a\x00", b"b", b"\xff")
    assert keys(database, b"", b"\xff") == [b"", b"\x00", b"a", b"a\x00", b"b"]
    assert keys(database, b"a\x00", b"c") == [b"a\x00", b"b"]
    assert keys(database, b"a", b"b") == [b"a", b"a\x00"]
    assert keys(database, b"c", b"d") == []


def test_a_scan_from_the_end(database: Database) -> None:
    put(database, "a", b"a", b"b", b"c")
    assert [key for key, _ in database.scan("a", b"a", b"c", 9, reverse=True)] == [b"b", b"a"]
    assert [key for key, _ in database.scan("a", b"b", b"x", 1, reverse=True)] == [b"c"]
    assert database.scan("a", b"d", b"e", 1, reverse=True) == []


def test_a_scan_ends_at_its_limits(database: Database) -> None:
    put(database, "a", b"1", b"2", b"3")
    assert keys(database, b"", b"x", 2) == [b"1", b"2"]
    assert [key for key, _ in database.scan("a", b"", b"x", 9, max_bytes=3)] == [b"1", b"2"]


def test_ranges_are_deleted(database: Database) -> None:
    put(database, "a", b"1", b"2", b"3")
    batch = database.batch()
    batch.delete_range(b"1", b"3", database.handles["a"])
    database.write(batch)
    assert keys(database, b"", b"x") == [b"3"]


def test_everything_is_there_after_a_close_also_what_went_by_the_log(tmp_path: Path) -> None:
    first = Database.open(tmp_path, FAMILIES, Tuning(whole_flushes=True))
    put(first, "a", b"1")
    first.sync()
    put(first, "b", b"2", log=False)
    first.close()
    second = Database.open(tmp_path, FAMILIES, Tuning())
    assert (second.get("a", b"1"), second.get("b", b"2")) == (b"=1", b"=2")
    assert (second.losses, second.lost_files) == ([], False)
    second.close()


def test_a_copy_is_a_database(database: Database, tmp_path: Path) -> None:
    put(database, "a", b"1")
    database.checkpoint(tmp_path / "copy")
    copy = Database.open(tmp_path / "copy", FAMILIES, Tuning())
    assert copy.get("a", b"1") == b"=1"
    copy.close()
    with pytest.raises(StorageError, match=r"cannot copy to .*copy"):
        database.checkpoint(tmp_path / "copy")


def test_a_write_that_would_wait_for_flushes_is_told(tmp_path: Path) -> None:
    database = Database.open(tmp_path, FAMILIES, Tuning(write_buffer=65_536))

    def fill() -> None:
        for _ in range(2**28 // 20_000):
            batch = database.batch()
            batch.put(os.urandom(16), os.urandom(20_000), database.handles["a"])
            database.write(batch)

    with pytest.raises(Stalled, match="has to wait for flushes"):
        fill()
    database.close()


def test_nothing_works_after_close(tmp_path: Path) -> None:
    database = Database.open(tmp_path, FAMILIES, Tuning())
    batch = database.batch()
    database.close()
    for call in (
        lambda: database.get("a", b""),
        lambda: database.scan("a", b"", b"x", 1),
        lambda: database.write(batch),
        database.sync,
    ):
        with pytest.raises(StorageError, match=str(tmp_path)):
            call()


def test_a_copy_can_be_read_and_verified_while_the_database_goes_on(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "kv", FAMILIES, Tuning())
    put(database, "a", b"1", b"2")
    database.flush()
    put(database, "a", b"3")
    database.checkpoint(tmp_path / "copy")
    put(database, "a", b"4")
    copy = Database.open_copy(tmp_path / "copy", FAMILIES, Tuning())
    assert keys(copy, b"", b"x") == [b"1", b"2", b"3"]
    assert copy.verify("a", b"", 2, 99) == (b"2\x00", None)
    assert copy.verify("a", b"2\x00", 2, 99) == (b"3\x00", None)
    assert copy.verify("a", b"3\x00", 2, 99) == (None, None)
    copy.close()
    database.close()


def test_verifying_goes_on_behind_a_damaged_table(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "kv", FAMILIES, Tuning())
    for one in (b"1", b"2", b"3"):
        put(database, "a", one)
        database.flush()
    database.checkpoint(tmp_path / "copy")
    database.close()
    table = sorted((tmp_path / "copy").glob("*.sst"))[1]
    data = bytearray(table.read_bytes())
    data[3] ^= 1
    table.unlink()  # it is the database's as well
    table.write_bytes(data)
    copy = Database.open_copy(tmp_path / "copy", FAMILIES, Tuning())
    first, damage = copy.verify("a", b"", 99, 99)
    assert damage is not None
    assert (damage.table, first) == (table.name, b"2\x00")
    assert copy.verify("a", b"2\x00", 99, 99) == (b"3\x00", None)
    copy.close()


def test_a_copy_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot open"):
        Database.open_copy(tmp_path / "nothing here", FAMILIES, Tuning())


def test_compacting_frees_what_was_removed_and_ends_when_told(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "kv", FAMILIES, Tuning())
    for number in range(4):
        put(database, "a", *(b"%d-%d" % (number, at) + os.urandom(1000) for at in range(1000)))
        database.flush()

    def size() -> int:
        return sum(file.stat().st_size for file in (tmp_path / "kv").glob("*.sst"))

    full = size()
    batch = database.batch()
    batch.delete_range(b"0", b"3", database.handles["a"])
    database.write(batch)
    database.compact(lambda: True)
    assert size() >= full
    database.compact(lambda: False)
    assert size() < full / 2
    assert len(keys(database, b"", b"x", 9999)) == 1000
    database.close()
