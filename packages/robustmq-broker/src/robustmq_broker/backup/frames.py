"""[P] The bytes of a backup.

    MAGIC, then frames: length of the body (4), checksum (4), kind (1), body

| kind | body |
| --- | --- |
| `S` a shard begins | its limits (`_LIMITS`), the log's start and end (8 each), its name |
| `R` a record | offset (8), timestamp (8), expiry (8), length of the key + 1 or 0 (4), key, value |
| `K` a key | its length (4), key, value |
| `E` the end | how many shards, records and keys there were (8 each) |

Numbers are big-endian. A checksum is the CRC-32 of kind and body, begun with the checksum before
it: a frame that is missing, doubled or in another place is found like a flipped bit. Shards are in
the order of their names, keys in theirs, records in that of their offsets, and nothing says when
the backup was made: two of the same state are the same bytes.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan, nan
from typing import Final

from robustmq_common.errors import BackupDamaged
from robustmq_common.spi.storage import Retain, StoredRecord

MAGIC: Final = b"RobustMQ backup 1\n"
MAGIC_START: Final = b"RobustMQ backup "
FRAME_MAX: Final = 1_073_741_824
"""Bytes of a body: a length beyond that is damage, and nobody has to find memory for it."""

HEAD: Final = struct.Struct("!IIc")
_SHARD: Final = struct.Struct("!?dddQQ")
_RECORD: Final = struct.Struct("!QddI")
_KEY: Final = struct.Struct("!I")
_END: Final = struct.Struct("!QQQ")


@dataclass(slots=True, frozen=True)
class ShardEntry:
    """A shard begins: what follows, up to the next, is in it."""

    name: str
    start: int
    end: int
    limits: Retain | None


@dataclass(slots=True, frozen=True)
class KeyEntry:
    """A key with its value."""

    key: bytes
    value: bytes


@dataclass(slots=True)
class Totals:
    """How much a backup holds."""

    shards: int = 0
    records: int = 0
    keys: int = 0


Entry = ShardEntry | StoredRecord | KeyEntry | Totals


class Encoder:
    """Makes the frames of one backup, one after the other."""

    def __init__(self) -> None:
        self._checksum = 0
        self.totals = Totals()

    def shard(self, entry: ShardEntry) -> bytes:
        limits = entry.limits
        given = (nan,) * 3 if limits is None else (limits.seconds, limits.bytes, limits.records)
        numbers = (nan if limit is None else limit for limit in given)
        head = _SHARD.pack(limits is not None, *numbers, entry.start, entry.end)
        self.totals.shards += 1
        return self._frame(b"S", head + entry.name.encode())

    def record(self, record: StoredRecord) -> bytes:
        key = record.key
        size = 0 if key is None else len(key) + 1
        head = _RECORD.pack(record.offset, record.timestamp, record.expires_at, size)
        self.totals.records += 1
        return self._frame(b"R", head + (key or b"") + record.value)

    def key(self, key: bytes, value: bytes) -> bytes:
        self.totals.keys += 1
        return self._frame(b"K", _KEY.pack(len(key)) + key + value)

    def end(self) -> bytes:
        totals = self.totals
        return self._frame(b"E", _END.pack(totals.shards, totals.records, totals.keys))

    def _frame(self, kind: bytes, body: bytes) -> bytes:
        self._checksum = zlib.crc32(body, zlib.crc32(kind, self._checksum))
        return HEAD.pack(len(body), self._checksum, kind) + body


class Decoder:
    """Checks and reads the frames of one backup, fed with pieces of any size.

    After `Totals`, which come last, `ended` is True. What is wrong raises BackupDamaged.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._checksum = 0
        self._begun = False
        self.position = 0
        self.seen = Totals()
        self.ended = False

    def feed(self, data: bytes) -> Iterator[Entry]:
        """Yield the entries that are whole by now."""
        buffer = self._buffer
        buffer += data
        if not self._begun:
            if not self._begins():
                return
        at = 0
        while len(buffer) - at >= HEAD.size:
            size, checksum, kind = HEAD.unpack_from(buffer, at)
            if size > FRAME_MAX:
                raise self._damaged(f"an entry of {size} bytes")
            if len(buffer) - at < HEAD.size + size:
                break
            body = bytes(buffer[at + HEAD.size : at + HEAD.size + size])
            self._checksum = zlib.crc32(body, zlib.crc32(kind, self._checksum))
            if self._checksum != checksum:
                raise self._damaged("an entry with a wrong checksum")
            if self.ended:
                raise self._damaged("an entry after the last one")
            yield self._entry(kind, body)
            at += HEAD.size + size
            self.position += HEAD.size + size
        del buffer[:at]

    def finish(self) -> None:
        """There is no more data. Raises BackupDamaged unless the last entry was the end."""
        if not self._begun:
            raise self._damaged("less than the beginning of one")
        if not self.ended or self._buffer:
            raise self._damaged("an entry that is cut off, or no last one")

    def _begins(self) -> bool:
        found = bytes(self._buffer[: len(MAGIC)])
        if not MAGIC.startswith(found):
            if found.startswith(MAGIC_START):
                raise BackupDamaged(
                    f"this is a backup of version {found[len(MAGIC_START) :].decode('latin-1')!r}, "
                    "which another version of RobustMQ wrote: use that one"
                )
            raise BackupDamaged("this is not a backup: robust-ctl storage export makes them")
        if len(found) < len(MAGIC):
            return False
        del self._buffer[: len(MAGIC)]
        self.position = len(MAGIC)
        self._begun = True
        return True

    def _entry(self, kind: bytes, body: bytes) -> Entry:
        try:
            if kind == b"R":
                return self._record(body)
            if kind == b"K":
                (size,) = _KEY.unpack_from(body)
                self.seen.keys += 1
                return KeyEntry(body[_KEY.size : _KEY.size + size], body[_KEY.size + size :])
            if kind == b"S":
                return self._shard(body)
            if kind == b"E":
                totals = Totals(*_END.unpack(body))
                if totals != self.seen:
                    raise self._damaged(f"the end of one with {totals}, but found {self.seen}")
                self.ended = True
                return totals
        except (struct.error, UnicodeDecodeError) as error:
            raise self._damaged(f"an entry that cannot be read ({error})") from error
        raise self._damaged(f"an entry of the unknown kind {kind!r}")

    def _record(self, body: bytes) -> StoredRecord:
        offset, timestamp, expires_at, key_field = _RECORD.unpack_from(body)
        value_at = _RECORD.size + max(key_field - 1, 0)
        key = body[_RECORD.size : value_at] if key_field else None
        self.seen.records += 1
        return StoredRecord(offset, body[value_at:], key, timestamp, expires_at)

    def _shard(self, body: bytes) -> ShardEntry:
        limited, seconds, size, records, start, end = _SHARD.unpack_from(body)
        name = body[_SHARD.size :].decode()
        self.seen.shards += 1
        limits = None
        if limited:
            limits = Retain(
                name,
                None if isnan(seconds) else seconds,
                None if isnan(size) else int(size),
                None if isnan(records) else int(records),
            )
        return ShardEntry(name, start, end, limits)

    def _damaged(self, what: str) -> BackupDamaged:
        return BackupDamaged(
            f"the backup is damaged: {what} at byte {self.position}; nothing can be restored from "
            "it, use another one"
        )
