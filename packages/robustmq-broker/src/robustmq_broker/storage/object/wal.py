"""[D] The write-ahead log: what is not in the object store yet, on the local disk.

A file per generation, `FIRST-SEQUENCE.wal`: a header, then a frame per batch. A generation's file
is removed when its manifest is in the store, so the disk holds what waits for upload and no more.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zlib import crc32

from robustmq_common.errors import StorageError
from robustmq_common.files.local import sync_folder

_MAGIC: Final = b"RMQWAL1\n"
_HEADER: Final = struct.Struct("<8sQQ16sI")  # magic, epoch, first sequence, store, checksum
_FRAME: Final = struct.Struct("<IIQ")  # length, checksum of the rest, sequence
_SEQUENCE: Final = struct.Struct("<Q")
_SUFFIX: Final = ".wal"


@dataclass(slots=True, frozen=True)
class LogFile:
    """A file that was found. store: the id of the object store that it belongs to."""

    path: Path
    epoch: int
    store: str


class Wal:
    """Appends frames to the newest file. `sync` and `remove` belong into one and the same thread.

    A failed write leaves the file as it was before, so that the next one may succeed.
    """

    def __init__(self, folder: Path, epoch: int, store: str) -> None:
        self._folder = folder
        self._epoch = epoch
        self._store = store
        self._file: int | None = None
        self._path = folder
        self._end = 0
        self._torn = False
        # Files that are not known to be on the disk.
        self._dirty: dict[Path, int] = {}

    def append(self, sequence: int, payload: bytes) -> Path:
        """Write a batch; it is with the operating system then. Returns the file it is in.

        Raises StorageError; nothing of the batch is in the log then.
        """
        check = crc32(payload, crc32(_SEQUENCE.pack(sequence)))
        frame = _FRAME.pack(len(payload), check, sequence) + payload
        try:
            if self._file is None:
                self._begin(sequence)
            self._write(frame)
        except OSError as error:
            message = f"cannot write {len(frame)} bytes to {self._path}: {error.strerror}"
            raise StorageError(message) from error
        return self._path

    def rotate(self) -> None:
        """Let the next batch begin a file."""
        self._file = None

    def sync(self) -> None:
        """Put what was written before the call on the disk. Raises StorageError."""
        current = self._file
        for path, file in list(self._dirty.items()):
            try:
                os.fsync(file)
            except OSError as error:
                raise StorageError(f"cannot sync {path}: {error.strerror}") from error
            if file not in {current, self._file}:
                del self._dirty[path]
                os.close(file)

    def remove(self, path: Path) -> None:
        """What is in a file is in the object store."""
        file = self._dirty.pop(path, None)
        if file is not None:
            os.close(file)
        path.unlink(missing_ok=True)

    def close(self) -> None:
        """Put everything on the disk. Raises StorageError."""
        self._file = None
        self.sync()

    def _begin(self, sequence: int) -> None:
        self._path = self._folder / f"{sequence:020d}{_SUFFIX}"
        head = _MAGIC, self._epoch, sequence, self._store.encode()
        header = _HEADER.pack(*head, crc32(_HEADER.pack(*head, 0)))
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            if os.write(file, header) < len(header):
                raise OSError(28, os.strerror(28))
            sync_folder(self._folder)
        except OSError:
            os.close(file)
            self._path.unlink(missing_ok=True)
            raise
        self._dirty[self._path] = self._file = file
        self._end = len(header)
        self._torn = False

    def _write(self, frame: bytes) -> None:
        assert self._file is not None
        if self._torn:
            os.ftruncate(self._file, self._end)
            os.lseek(self._file, self._end, os.SEEK_SET)
            self._torn = False
        rest = memoryview(frame)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            self._torn = True
            raise
        self._end += len(frame)


def find_logs(folder: Path) -> list[LogFile]:
    """The files of a folder, oldest first; without those that end before they hold anything."""
    found = []
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        with path.open("rb") as file:
            header = file.read(_HEADER.size)
        if len(header) == _HEADER.size:
            *head, checksum = _HEADER.unpack(header)
            if head[0] == _MAGIC and crc32(_HEADER.pack(*head, 0)) == checksum:
                found.append(LogFile(path, head[1], head[3].decode()))
                continue
        if len(header) < _HEADER.size:
            path.unlink()
        else:
            set_aside(path)
    return found


def frames(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Sequence and payload of each whole frame of a file, and where it ends."""
    at = _HEADER.size
    while at + _FRAME.size <= len(data):
        length, check, sequence = _FRAME.unpack_from(data, at)
        at += _FRAME.size
        payload = data[at : at + length]
        if len(payload) < length or crc32(payload, crc32(_SEQUENCE.pack(sequence))) != check:
            return
        at += length
        yield sequence, payload, at


def cut_off(path: Path, end: int) -> None:
    """Make a file end where its last whole frame ends."""
    with path.open("r+b") as file:
        file.truncate(max(end, _HEADER.size))
        os.fsync(file.fileno())


def set_aside(path: Path, suffix: str = ".corrupt") -> Path:
    """Rename a file, so that it is kept and not read again."""
    target = path.with_name(path.name + suffix)
    path.replace(target)
    return target


HEADER_SIZE: Final = _HEADER.size
