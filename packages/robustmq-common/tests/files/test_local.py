"""Files are written whole or not at all, and never over others if that was asked."""

from pathlib import Path

import pytest

from robustmq_common.files.local import sync_folder, write_local


def test_it_writes_over_what_is_there(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file"
    write_local(str(target), b"1", exclusive=False)
    write_local(str(target), b"2", exclusive=False)
    assert target.read_bytes() == b"2"
    assert list(target.parent.iterdir()) == [target]


def test_exclusive_means_first(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_local(str(target), b"1", exclusive=True)
    with pytest.raises(FileExistsError):
        write_local(str(target), b"2", exclusive=True)
    assert target.read_bytes() == b"1"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failure_leaves_no_rest(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_local(str(tmp_path / "folder"), b"1", exclusive=False)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    sync_folder(tmp_path)
