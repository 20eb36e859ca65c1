"""[D] What RocksDB's messages mean: who holds a lock, which file is damaged, what to do."""

import re
from pathlib import Path
from typing import Final

from robustmq_common.errors import StorageError

_HINTS: Final = (
    ("No space left on device", "free some space"),
    ("Disk quota exceeded", "free some space"),
    ("Read-only file system", "make the folder writable"),
    ("Permission denied", "give the user that runs this access to the folder"),
    ("File exists", "move that file away, there has to be a folder"),
    ("Not a directory", "name a folder that is not below a file"),
    ("Too many open files", "raise the limit of open files, or lower max_open_files"),
    ("Corruption", "restart, and the damaged file is set aside"),
)
_TABLE: Final = re.compile(r"(\d+\.sst)\b")
_CURRENT: Final = re.compile(r"\bCURRENT\b")
_MANIFEST: Final = re.compile(r"(MANIFEST-\d+)\b")


class Damaged(StorageError):
    """Something was read that is not what was written; `table` names the file, "" if unknown."""

    def __init__(self, message: str, table: str) -> None:
        super().__init__(message)
        self.table = table


def explain(path: Path, action: str, error: Exception) -> StorageError:
    """The error to raise: what was done where, why it failed and what helps."""
    message = " ".join(str(error).split())
    hints = [hint for symptom, hint in _HINTS if symptom in message]
    help_ = f"; {hints[0]}" if hints else ""
    sentence = f"cannot {action} {path}: {message}{help_}"
    if is_corruption(error):
        return Damaged(sentence, damaged_file(error) or "")
    return StorageError(sentence)


def in_use(path: Path) -> StorageError:
    """The error for a folder that somebody else has open, naming the process if that is known."""
    holder = lock_holder(path / "LOCK")
    who = f"process {holder} has it" if holder else "another process has it"
    return StorageError(
        f"cannot open {path}: {who} open already (its file LOCK is locked), probably another "
        "broker with the same broker.data_dir: stop that, or choose another folder"
    )


def is_locked(error: Exception) -> bool:
    message = str(error)
    return "While lock file" in message or "lock hold by current process" in message


def is_corruption(error: Exception) -> bool:
    return "Corruption" in str(error)


def is_stall(error: Exception) -> bool:
    """Whether a write was turned away because flushing has to catch up first."""
    return str(error).startswith("Result incomplete")


def damaged_file(error: Exception) -> str | None:
    """Name of the file that a corruption was found in; tables before what only lists them."""
    message = str(error)
    table = _TABLE.search(message)
    if table is not None:
        return table[1]
    if _CURRENT.search(message) is not None:
        return "CURRENT"
    manifest = _MANIFEST.search(message)
    return None if manifest is None else manifest[1]


def lock_holder(file: Path, locks: Path = Path("/proc/locks")) -> int | None:
    """Pid of the process that has locked a file, where the system tells it (Linux)."""
    try:
        inode = file.stat().st_ino
        lines = locks.read_text().splitlines()
    except OSError:
        return None
    # A line: number, kind, advice, access, pid, device:device:inode, first and last byte.
    for fields in map(str.split, lines):
        if len(fields) > 5 and fields[5].rpartition(":")[2] == str(inode) and fields[4].isdigit():
            return int(fields[4])
    return None
