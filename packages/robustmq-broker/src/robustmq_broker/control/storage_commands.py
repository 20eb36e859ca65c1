"""[R] storage.*: what is stored, whether it is sound, and how much room it takes."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from robustmq_broker.consumers.positions import resolve
from robustmq_broker.control.command import PAGE, Answers, Arguments, Command, Context
from robustmq_broker.control.encoding import record_fields
from robustmq_common.errors import CallerError
from robustmq_common.spi.consumers import AtOffset, AtTime, ConsumerGroup, Edge, Reset
from robustmq_common.spi.storage import StorageAdapter, StoredRecord

_READ_BYTES: Final = 256 * 1024


class OnAdapter(Arguments):
    """Arguments of a command on one adapter: `storage.adapter` unless it is named."""

    adapter: str = ""


class ShardsArguments(OnAdapter):
    """prefix: only the shards whose names begin so."""

    prefix: str = ""


class ReadArguments(OnAdapter):
    """start: where to begin; not given, at the earliest, or where the group has got to.

    follow: wait for more at the log's end. group: read as this consumer group, and move its
    position behind what was taken.
    """

    shard: str
    start: AtOffset | AtTime | Edge | None = None
    count: int | None = Field(None, ge=1)
    follow: bool = False
    group: str = ""
    reset: Reset = Reset.EARLIEST


async def shards(context: Context, given: ShardsArguments) -> Answers:
    """Each shard: its records, bytes, bounds, the times of its first and last record, its keys."""
    adapter = context.adapter(given.adapter)
    after = ""
    while names := await adapter.shards(given.prefix, after, PAGE):
        yield {"shards": [await _shard(adapter, name) for name in names]}
        after = names[-1]


async def _shard(adapter: StorageAdapter, name: str) -> dict[str, Any]:
    bounds = await adapter.bounds(name)
    usage = await adapter.usage(name)
    first = await adapter.read(name, bounds.start, 1, 1)
    last = await adapter.read(name, bounds.end - 1, 1, 1) if bounds.end > bounds.start else []
    return {
        "name": name,
        "records": usage.records,
        "log_bytes": usage.log_bytes,
        "start": bounds.start,
        "end": bounds.end,
        "oldest": first[0].timestamp if first else None,
        "newest": last[0].timestamp if last else None,
        "keys": usage.keys,
        "key_bytes": usage.key_bytes,
        "estimated": usage.estimated,
    }


async def usage(context: Context, given: ShardsArguments) -> Answers:
    """Totals of all shards, and what the adapter's folder takes on disk."""
    adapter = context.adapter(given.adapter)
    totals = dict.fromkeys(("shards", "records", "log_bytes", "keys", "key_bytes"), 0)
    estimated = False
    after = ""
    while names := await adapter.shards(given.prefix, after, PAGE):
        for name in names:
            one = await adapter.usage(name)
            totals["shards"] += 1
            totals["records"] += one.records
            totals["log_bytes"] += one.log_bytes
            totals["keys"] += one.keys
            totals["key_bytes"] += one.key_bytes
            estimated |= one.estimated
        after = names[-1]
        await asyncio.sleep(0)
    yield {
        "adapter": adapter.name,
        **totals,
        "estimated": estimated,
        "disk_bytes": await _disk_bytes(context.data_dir / adapter.name),
    }


async def check(context: Context, given: OnAdapter) -> Answers:
    """Read everything back; an answer for each thing that is damaged."""
    adapter = context.adapter(given.adapter)
    for damage in await adapter.check():
        yield {"damage": damage}


async def compact(context: Context, given: OnAdapter) -> Answers:
    """Give back the space of what was removed or written over."""
    adapter = context.adapter(given.adapter)
    folder = context.data_dir / adapter.name
    before = await _disk_bytes(folder)
    await adapter.compact()
    yield {"before": before, "after": await _disk_bytes(folder)}


async def read(context: Context, given: ReadArguments) -> Answers:
    """The records of a shard's log."""
    adapter = context.adapter(given.adapter)
    if not given.follow:
        await require_shard(adapter, given.shard)
    group = None
    if given.group:
        group = context.groups.group(given.group, adapter, given.reset)
        if given.start is not None:
            await group.seek(given.shard, given.start)
    offset = await resolve(adapter, given.shard, given.start or Edge.EARLIEST)
    left = given.count
    while left is None or left > 0:
        limit = PAGE if left is None else min(left, PAGE)
        records = await _next(adapter, group, offset, limit, given)
        if not records:
            return
        yield {"records": [record_fields(record) for record in records]}
        offset = records[-1].offset + 1
        if group is not None:
            # They have been handed on, and not only read: none is lost by a client that leaves.
            await group.commit(given.shard, offset)
        left = None if left is None else left - len(records)


async def require_shard(adapter: StorageAdapter, shard: str) -> None:
    """Raise CallerError if there is no such shard."""
    if await adapter.shards(shard, limit=1) != [shard]:
        raise CallerError(
            f"there is no shard {shard!r} in the {adapter.name} storage; see "
            "`robust-ctl storage shards`"
        )


async def _next(
    adapter: StorageAdapter,
    group: ConsumerGroup | None,
    offset: int,
    limit: int,
    given: ReadArguments,
) -> list[StoredRecord]:
    if group is not None:
        return await group.fetch(given.shard, limit, _READ_BYTES, wait=given.follow)
    while True:
        bounds = await adapter.bounds(given.shard)
        records = await adapter.read(given.shard, offset, limit, _READ_BYTES)
        if records or not given.follow:
            return records
        await adapter.wait_for_change(given.shard, bounds.end)


async def _disk_bytes(folder: Path) -> int | None:
    """Bytes of all files in a folder; None if it is not there."""
    return await asyncio.to_thread(_folder_bytes, folder)


def _folder_bytes(folder: Path) -> int | None:
    if not folder.is_dir():
        return None
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except FileNotFoundError:
            continue  # compacted away meanwhile
    return total


COMMANDS: Final[Mapping[str, Command[Any]]] = {
    "storage.shards": Command(ShardsArguments, shards),
    "storage.usage": Command(ShardsArguments, usage),
    "storage.check": Command(OnAdapter, check),
    "storage.compact": Command(OnAdapter, compact),
    "storage.read": Command(ReadArguments, read),
}
