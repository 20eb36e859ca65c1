"""[D] One open database: batches, bounded reads, syncing."""

import contextlib
import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rocksdict import Checkpoint, CompactOptions, Rdict, WriteBatch, WriteOptions

from robustmq_common.errors import StorageError
from robustmq_common.kv.failures import Damaged, explain, is_stall
from robustmq_common.kv.opening import SUSPECTS, Tuning, open_read_only, open_rocksdb

if TYPE_CHECKING:
    from rocksdict import ColumnFamily

_NO_LIMIT: Final = 2**63
_END: Final = b"\xff" * 16
Pair = tuple[bytes, bytes]


class Stalled(StorageError):
    """Nothing was written: RocksDB wants to flush first. Try again in a few milliseconds."""


class Database:
    """Families of keys in order, all written by the same batches. Made by `open`.

    path: its folder. losses: a sentence for everything that was lost to damage when it was opened.
    lost_files: whether that was more than the end of the write-ahead log. handles: what batches
    want to be told families with.
    """

    def __init__(
        self,
        path: Path,
        families: Sequence[str],
        opened: tuple[Rdict, list[str], bool],
        *,
        read_only: bool = False,
    ) -> None:
        self.path = path
        self._read_only = read_only
        self._rocksdb, self.losses, self.lost_files = opened
        self._families = {name: self._rocksdb.get_column_family(name) for name in families}
        self.handles: dict[str, ColumnFamily] = {
            name: self._rocksdb.get_column_family_handle(name) for name in families
        }
        self._logged = WriteOptions()
        # A stall would hold up the event loop: rather be told, and wait without blocking.
        self._logged.no_slowdown = True
        self._unlogged = WriteOptions()
        self._unlogged.no_slowdown = True
        # A property, whatever the library's type hints say.
        self._unlogged.disable_wal = True  # type: ignore[method-assign, assignment]

    @classmethod
    def open(cls, path: Path, families: Sequence[str], tuning: Tuning) -> "Database":
        """Open or create the database in a folder, with these families.

        Raises StorageError if the folder cannot be used, or is in use by another process.
        """
        return cls(path, families, open_rocksdb(path, families, tuning))

    @classmethod
    def open_copy(cls, path: Path, families: Sequence[str], tuning: Tuning) -> "Database":
        """Open what `checkpoint` has made, to read from. Raises StorageError; repairs nothing."""
        opened = open_read_only(path, families, tuning)
        return cls(path, families, (opened, [], False), read_only=True)

    def batch(self) -> WriteBatch:
        """A new batch: put(key, value, handle), delete(key, handle), delete_range(from, to, ...).

        A batch is used up by writing it, whether that succeeds or not.
        """
        return WriteBatch(raw_mode=True)

    def write(self, batch: WriteBatch, *, log: bool = True) -> None:
        """Write all of a batch, or nothing.

        Survives the process if it goes through the write-ahead log, and a power loss after the
        next `sync`. Raises Stalled if it should be tried again, or StorageError.
        """
        try:
            self._rocksdb.write(batch, self._logged if log else self._unlogged)
        except Exception as error:
            if is_stall(error):
                raise Stalled(f"{self.path}: a write has to wait for flushes") from error
            raise self._failed("write to", error) from error

    def sync(self) -> None:
        """Return when everything written so far is on the disk. Raises StorageError."""
        try:
            self._rocksdb.flush_wal(True)
        except Exception as error:
            raise self._failed("sync", error) from error

    def flush(self) -> None:
        """Write all that is in memory into tables, and sync them. Raises StorageError."""
        try:
            # No variable may hold a family: an error that is kept would keep the folder locked.
            for name in self._families:
                self._families[name].flush()
            self._rocksdb.flush()
        except Exception as error:
            raise self._failed("flush", error) from error

    def get(self, family: str, key: bytes) -> bytes | None:
        """Value of a key. Raises StorageError."""
        try:
            value: bytes | None = self._families[family].get(key)
        except Exception as error:
            raise self._failed("read", error) from error
        return value

    def scan(
        self,
        family: str,
        lower: bytes,
        upper: bytes,
        limit: int,
        max_bytes: int = _NO_LIMIT,
        *,
        reverse: bool = False,
    ) -> list[Pair]:
        """At most `limit` pairs with lower <= key < upper, in order. Raises StorageError.

        max_bytes: of values; the pair that reaches it is the last one.
        """
        found: list[Pair] = []
        size = 0
        try:
            # Not bounded by ReadOptions: the library takes their keys for encoded ones, raw or not.
            at: Any = self._families[family].iter()
            if reverse:
                at.seek_for_prev(upper)
                if at.valid() and at.key() == upper:
                    at.prev()
            else:
                at.seek(lower)
            move = at.prev if reverse else at.next
            while len(found) < limit and size < max_bytes and at.valid():
                key, value = at.key(), at.value()
                if not lower <= key < upper:
                    break
                size += len(value)
                found.append((key, value))
                move()
            # An iterator that met a damaged block is merely at its end.
            at.status()
        except Exception as error:
            raise self._failed("read", error) from error
        return found

    def verify(
        self, family: str, first: bytes, limit: int, max_bytes: int
    ) -> tuple[bytes | None, Damaged | None]:
        """Read about `limit` pairs back, from a key on; only for what `open_copy` has opened.

        Returns the key to go on with, None at the end, and what was damaged: then that key is
        behind the damaged table, as nothing more can be read of it. Raises StorageError if reading
        failed for another reason.
        """
        try:
            page = self.scan(family, first, _END, limit, max_bytes)
        except Damaged as damage:
            last = self._last_key(damage.table)
            return (None if last is None or last < first else last + b"\x00"), damage
        return (page[-1][0] + b"\x00" if page else None), None

    def compact(self, stop: Callable[[], bool]) -> None:
        """Give back the space of what was removed. Lets go of the interpreter's lock.

        stop: asked now and then whether to end early. Raises StorageError.
        """
        options = CompactOptions()
        # Or what RocksDB has to compact to take more writes would wait.
        options.set_exclusive_manual_compaction(False)
        try:
            lasts = sorted({file["end_key"] for file in self._rocksdb.live_files()})
            for name in self._families:
                # Piece by piece: nothing else ends what is under way.
                for first, last in pairwise([None, *lasts, None]):
                    if stop():
                        return
                    self._families[name].compact_range(first, last, options)
        except Exception as error:
            raise self._failed("compact", error) from error

    def checkpoint(self, path: Path) -> None:
        """Make a consistent copy in a new folder; of hard links, if on the same disk.

        Holds the interpreter's lock while it writes what is in memory into tables: flush before.
        """
        try:
            Checkpoint(self._rocksdb).create_checkpoint(str(path))
        except Exception as error:
            raise self._failed(f"copy to {path}", error) from error

    def close(self) -> None:
        """Write everything into tables, so that the next start is quick, and let go of the folder.

        Raises StorageError if something could not be written; it is closed all the same.
        """
        problem: StorageError | None = None
        try:
            if not self._read_only:
                self.flush()
        except StorageError as error:
            problem = error
        self.handles.clear()
        self._families.clear()
        try:
            self._rocksdb.close()
        except Exception as error:
            raise problem or self._failed("close", error) from error
        if problem is not None:
            raise problem

    def suspect(self, name: str) -> None:
        """Have the next start set a table aside, as it is damaged."""
        # If even this cannot be written, it finds out anew.
        with contextlib.suppress(OSError), (self.path / SUSPECTS).open("a") as file:
            file.write(f"{name}\n")
            file.flush()
            os.fsync(file.fileno())

    def _last_key(self, table: str) -> bytes | None:
        files = self._rocksdb.live_files()
        return next((it["end_key"] for it in files if it["name"].endswith(table)), None)

    def _failed(self, action: str, error: Exception) -> StorageError:
        failure = explain(self.path, action, error)
        if isinstance(failure, Damaged) and failure.table:
            self.suspect(failure.table)
        return failure
