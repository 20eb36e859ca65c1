"""Snapshots lie beside the database, in folders that nobody else uses."""

from pathlib import Path

from robustmq_broker.storage.rocksdb.snapshot import new_path, remove_leftovers


def test_a_path_is_new(tmp_path: Path) -> None:
    database = tmp_path / "rocksdb"
    first = new_path(database)
    assert first.parent == tmp_path
    first.mkdir()
    second = new_path(database)
    assert second != first
    second.mkdir()
    first.rmdir()
    assert new_path(database) == first


def test_only_snapshots_of_this_database_are_removed(tmp_path: Path) -> None:
    database = tmp_path / "rocksdb"
    kept = (database, tmp_path / "rocksdb.backup", tmp_path / "other.snapshot-0")
    for folder in (*kept, new_path(database)):
        folder.mkdir()
        (folder / "file").touch()
    remove_leftovers(database)
    assert sorted(tmp_path.iterdir()) == sorted(kept)
