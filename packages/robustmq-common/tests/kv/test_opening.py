"""A database opens although something is damaged, and says what was lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from robustmq_common.errors import StorageError
from robustmq_common.kv import Database, Tuning

FAMILIES = ("a", "b")
COUNT = 3000
TABLES = 3


def database(path: Path) -> Database:
    return Database.open(path, FAMILIES, Tuning())


def key(table: int, number: int) -> bytes:
    return b"%d/%05d" % (table, number)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A database with a table for each of three ranges of keys; every close makes one."""
    for table in range(TABLES):
        opened = database(tmp_path)
        batch = opened.batch()
        for number in range(COUNT):
            batch.put(key(table, number), os.urandom(50), opened.handles["a"])
        opened.write(batch)
        opened.close()
    assert len(list(tmp_path.glob("*.sst"))) == TABLES
    return tmp_path


def kept(opened: Database) -> list[int]:
    return [len(opened.scan("a", b"%d/" % one, b"%d0" % one, 2 * COUNT)) for one in range(TABLES)]


def damage(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 0xFF
    file.write_bytes(data)


def test_a_table_that_cannot_be_opened_is_set_aside(folder: Path) -> None:
    table = sorted(folder.glob("*.sst"))[1]
    table.write_bytes(table.read_bytes()[:-100])
    opened = database(folder)
    assert kept(opened) == [COUNT, 0, COUNT]
    (loss,) = opened.losses
    assert loss.startswith(f"{table.name}.corrupt: Corruption: Sst file size mismatch")
    assert opened.lost_files
    assert (folder / f"{table.name}.corrupt").exists()
    opened.close()
    again = database(folder)
    assert again.losses == []
    again.close()


def test_a_table_that_turns_out_to_be_damaged_is_set_aside_by_the_next_start(folder: Path) -> None:
    table = sorted(folder.glob("*.sst"))[1]
    damage(table, table.stat().st_size // 2)
    opened = database(folder)
    assert opened.losses == []
    # Not as if there were nothing behind the damage.
    with pytest.raises(StorageError, match=rf"{table.name}.*restart, and the damaged file"):
        kept(opened)
    assert opened.get("a", key(0, 1)) is not None
    opened.close()
    opened = database(folder)
    assert kept(opened) == [COUNT, 0, COUNT]
    assert opened.losses == [f"{table.name}.corrupt: damaged, as reading it had shown"]
    opened.close()


def test_a_missing_table_is_told(folder: Path) -> None:
    table = sorted(folder.glob("*.sst"))[2]
    table.unlink()
    opened = database(folder)
    assert kept(opened) == [COUNT, COUNT, 0]
    assert opened.losses[0].startswith(f"{table.name} (which is missing): ")
    opened.close()


@pytest.mark.parametrize("pattern", ["MANIFEST-*", "CURRENT"])
def test_the_list_of_tables_is_made_anew(folder: Path, pattern: str) -> None:
    (file,) = folder.glob(pattern)
    damage(file, file.stat().st_size - 1)
    opened = database(folder)
    assert kept(opened) == [COUNT, COUNT, COUNT]
    assert opened.losses[0].startswith(f"{file.name}.corrupt: Corruption")
    opened.close()


WRITER = """
import os, sys
from pathlib import Path
from robustmq_common.kv import Database, Tuning
database = Database.open(Path(sys.argv[1]), ("a", "b"), Tuning())
for number in range(1000):
    batch = database.batch()
    batch.put(b"0/%05d" % number, b"x" * 50, database.handles["a"])
    database.write(batch)
os._exit(0)
"""


def crash(path: Path) -> Path:
    """Leave a write-ahead log with a thousand records behind, and return its path."""
    subprocess.run([sys.executable, "-c", WRITER, str(path)], check=True, timeout=30)
    return max(path.glob("*.log"))


def test_nothing_is_lost_by_a_crash(tmp_path: Path) -> None:
    crash(tmp_path)
    opened = database(tmp_path)
    assert (kept(opened)[0], opened.losses) == (1000, [])
    opened.close()


@pytest.mark.parametrize("how", ["short", "changed", "zeroed"])
def test_the_damaged_end_of_the_log_is_cut_off(tmp_path: Path, how: str) -> None:
    log = crash(tmp_path)
    data = bytearray(log.read_bytes())
    if how == "short":
        del data[-30:]
    elif how == "changed":
        data[-30] ^= 0xFF
    else:
        data[-30:] = bytes(30)
    log.write_bytes(data)
    opened = database(tmp_path)
    assert kept(opened)[0] == 999
    (loss,) = opened.losses
    assert loss.startswith(f"{log.name}: the write-ahead log was cut off at a damaged record, of ")
    assert not opened.lost_files
    opened.close()


def test_a_folder_is_open_once(tmp_path: Path) -> None:
    opened = database(tmp_path)
    with pytest.raises(StorageError, match=r"open already .*another broker with the same"):
        database(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert f"cannot open {tmp_path}: " in done.stderr
    assert "has it open already" in done.stderr
    if Path("/proc/locks").exists():
        assert f"process {os.getpid()} has it open already" in done.stderr
    opened.close()


def test_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "kv").touch()
    with pytest.raises(StorageError, match=r"cannot open .*kv: .*; move that file away"):
        database(tmp_path / "kv")
    with pytest.raises(StorageError, match=r"cannot open .*below: .*; name a folder that is not"):
        database(tmp_path / "kv" / "below")


def test_what_the_system_refuses_is_told_with_the_folder(tmp_path: Path) -> None:
    (tmp_path / "SUSPECTS").mkdir()
    with pytest.raises(StorageError, match=rf"cannot open {tmp_path}: .*Is a directory"):
        database(tmp_path)
