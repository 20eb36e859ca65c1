"""[D] Before and after opening: is there room to write, and which id does the next shard get."""

import os
import shutil
from pathlib import Path
from typing import Final

from robustmq_broker.storage.rocksdb.layout import (
    NEXT_KEY,
    VERSION,
    VERSION_KEY,
    decode_entry,
    decode_name,
    pack_id,
)
from robustmq_common.errors import StorageError
from robustmq_common.kv import Database

_ROOM: Final = 4 * 1024 * 1024
_PAGE: Final = 10_000


def has_room(path: Path) -> None:
    """Raise StorageError unless a database that has failed could be opened again.

    Opening writes the write-ahead log into tables first. It is better to find out now: until it is
    closed, a database that cannot write can be read.
    """
    needed = _ROOM + sum(file.stat().st_size for file in path.glob("*.log"))
    free = shutil.disk_usage(path).free
    if free < needed:
        message = f"{path} has {free} bytes of free space, writing goes on with {needed}"
        raise StorageError(message)
    probe = path / "PROBE"
    try:
        with probe.open("wb") as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
        probe.unlink()
    except OSError as error:
        raise StorageError(f"cannot write to {path}: {error.strerror}") from error


def first_id(database: Database) -> int:
    """The id for the next shard; higher than that of all that ever was, whatever was lost.

    Raises StorageError for the layout of another version.
    """
    version = database.get("meta", VERSION_KEY)
    if version is None:
        batch = database.batch()
        batch.put(VERSION_KEY, VERSION, database.handles["meta"])
        database.write(batch)
    elif version != VERSION:
        message = (
            f"{database.path} has the layout of version {version.decode(errors='replace')}, this "
            f"is version {VERSION.decode()}: use the RobustMQ that wrote it, or another folder"
        )
        raise StorageError(message)
    stored = database.get("meta", NEXT_KEY)
    next_id = 1 if stored is None else int.from_bytes(stored, "big")
    if database.lost_files:
        # An id that is given twice would bring back what belonged to the other shard.
        next_id = max(next_id, _highest_id(database) + 1)
    return next_id


def _highest_id(database: Database) -> int:
    highest = 0
    for family in ("records", "keys"):
        for key, _ in database.scan(family, b"", pack_id(2**64 - 1), 1, reverse=True):
            highest = max(highest, int.from_bytes(key[:8], "big"))
    first = b""
    while page := database.scan("shards", first, b"\xff", _PAGE):
        highest = max(highest, *(decode_entry(decode_name(name), it).id for name, it in page))
        first = page[-1][0] + b"\x00"
    return highest
