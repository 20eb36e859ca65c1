"""[P] The operations of a batch as bytes, for the write-ahead log.

| operation | form |
| --- | --- |
| any | kind (one byte), length of the shard's name, the name |
| append | timestamp, expiry, length of the value, of the key (-1 for none), value, key |
| put, delete | length of the key, of the value (0 for delete), key, value |
| trim, skip | before, to |
| retain | seconds, bytes, records; -1 for no limit |

Little-endian. Conditions are not written: what is in the log has met them.
"""

import struct
from collections.abc import Iterable
from typing import Final

from robustmq_common.errors import BugError
from robustmq_common.spi.storage import Append, Delete, Drop, Operation, Put, Retain, Skip, Trim

_HEAD: Final = struct.Struct("<BI")
_APPEND: Final = struct.Struct("<ddIi")
_KEYED: Final = struct.Struct("<II")
_OFFSET: Final = struct.Struct("<Q")
LIMITS: Final = struct.Struct("<ddd")

_KINDS: Final = (Append, Put, Delete, Trim, Drop, Retain, Skip)


def encode(operations: Iterable[Operation]) -> bytes:
    """The operations, one after the other."""
    parts: list[bytes] = []
    for operation in operations:
        name = operation.shard.encode("utf-8", "surrogatepass")
        parts.append(_HEAD.pack(_KINDS.index(type(operation)), len(name)))
        parts.append(name)
        if isinstance(operation, Append):
            key = operation.key
            value = operation.value
            length = -1 if key is None else len(key)
            parts.append(
                _APPEND.pack(operation.timestamp, operation.expires_at, len(value), length)
            )
            parts += (value, key or b"")
        elif isinstance(operation, Put):
            parts.append(_KEYED.pack(len(operation.key), len(operation.value)))
            parts += (operation.key, operation.value)
        elif isinstance(operation, Delete):
            parts += (_KEYED.pack(len(operation.key), 0), operation.key)
        elif isinstance(operation, Trim):
            parts.append(_OFFSET.pack(max(operation.before, 0)))
        elif isinstance(operation, Skip):
            parts.append(_OFFSET.pack(max(operation.to, 0)))
        elif isinstance(operation, Retain):
            parts.append(pack_limits(operation))
    return b"".join(parts)


def decode(data: bytes) -> list[Operation]:
    """What `encode` was given. Raises BugError for anything else, as its checksum was right."""
    found: list[Operation] = []
    at = 0
    try:
        while at < len(data):
            kind, length = _HEAD.unpack_from(data, at)
            at += _HEAD.size
            name = data[at : at + length].decode("utf-8", "surrogatepass")
            operation, at = _decode_one(_KINDS[kind], name, data, at + length)
            found.append(operation)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        message = f"a batch of the write-ahead log cannot be read at byte {at}: {error}"
        raise BugError(message) from error
    return found


def _decode_one(kind: type, name: str, data: bytes, at: int) -> tuple[Operation, int]:
    if kind is Append:
        timestamp, expires_at, size, key_size = _APPEND.unpack_from(data, at)
        at += _APPEND.size
        end = at + size
        key = None if key_size < 0 else data[end : end + key_size]
        append = Append(name, data[at:end], key, timestamp, expires_at)
        return append, end + max(key_size, 0)
    if kind is Put or kind is Delete:
        key_size, size = _KEYED.unpack_from(data, at)
        at += _KEYED.size
        end = at + key_size
        if kind is Delete:
            return Delete(name, data[at:end]), end
        return Put(name, data[at:end], data[end : end + size]), end + size
    if kind is Trim or kind is Skip:
        (offset,) = _OFFSET.unpack_from(data, at)
        end = at + _OFFSET.size
        return (Trim(name, offset) if kind is Trim else Skip(name, offset)), end
    if kind is Drop:
        return Drop(name), at
    limits = unpack_limits(name, data, at)
    return limits or Retain(name), at + LIMITS.size


def pack_limits(limits: Retain | None) -> bytes:
    """Three numbers; -2 in the first if there are no limits at all."""
    if limits is None:
        return LIMITS.pack(-2.0, -1.0, -1.0)
    values = (limits.seconds, limits.bytes, limits.records)
    return LIMITS.pack(*(-1.0 if value is None else float(value) for value in values))


def unpack_limits(name: str, data: bytes, at: int) -> Retain | None:
    """The limits of a shard, None if it has none."""
    seconds, size, records = LIMITS.unpack_from(data, at)
    if seconds == -2.0:
        return None
    return Retain(
        name,
        None if seconds < 0 else seconds,
        None if size < 0 else int(size),
        None if records < 0 else int(records),
    )
