"""The local log: frames, torn ends, failed writes."""

import os
import resource
from pathlib import Path

import pytest

from robustmq_broker.storage.object.wal import Wal, cut_off, find_logs, frames, set_aside
from robustmq_common.errors import StorageError

STORE = "0123456789abcdef"


def written(folder: Path) -> Path:
    wal = Wal(folder, 3, STORE)
    path = wal.append(5, b"five")
    assert wal.append(6, b"") == path
    wal.close()
    return path


def test_round_trip(tmp_path: Path) -> None:
    path = written(tmp_path)
    (found,) = find_logs(tmp_path)
    assert (found.path, found.epoch, found.store) == (path, 3, STORE)
    data = path.read_bytes()
    assert [it[:2] for it in frames(data)] == [(5, b"five"), (6, b"")]
    assert [it[2] for it in frames(data)][-1] == len(data)


def test_every_damaged_byte_ends_it(tmp_path: Path) -> None:
    data = written(tmp_path).read_bytes()
    ends = [end for _, _, end in frames(data)]
    for at in range(44, len(data)):
        damaged = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        assert [end for _, _, end in frames(damaged)] == [end for end in ends if end <= at]
        assert [end for _, _, end in frames(data[:at])] == [end for end in ends if end <= at]


def test_a_new_file_for_each_rotation(tmp_path: Path) -> None:
    wal = Wal(tmp_path, 1, STORE)
    first = wal.append(1, b"")
    wal.rotate()
    second = wal.append(2, b"")
    assert [file.path for file in find_logs(tmp_path)] == [first, second]
    wal.sync()
    wal.remove(first)
    wal.append(3, b"more")
    wal.sync()
    wal.close()
    assert [file.path for file in find_logs(tmp_path)] == [second]
    assert [it[0] for it in frames(second.read_bytes())] == [2, 3]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """As if the disk were full, by a limit of the size of files."""
    wal = Wal(tmp_path, 1, STORE)
    path = wal.append(1, b"first")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(StorageError, match=f"cannot write 10016 bytes to {path}: File too"):
            wal.append(2, bytes(10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert wal.append(2, b"second") == path
    wal.close()
    assert [it[:2] for it in frames(path.read_bytes())] == [(1, b"first"), (2, b"second")]


def test_a_file_without_a_whole_header_is_nothing(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:20])
    assert find_logs(tmp_path) == []
    assert not path.exists()


def test_a_damaged_header(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_bytes(b"x" + path.read_bytes()[1:])
    assert find_logs(tmp_path) == []
    assert path.with_name(f"{path.name}.corrupt").exists()


def test_cutting_off(tmp_path: Path) -> None:
    path = written(tmp_path)
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(os.urandom(30))
    cut_off(path, size)
    assert path.stat().st_size == size
    assert set_aside(path, ".fenced").stat().st_size == size
    assert not path.exists()
