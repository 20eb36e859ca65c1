"""Messages of RocksDB become sentences with the folder, the cause and what helps."""

import fcntl
import os
from pathlib import Path

import pytest

from robustmq_common.kv import failures


def test_the_sentence_has_folder_cause_and_help() -> None:
    cause = Exception("IO error: No space left on device: While appending to file: x.log")
    error = failures.explain(Path("data"), "write to", cause)
    assert str(error) == f"cannot write to data: {cause}; free some space"
    assert str(failures.explain(Path("data"), "sync", Exception("odd\n one"))) == (
        "cannot sync data: odd one"
    )


def test_damage_is_told_apart_and_names_its_table() -> None:
    cause = Exception("Corruption: block checksum mismatch in /d/000011.sst offset 1 size 2")
    error = failures.explain(Path("data"), "read", cause)
    assert isinstance(error, failures.Damaged)
    assert error.table == "000011.sst"
    assert str(error).endswith("; restart, and the damaged file is set aside")


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("Corruption: block checksum mismatch in /d/000011.sst offset 1 size 2", "000011.sst"),
        ("Corruption: Bad table in d/12.sst  The file d/MANIFEST-000005 may be", "12.sst"),
        ("Corruption: checksum mismatch  The file /d/MANIFEST-000005 may be c", "MANIFEST-000005"),
        ("Corruption: CURRENT file does not end with newline", "CURRENT"),
        ("Corruption: SST file is ahead of WALs", None),
    ],
)
def test_the_damaged_file_is_found(message: str, name: str | None) -> None:
    assert failures.is_corruption(Exception(message))
    assert failures.damaged_file(Exception(message)) == name


def test_stalls_and_locks_are_told_apart() -> None:
    assert failures.is_stall(Exception("Result incomplete: Write stall"))
    assert not failures.is_stall(Exception("IO error: Result"))
    assert failures.is_locked(Exception("IO error: While lock file: x/LOCK: Resource"))
    assert not failures.is_locked(Exception("IO error: No space"))


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux tells who holds a lock")
def test_who_holds_a_lock(tmp_path: Path) -> None:
    file = tmp_path / "LOCK"
    file.touch()
    assert failures.lock_holder(file) is None
    with file.open("w") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        assert failures.lock_holder(file) == os.getpid()
        assert f"process {os.getpid()} has it open already" in str(failures.in_use(tmp_path))


def test_nobody_is_named_where_the_system_does_not_tell(tmp_path: Path) -> None:
    (tmp_path / "LOCK").touch()
    assert failures.lock_holder(tmp_path / "LOCK", tmp_path / "no such file") is None
    assert failures.lock_holder(tmp_path / "no such file") is None
    assert "another process has it open already" in str(failures.in_use(tmp_path))
