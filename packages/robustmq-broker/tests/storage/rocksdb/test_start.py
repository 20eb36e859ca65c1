"""Room to write is made sure of; ids go on behind all that ever was; other layouts are refused."""

from pathlib import Path

import pytest
from rocksdb_kit import kit

from robustmq_broker.storage.rocksdb.layout import NEXT_KEY, VERSION_KEY
from robustmq_broker.storage.rocksdb.start import first_id, has_room
from robustmq_common.errors import StorageError
from robustmq_common.spi.storage import Append, Drop, Put, Retain


def test_there_is_room(tmp_path: Path) -> None:
    has_room(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_there_is_no_room_for_what_the_log_holds(tmp_path: Path) -> None:
    with (tmp_path / "000001.log").open("wb") as file:
        file.truncate(2**42)
    with pytest.raises(StorageError, match=rf"{tmp_path} has \d+ bytes of free space, writing"):
        has_room(tmp_path)


def test_ids_go_on(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        assert first_id(store.database) == 1
        store.commit(Append("a", b""), Append("b", b""), Drop("b"))
        assert first_id(store.database) == store.next_id == 3


def test_ids_go_on_when_their_count_was_lost(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        store.commit(Append("a", b""))
        store.commit(Put("b", b"k", b""))
        store.commit(Retain("c", records=1))
        for highest, name in ((3, "c"), (2, "b"), (1, "a")):
            batch = store.database.batch()
            batch.delete(NEXT_KEY, store.database.handles["meta"])
            store.database.write(batch)
            store.database.lost_files = False
            assert first_id(store.database) == 1
            store.database.lost_files = True
            assert first_id(store.database) == highest + 1
            store.commit(Drop(name))


def test_another_layout_is_refused(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        batch = store.database.batch()
        batch.put(VERSION_KEY, b"99", store.database.handles["meta"])
        store.database.write(batch)
        with pytest.raises(StorageError, match="has the layout of version 99, this is version 2"):
            first_id(store.database)
